import { defineReasons } from '../../core/model/reasons.ts';
import { defineRemediation } from '../../core/model/remediation.ts';
import { commonReasons } from '../lib/reasons/common-reasons.ts';
import { guide } from './guide.ts';
import { logLines } from './log-lines.ts';

const reasons = defineReasons({
  ...commonReasons,

  TemplateFileMissing: {
    title: 'The example file is missing',
    severity: 'Warning',
    scope: 'attributable',
    cause: 'What makes it happen, in one or two sentences for an operator.',
    advice: 'What the operator should do next.',
  },
});

/** One sentence on what it repairs. docs/adding-a-remediation.md describes how to fill in this folder. */
export const remediation = defineRemediation({
  name: 'template',
  summary: 'One sentence: what it repairs.',
  order: 100,
  disruptive: false,
  reasons,
  guide,
  evidence: {
    file: 'The file that is checked.',
  },
  healthy: ['{file} is present.'],
  repaired: ['{file} was created.'],
  executionTimeoutSeconds: { check: 60, repair: 300 },
  logLines,
});
