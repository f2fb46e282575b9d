import type { Wake } from '../model/wake.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import type { LaneState } from '../state/lane-state.ts';
import type { NodeStateRow } from '../state/node-state.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import type { RunDigest } from '../state/run-digest.ts';
import type { QueuedRun, RunState } from '../state/run-state.ts';
import type { TrustRow } from '../state/trust-state.ts';
import type { RunEffect } from './advance.ts';
import type { TrustChange } from './experience.ts';

/** A row before and after a decision. */
export type ChangeOf<Row> = { readonly before: Row; readonly after: Row };

/** The attempt of a node, booked before its command is sent. */
export type Booking = {
  readonly instanceId: string;
  /** The stored state of the node, if it has one. */
  readonly known?: NodeStateRow;
};

/** All that one decision stores, in one transaction: everything or nothing. */
export type Commit = {
  /** `isIdle`: the lane has no run after this. Then nothing of it may have been touched since it was read. */
  readonly lane?: ChangeOf<LaneState> & { readonly isIdle: boolean };
  /** `before` is undefined for a new run. */
  readonly run?: { readonly before: RunState | undefined; readonly after: RunState };
  /** Of a run that has ended: its digest, where its observations were read. */
  readonly digest?: RunDigest;
  readonly cluster?: ChangeOf<ClusterState>;
  /** The run's entry in the queue of its lane, which goes. */
  readonly unqueued?: string;
  readonly booked?: readonly Booking[];
  /** Nodes on which nothing ran: their attempts are removed. */
  readonly takenBack?: readonly string[];
  /** The experience with documents. Of a decision that sends, also the row that it rests on, as it was read. */
  readonly trust?: readonly TrustChange[];
  readonly trusted?: TrustRow;
  /** The decision sends: no pause may be in force, and the request may not be cancelled. */
  readonly sends?: boolean;
  /** Of a decision that sends: requests besides the run's own that may not be cancelled either, because nodes stand for them alone. */
  readonly wantedBy?: readonly string[];
};

/** Pending rows that are looked at again later. */
export type PutOff = Extract<OutboxEntry, { kind: 'defer' }>;

/** What a step wants done after its commit. The caller passes the results to the next step. */
export type Effect =
  | RunEffect
  /** Perform the entries of the run's outbox that are due. */
  | { readonly kind: 'flush' }
  /** Change pending rows that have not changed since they were read. */
  | { readonly kind: 'rows'; readonly entries: readonly Extract<OutboxEntry, { kind: 'drop' | 'defer' }>[] }
  /** Put off pending rows of nodes about which a fact could not be read, each only if it has not changed since it was read. */
  | { readonly kind: 'look-again'; readonly entries: readonly PutOff[] }
  /** Put off rows of a lane of repairs whose nodes a check looks at, each only if it has not changed since it was read. */
  | { readonly kind: 'await-check'; readonly entries: readonly PutOff[] }
  /** Wake a group later, sooner than scheduler would. */
  | { readonly kind: 'wake-later'; readonly wake: Wake; readonly at: string }
  /** Store early sweeps. They only save time, so one that cannot be stored stops nothing. */
  | { readonly kind: 'early-sweeps'; readonly runs: readonly QueuedRun[] }
  /** Wake the group of a check that the lane has started. */
  | { readonly kind: 'hand-over' }
  /** Remove entries of the lane's queue whose runs wait no more. */
  | { readonly kind: 'unqueue'; readonly lane: string; readonly sortKeys: readonly string[] };

/** An outbox that was performed: that of the run at a version. Notices that the bus refused stay. */
export type Flushed = { readonly version: number; readonly stays: readonly OutboxEntry[] };

/** One step of a group: what to store, what to do then, and whether nothing is left to do now. */
export type Step = {
  readonly commit?: Commit;
  readonly effects: readonly Effect[];
  /** The run that the effects are about, as it is stored then. */
  readonly run?: RunState;
  readonly isDone: boolean;
};

/** A step without anything to do. */
export const DONE: Step = { effects: [], isDone: true };
