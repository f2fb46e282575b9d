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

/** What it mends, for whoever reads the registry. How to fill this folder in: docs/adding-a-remediation.md. */
export const remediation = defineRemediation({
  name: 'template',
  summary: 'One sentence: what it mends.',
  order: 100,
  disruptive: false,
  reasons,
  executionTimeoutSeconds: { check: 60, repair: 300 },
  logPhrases: [],
});
