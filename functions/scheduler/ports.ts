import type { Instances } from '../adapters/ec2/instances.ts';
import type { Bus } from '../adapters/messaging/bus.ts';
import type { WakeQueue } from '../adapters/messaging/wake-queue.ts';
import type { DueStore } from '../adapters/table/due-store.ts';
import type { LaneStore } from '../adapters/table/lane-store.ts';
import type { NoticeStore } from '../adapters/table/notice-store.ts';
import type { QuarantineStore } from '../adapters/table/quarantine-store.ts';
import type { ResultStore } from '../adapters/table/result-store.ts';
import type { RunStore } from '../adapters/table/run-store.ts';
import type { Log } from '../runtime/logger.ts';
import type { Count } from '../runtime/metrics.ts';
import type { Settings } from '../runtime/settings.ts';
import type { CommandObserver } from '../shared/command-observer.ts';

/** The ports that the check for overdue items needs. */
export type OverduePorts = {
  readonly observer: CommandObserver;
  readonly due: Pick<DueStore, 'due'>;
  readonly lanes: Pick<LaneStore, 'queueRun'>;
  readonly runs: Pick<RunStore, 'create'>;
  readonly results: Pick<ResultStore, 'readCommand' | 'setCommandDue'>;
  readonly wakes: WakeQueue;
  readonly settings: Settings;
  readonly log: Log;
  readonly count: Count;
  readonly now: () => Date;
};

/** The ports that scheduler needs. */
export type SchedulerPorts = OverduePorts & {
  readonly due: DueStore;
  readonly quarantines: QuarantineStore;
  readonly instances: Pick<Instances, 'byIdWhereRead'>;
  readonly notices: NoticeStore;
  readonly bus: Bus;
  readonly newId: () => string;
};
