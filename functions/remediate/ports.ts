import type { BeyondEc2 } from '../adapters/beyond-ec2.ts';
import type { DeadLetterReader } from '../adapters/dead-letters.ts';
import type { Fleet } from '../adapters/fleet.ts';
import type { LaneStore } from '../adapters/lane-store.ts';
import type { RequestStore } from '../adapters/request-store.ts';
import type { ResultStore } from '../adapters/result-store.ts';
import type { RunStore } from '../adapters/run-store.ts';
import type { SignalStore } from '../adapters/signal-store.ts';
import type { WakeQueue } from '../adapters/wake-queue.ts';
import type { Log } from '../runtime/logger.ts';
import type { Count } from '../runtime/metrics.ts';
import type { Settings } from '../runtime/settings.ts';

/** What λ remediate works with. */
export type RemediateDeps = {
  readonly fleet: Fleet;
  readonly beyondEc2: BeyondEc2;
  readonly runs: Pick<RunStore, 'get' | 'create'>;
  readonly lanes: Pick<LaneStore, 'get'>;
  readonly results: Pick<ResultStore, 'nodeStates' | 'pauseFor' | 'getCommand'>;
  readonly requests: RequestStore;
  readonly signals: Pick<SignalStore, 'addNews' | 'touchLane'>;
  readonly wakes: WakeQueue;
  readonly letters: DeadLetterReader;
  readonly deadLetterQueueUrls: readonly string[];
  readonly settings: Settings;
  readonly log: Log;
  readonly count: Count;
  readonly now: () => Date;
  readonly newId: () => string;
};

/** Who calls: Lambda's own request id, which CloudTrail has too. */
export type Caller = { readonly lambdaRequestId: string };
