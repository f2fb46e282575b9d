import type { Policy } from '../../core/model/policy.ts';
import type { CatalogueEntry } from '../../core/signals/route.ts';
import type { InstanceFinder } from '../adapters/ec2/instance-finder.ts';
import type { Members } from '../adapters/ec2/members.ts';
import type { DeadLetters } from '../adapters/messaging/dead-letters.ts';
import type { ReturnSoon } from '../adapters/messaging/failed-records.ts';
import type { WakeQueue } from '../adapters/messaging/wake-queue.ts';
import type { LaneCalls } from '../adapters/table/lane-calls.ts';
import type { SignalBudgets } from '../adapters/table/signal-budgets.ts';
import type { SignalStore } from '../adapters/table/signal-store.ts';
import type { Log } from '../runtime/logger.ts';
import type { Count } from '../runtime/metrics.ts';

/** The ports of signal-intake. */
export type SignalIntakePorts = {
  readonly store: Pick<SignalStore, 'readRows' | 'addPending'> & LaneCalls & SignalBudgets;
  readonly finder: InstanceFinder;
  readonly members: Members;
  readonly wakes: WakeQueue;
  readonly deadLetters: DeadLetters;
  readonly returnSoon: ReturnSoon;
  readonly policy: Policy;
  readonly catalogue: readonly CatalogueEntry[];
  readonly log: Log;
  readonly count: Count;
  readonly now: () => Date;
};
