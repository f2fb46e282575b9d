import type { Memory } from '../../core/logs/dedupe.ts';
import type { CatalogueEntry } from '../../core/signals/route.ts';
import type { Bus } from '../adapters/messaging/bus.ts';
import type { DeadLetters } from '../adapters/messaging/dead-letters.ts';
import type { Log } from '../runtime/logger.ts';
import type { Count } from '../runtime/metrics.ts';

/** What log-classifier works with. */
export type LogClassifierPorts = {
  readonly bus: Bus;
  readonly deadLetters: DeadLetters;
  readonly memory: Memory;
  readonly catalogue: readonly CatalogueEntry[];
  /** The cluster of each configured log group. */
  readonly logGroups: Readonly<Record<string, string>>;
  readonly log: Log;
  readonly count: Count;
  readonly now: () => Date;
};
