import type { Budget } from '../../core/logs/budget.ts';
import type { Classify } from '../../core/logs/classify/classify.ts';
import type { Memory } from '../../core/logs/dedupe.ts';
import type { PhraseLook } from '../../core/logs/phrases.ts';
import type { CatalogueEntry } from '../../core/signals/route.ts';
import type { Bus } from '../adapters/messaging/bus.ts';
import type { DeadLetters } from '../adapters/messaging/dead-letters.ts';
import type { Log } from '../runtime/logger.ts';
import type { Count } from '../runtime/metrics.ts';

/** The adapters and settings of log-classifier. */
export type LogClassifierPorts = {
  readonly bus: Bus;
  readonly deadLetters: DeadLetters;
  readonly memory: Memory;
  /** How much of each stream is read. */
  readonly budget: Budget;
  readonly classify: Classify;
  readonly mayShow: PhraseLook;
  readonly catalogue: readonly CatalogueEntry[];
  /** The cluster of each configured log group. */
  readonly logGroups: Readonly<Record<string, string>>;
  readonly log: Log;
  readonly count: Count;
  readonly now: () => Date;
};
