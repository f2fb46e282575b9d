import type { ReplayLogs } from '../adapters/lambda/replayed-logs.ts';
import type { Bus } from '../adapters/messaging/bus.ts';
import type { DeadLetterReader } from '../adapters/messaging/dead-letters.ts';
import type { LetterReturn } from '../adapters/messaging/letter-return.ts';
import type { WakeQueue } from '../adapters/messaging/wake-queue.ts';
import type { CallerCheck } from '../adapters/sts/caller-identity.ts';
import type { ActionStore } from '../adapters/table/action-store.ts';
import type { LaneStore } from '../adapters/table/lane-store.ts';
import type { LetterRecords } from '../adapters/table/letter-records.ts';
import type { RequestStore } from '../adapters/table/request-store.ts';
import type { ResultStore } from '../adapters/table/result-store.ts';
import type { RunStore } from '../adapters/table/run-store.ts';
import type { SignalStore } from '../adapters/table/signal-store.ts';
import type { TrustStore } from '../adapters/table/trust-store.ts';
import type { Log } from '../runtime/logger.ts';
import type { Count } from '../runtime/metrics.ts';
import type { Settings } from '../runtime/settings.ts';
import type { BeyondEc2 } from '../shared/beyond-ec2.ts';
import type { Fleet } from '../shared/fleet.ts';

/** The ports of operator-api. */
export type OperatorApiPorts = {
  readonly fleet: Fleet;
  readonly beyondEc2: BeyondEc2;
  readonly runs: Pick<RunStore, 'get' | 'read' | 'create'>;
  readonly lanes: Pick<LaneStore, 'get' | 'read' | 'queueRun' | 'pendingNodes'>;
  readonly trust: Pick<TrustStore, 'read'>;
  readonly results: Pick<ResultStore, 'nodeStates' | 'pauseFor' | 'getCommand'>;
  readonly requests: RequestStore;
  readonly signals: Pick<SignalStore, 'addPending' | 'touchLane'>;
  readonly wakes: WakeQueue;
  /** For test notices. */
  readonly bus: Bus;
  readonly letters: DeadLetterReader;
  readonly letterReturn: LetterReturn;
  readonly replayLogs: ReplayLogs;
  readonly letterRecords: LetterRecords;
  readonly actions: ActionStore;
  /** Asks STS who signed a proof. */
  readonly askCaller: CallerCheck;
  /** The stack that proofs must name, and its Region. */
  readonly stackArn: string;
  readonly region: string;
  readonly deadLetterQueueUrls: readonly string[];
  readonly settings: Settings;
  readonly log: Log;
  readonly count: Count;
  readonly now: () => Date;
  /** How much time this invocation has left. */
  readonly remainingMs: () => number;
  readonly newId: () => string;
};

/** The caller: Lambda's own request id, which CloudTrail has too. */
export type Caller = { readonly lambdaRequestId: string };
/** A caller of `replay`, by the name that rows have. */
export type Replayer = Caller & { readonly by: string };
