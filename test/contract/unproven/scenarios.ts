import type { Scenario } from './answers.ts';
import { documents } from './scenarios-documents.ts';
import { functions } from './scenarios-functions.ts';
import { nodes } from './scenarios-nodes.ts';
import { queues } from './scenarios-queues.ts';

/** Every script with the answers that prove its claim, that refute it and that leave it open. */
export const SCENARIOS: readonly Scenario[] = [...functions, ...documents, ...queues, ...nodes];
