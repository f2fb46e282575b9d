import { createClassifier } from '../core/logs/classify/classify.ts';
import { logRules } from './remediations.ts';

/** Classifies log lines by the rules of every remediation in the registry. */
export const classify = createClassifier(logRules);
