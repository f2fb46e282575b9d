import type { Limits } from '../../core/model/policy.ts';
import type { WakeQueue } from '../adapters/messaging/wake-queue.ts';
import type { Sleep } from '../adapters/sleep.ts';
import type { CommandReader } from '../adapters/ssm/run-command.ts';
import type { ResultStore } from '../adapters/table/result-store.ts';
import type { RunStore } from '../adapters/table/run-store.ts';
import type { Log } from '../runtime/logger.ts';
import type { Count } from '../runtime/metrics.ts';
import type { CommandObserver } from '../shared/command-observer.ts';

/** The ports that command-tracker needs. */
export type CommandTrackerPorts = {
  readonly observer: CommandObserver;
  readonly runs: Pick<RunStore, 'read' | 'observation'>;
  readonly results: Pick<ResultStore, 'getCommand' | 'putCommand'>;
  readonly reader: Pick<CommandReader, 'byId'>;
  readonly wakes: WakeQueue;
  readonly limits: Limits;
  /** The stack's documents, by their names without the hash: a command may have run an earlier version. */
  readonly documentFamilies: ReadonlySet<string>;
  readonly log: Log;
  readonly count: Count;
  readonly now: () => Date;
  readonly wait: Sleep;
};
