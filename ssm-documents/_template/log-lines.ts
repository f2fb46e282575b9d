import { phrases, says } from '../../core/logs/classify/text.ts';
import { defineLogLines, defineLogRule } from '../../core/model/log-lines.ts';

const MISSING = phrases('template: /etc/example does not exist');

const fileMissing = defineLogRule({
  name: 'template file',
  order: 100,
  reasons: { TemplateFileMissing: 100 },
  read: (segment) => (says(segment, MISSING) ? { reason: 'TemplateFileMissing' } : null),
});

/** Which log lines show the fault, and the phrases that let them through the subscription filters. */
export const logLines = defineLogLines({
  phrases: { system: ['template: /etc/example'] },
  rules: [fileMissing],
});
