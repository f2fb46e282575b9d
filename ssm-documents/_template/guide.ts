import type { Guide } from '../../core/model/remediation.ts';
import { commonGuide } from '../lib/reasons/guides.ts';

/** Where each fault is on a node, and how to undo what the repair does about it. */
export const guide = {
  ...commonGuide,
  TemplateFileMissing: { where: 'The file `/etc/example`.', undo: 'Remove the file: `rm /etc/example`.' },
} as const satisfies Readonly<Record<string, Guide>>;
