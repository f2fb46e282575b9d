import { defineReasons } from '../../functions/core/reasons.ts';
import { defineRemediation } from '../../functions/core/remediation.ts';
import { commonReasons } from '../lib/common-reasons.ts';

const reasons = defineReasons({
  ...commonReasons,

  TemplateFileMissing: {
    severity: 'Warning',
    scope: 'evidence',
    cause: 'What makes it happen, in one or two sentences for an operator.',
    advice: 'What the operator should do next.',
  },
});

/** Copy this folder, fill it in, and add its line to registry.ts. */
export const remediation = defineRemediation({
  name: 'template',
  summary: 'One sentence: what it mends.',
  order: 100,
  disruptive: false,
  reasons,
  executionTimeoutSeconds: { check: 60, repair: 300 },
  logPhrases: [],
});
