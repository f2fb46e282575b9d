import * as z from 'zod';
import { ClusterName, IsoTime, NodeId } from '../model/ids.ts';
import { Outcome, SkipReason } from '../model/outcome.ts';
import { Mode } from '../model/policy.ts';
import { OutcomeCounts } from '../state/counts.ts';

const Count = z.number().int().nonnegative();

/** A remediation on a cluster: whether the policy lets it repair there; `why` names the line of the configuration if not. */
const RemediationStatus = z.object({
  remediation: z.string(),
  mode: Mode,
  allowed: z.boolean(),
  why: z.string().optional(),
});

/** The circuit breaker of a remediation's document. `closing`: its open time is over, and canaries try the document. */
export const BreakerStatus = z.object({
  remediation: z.string(),
  document: z.string(),
  state: z.enum(['open', 'closing']),
  openedAt: IsoTime,
  openUntil: IsoTime,
  /** The number of consecutive openings. */
  openings: z.number().int().positive(),
  /** The run whose failures opened it. */
  runId: z.string().optional(),
});
export type BreakerStatus = z.infer<typeof BreakerStatus>;

/** A pause in force. */
export const PauseStatus = z.object({
  scope: z.enum(['all', 'cluster']),
  covers: z.enum(['repairs', 'everything']),
  by: z.string(),
  reason: z.string(),
  at: IsoTime,
  /** Missing where it lasts until somebody resumes. */
  until: IsoTime.optional(),
});
export type PauseStatus = z.infer<typeof PauseStatus>;

/** The nodes of a lane that wait for a registry which does not answer. */
const HoldStatus = z.object({
  remediation: z.string(),
  until: IsoTime,
  /** The number of consecutive holds. */
  holds: z.number().int().positive(),
});

/** The sweeps of a cluster. */
export const SweepStatus = z.object({
  isOn: z.boolean(),
  everyMinutes: z.number().int().positive(),
  /** No sweep has ended for three intervals. */
  isLate: z.boolean(),
  /** The last sweep that has looked at the nodes. */
  last: z.object({ runId: z.string(), startedAt: IsoTime, endedAt: IsoTime, nodes: Count }).optional(),
  /** How long ago it ended, in seconds. */
  ageSeconds: Count.optional(),
  /** The sweep that has been asked for and has not ended. */
  open: z.object({ runId: z.string(), createdAt: IsoTime }).optional(),
  /** The sweeps of node groups that new faults have brought forward; an empty name is that of nodes without a node group. */
  early: z.array(z.object({ runId: z.string(), nodegroup: z.string(), at: IsoTime })).optional(),
});
export type SweepStatus = z.infer<typeof SweepStatus>;

/** The present state of a cluster. The counts of nodes are those of its last sweep and of every run since. */
export const ClusterStatus = z.object({
  kind: z.literal('cluster'),
  cluster: ClusterName,
  mode: Mode,
  remediations: z.array(RemediationStatus),
  /** How many nodes the last sweep looked at; before the first one, how many other checks did. Missing where none has looked yet. */
  nodes: Count.optional(),
  /** The nodes that do not work, by their last outcome. */
  outcomes: OutcomeCounts,
  /** `Broken` and `NotRepaired`. */
  broken: Count,
  /** The broken nodes that the policy does not let fleetmend repair. */
  forbidden: Count,
  /** `Unknown` and `TimedOut`. */
  unknown: Count,
  unsupported: Count,
  unreachable: Count,
  /** The nodes that the last sweep did not look at, by reason. */
  skipped: z.partialRecord(SkipReason, Count),
  /** Nodes that wait for a repair. */
  waiting: Count,
  /** Nodes that wait for a check. */
  waitingForCheck: Count,
  /** Nodes under repair. */
  inFlight: Count,
  /** Nodes under a check. */
  checking: Count,
  quarantined: Count,
  /**
   * Signals of today (UTC) that led to nothing: they named Fargate and hybrid nodes, which nothing proves, and of
   * which a day has a bounded number of results.
   */
  signalsCut: Count.default(0),
  sweeps: SweepStatus,
  breakers: z.array(BreakerStatus),
  registryHolds: z.array(HoldStatus),
  pauses: z.array(PauseStatus),
  /** What could not be read: the numbers lack it. */
  unread: z.array(z.string()),
});
export type ClusterStatus = z.infer<typeof ClusterStatus>;

/** What needs a person. */
export const NEEDS = [
  'BreakerOpen',
  'Quarantined',
  'SweepsLate',
  'PauseEnding',
  'RegistryHeld',
  'DeadLetters',
  'NotRepaired',
  'PolicyForbids',
  'Unknown',
  'Unsupported',
  'Unreachable',
  'SignalsCut',
  'Unreadable',
] as const;

/** One thing that needs a person: what it is, and what to do. */
export const Need = z.object({
  kind: z.literal('need'),
  need: z.enum(NEEDS),
  /** `error`: something does not work until a person acts. */
  severity: z.enum(['error', 'warning']),
  cluster: ClusterName.optional(),
  remediation: z.string().optional(),
  instanceId: NodeId.optional(),
  /** How many nodes, letters or minutes it is about. */
  count: Count.optional(),
  since: IsoTime.optional(),
  until: IsoTime.optional(),
  /** A sentence. */
  message: z.string(),
  /** A command to copy. */
  command: z.string(),
  /** Another way out, as a command to copy. */
  instead: z.string().optional(),
});
export type Need = z.infer<typeof Need>;

/** A node that does not work, as its cluster's last sweep and the runs since left it. In answers about one cluster. */
export const NodeStatus = z.object({
  kind: z.literal('node-status'),
  cluster: ClusterName,
  instanceId: NodeId,
  outcome: Outcome,
  reason: z.string().optional(),
  /** The remediation that found the fault, or that is to repair it. */
  remediation: z.string(),
  message: z.string(),
  advice: z.string().optional(),
  method: z.string().optional(),
  runId: z.string(),
  at: IsoTime,
  /** Why fleetmend has not acted on it since. */
  skipReason: SkipReason.optional(),
  skipMessage: z.string().optional(),
});
export type NodeStatus = z.infer<typeof NodeStatus>;

/** An item of an answer to the query `status`. */
export const StatusItem = z.discriminatedUnion('kind', [ClusterStatus, Need, NodeStatus]);
export type StatusItem = z.infer<typeof StatusItem>;
