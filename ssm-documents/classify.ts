import { createClassifier } from '../core/logs/classify/classify.ts';
import { createPhraseLook } from '../core/logs/phrases.ts';
import { logRules, remediations } from './remediations.ts';

/** Classifies log lines by the rules of every remediation in the registry. */
export const classify = createClassifier(logRules);

/** Whether a shipped record has a phrase of any remediation, whichever program wrote it. */
export const mayShow = createPhraseLook(remediations.flatMap(({ logLines }) => Object.values(logLines.phrases).flat()));
