import * as z from 'zod';
import { ClusterName, InstanceId, IsoTime, NodeId } from '../model/ids.ts';
import { Finding, Outcome, SkipReason } from '../model/outcome.ts';
import { RegistryHold } from '../runs/registry-hold.ts';

/** Who or what asked for a run. */
export const Origin = z.strictObject({
  source: z.enum(['signal', 'cluster-signal', 'operator', 'sweep', 'finding', 'unknown-repair', 'replay']),
  /** As claimed by the caller; the caller's own IAM decided. */
  requestedBy: z.string().max(200).optional(),
  reason: z.string().max(500).optional(),
  requestId: z.string().max(200).optional(),
  /** Joins the row to CloudTrail. */
  lambdaRequestId: z.string().max(100).optional(),
});
export type Origin = z.infer<typeof Origin>;

/** Stands for every node of the cluster, in a row of its check lane. */
export const WHOLE_CLUSTER = '*';

/** News about one node, waiting in a lane (`<cluster>/<remediation>`) or among the cluster's checks (`<cluster>/node-check`). */
export const PendingNode = z.strictObject({
  lane: z.string(),
  cluster: ClusterName,
  instanceId: z.union([NodeId, z.literal(WHOLE_CLUSTER)]),
  reason: z.string().max(64),
  image: z.string().max(300).optional(),
  /** A check saw that the node can be repaired without a registry. */
  localMethod: z.literal(true).optional(),
  /** First and last time the symptom was seen, by the source's own clock. */
  firstSeenAt: IsoTime,
  lastSeenAt: IsoTime,
  /** How many signals this row stands for. */
  signals: z.number().int().positive(),
  source: z.string().max(100),
  /** A new node: it is checked once its SSM agent is online, or given up at this time. */
  awaitAgentUntil: IsoTime.optional(),
  /** Do not look before; set when a decision not to act is for a passing reason. */
  notBefore: IsoTime.optional(),
  /** The last decision not to act on this row, and when; it is recorded once, not at every look. */
  skipped: SkipReason.optional(),
  decidedAt: IsoTime.optional(),
  /** Changes with every write; a row is removed only if it has not changed since it was read. */
  version: z.string(),
});
export type PendingNode = z.infer<typeof PendingNode>;

/** A node's result in a run; written once. */
export const ResultRow = z.strictObject({
  runId: z.string(),
  cluster: ClusterName,
  instanceId: NodeId,
  remediation: z.string(),
  action: z.enum(['check', 'repair']),
  outcome: Outcome,
  skipReason: SkipReason.optional(),
  reason: z.string().optional(),
  cause: z.string().optional(),
  method: z.string().optional(),
  image: z.string().optional(),
  digest: z.string().optional(),
  willRecur: z.boolean().optional(),
  message: z.string(),
  advice: z.string().optional(),
  evidence: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  findings: z.array(Finding).optional(),
  commandId: z.string().optional(),
  /** Came after the run had closed its command; the first result stands beside it. */
  late: z.boolean().optional(),
  /** The script's own times where it ran. */
  startedAt: IsoTime.optional(),
  endedAt: IsoTime,
  /** When this row was written. */
  at: IsoTime,
});
export type ResultRow = z.infer<typeof ResultRow>;

/** What the run's state machine needs to know of a node's result. */
export const Tally = z.strictObject({
  outcome: Outcome,
  skipReason: SkipReason.optional(),
  reason: z.string().optional(),
  /** Remediations that a check found broken on this node, with the reason. */
  findings: z.array(z.tuple([z.string(), z.string()])).optional(),
  /** Present where something waits on this node: for another document, or for the fault of an earlier remediation. */
  waits: z.literal(true).optional(),
  image: z.string().optional(),
  /** A check named a method that needs no registry. */
  localMethod: z.literal(true).optional(),
  /** What a repair says of the registry, where it says anything: its name did not answer, or did. */
  registry: z.enum(['silent', 'answers']).optional(),
  /** When the node was like this, by its own clock kept within the command's time. News of a finding is this old. */
  at: IsoTime,
});
export type Tally = z.infer<typeof Tally>;

/** Where a sent command belongs; found by its SSM command id. */
export const CommandRow = z.strictObject({
  commandId: z.string(),
  runId: z.string(),
  key: z.string(),
  group: z.string(),
  cluster: ClusterName,
  remediation: z.string(),
  action: z.enum(['check', 'repair']),
  instanceIds: z.array(InstanceId).min(1).max(50),
  /** Sweeps write no row for a healthy node: rows are what a run costs. */
  sparse: z.boolean(),
  sentAt: IsoTime,
  softDeadlineAt: IsoTime,
  hardDeadlineAt: IsoTime,
});
export type CommandRow = z.infer<typeof CommandRow>;

/** What was read of a sent command: written after the results, before the wake. `final` never goes back to false. */
export const ObservationRow = z.strictObject({
  runId: z.string(),
  key: z.string(),
  commandId: z.string(),
  /** SSM's StatusDetails of the command, spaces removed. */
  status: z.string(),
  final: z.boolean(),
  closedBy: z.enum(['end', 'soft-deadline', 'hard-deadline']),
  at: IsoTime,
  nodes: z.record(InstanceId, Tally),
});
export type ObservationRow = z.infer<typeof ObservationRow>;

/** One repair attempt on a node, by run. */
export const Attempt = z.strictObject({ at: IsoTime, outcome: Outcome, reason: z.string().optional() });
export type Attempt = z.infer<typeof Attempt>;

/** What is remembered of a node for one remediation: its attempts of the last day, and its quarantine. */
export const NodeStateRow = z.strictObject({
  instanceId: InstanceId,
  cluster: ClusterName,
  remediation: z.string(),
  attempts: z.record(z.string(), Attempt),
  quarantinedAt: IsoTime.optional(),
  quarantineAdvice: z.string().optional(),
});
export type NodeStateRow = z.infer<typeof NodeStateRow>;

/** A pause in force, or the record of one. `scope` is `ALL` or `CLUSTER#<name>`. */
export const PauseRow = z.strictObject({
  scope: z.string(),
  state: z.enum(['paused', 'resumed']),
  at: IsoTime,
  by: z.string().max(200),
  reason: z.string().max(500),
  lambdaRequestId: z.string().optional(),
});
export type PauseRow = z.infer<typeof PauseRow>;

/** How a command of a run stands. */
export const CommandState = z.strictObject({
  key: z.string(),
  /** Empty once closed: the observation row has the nodes. */
  instanceIds: z.array(InstanceId).max(50),
  size: z.number().int().min(1).max(50),
  /** The pending row versions of `instanceIds`, until SSM's word on the command; then the rows are answered. */
  versions: z.array(z.string()).max(50).optional(),
  /**
   * `planned` may be sent; `sending` was about to be when last stored (after a crash it must be looked for, never
   * sent again); `sent` has an id; `closed` has its outcomes; `lost` was never found at SSM.
   */
  status: z.enum(['planned', 'sending', 'sent', 'closed', 'lost']),
  sendingAt: IsoTime.optional(),
  /** Times of the ListCommands reads that did not find it. */
  missedReads: z.array(IsoTime).optional(),
  commandId: z.string().optional(),
  sentAt: IsoTime.optional(),
  softDeadlineAt: IsoTime.optional(),
  hardDeadlineAt: IsoTime.optional(),
  /** After SSM refused a call for its rate: not before. */
  notBefore: IsoTime.optional(),
  /** How many nodes ended how; derived from the observation, so a second look changes nothing. */
  counts: z.partialRecord(Outcome, z.number().int().nonnegative()).optional(),
  attributableFailures: z.number().int().nonnegative().optional(),
  /** How many of its nodes the registry did not answer; 0 where it answered one. Absent where none says. */
  silent: z.number().int().nonnegative().optional(),
  /** Closed before SSM had ended it; a later observation is counted while the run is open. */
  early: z.boolean().optional(),
});
export type CommandState = z.infer<typeof CommandState>;

/** Mailbox rows that were looked at, by instance and version: touched only if they have not changed since. */
const Looked = { lane: z.string(), rows: z.array(z.tuple([PendingNode.shape.instanceId, z.string()])) };

/**
 * Something the run must yet do besides sending: kept with the state until done; doing it twice is harmless. An entry
 * stands for all nodes that it is the same for, since a state with 1,000 of them must fit into one item (400 KB).
 */
export const OutboxEntry = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('results'),
    ...ResultRow.pick({ outcome: true, skipReason: true, reason: true, message: true, advice: true }).shape,
    at: IsoTime,
    instanceIds: z.array(NodeId),
  }),
  /** Asks for a check (lane `<cluster>/node-check`) or hands a finding to a lane; each node with when it was seen. */
  z.strictObject({
    kind: z.literal('enqueue'),
    ...PendingNode.pick({ lane: true, reason: true, image: true, localMethod: true, source: true, notBefore: true })
      .shape,
    nodes: z.array(z.tuple([InstanceId, IsoTime])),
  }),
  z.strictObject({ kind: z.literal('drop'), ...Looked }),
  /** Kept until `notBefore`. */
  z.strictObject({
    kind: z.literal('defer'),
    ...Looked,
    notBefore: IsoTime,
    skipReason: SkipReason.optional(),
    /** Absent where nothing was decided: the row only waits. */
    decidedAt: IsoTime.optional(),
  }),
  z.strictObject({ kind: z.literal('cancel'), commandId: z.string() }),
  /** An event on fleetmend's bus; `id` lets a reader drop duplicates. */
  z.strictObject({
    kind: z.literal('notice'),
    id: z.string(),
    detailType: z.string(),
    detail: z.record(z.string(), z.unknown()),
  }),
]);
export type OutboxEntry = z.infer<typeof OutboxEntry>;

/** A run: one pass over a set of nodes. Stored whole; `version` guards it. */
export const RunState = z.strictObject({
  runId: z.string(),
  version: z.number().int().nonnegative(),
  cluster: ClusterName,
  remediation: z.string(),
  action: z.enum(['check', 'repair']),
  /** The FIFO group that advances it: its lane for repairs, its own id for checks. */
  group: z.string(),
  /** The lane whose mailbox brought its nodes, if any did. */
  lane: z.string().optional(),
  /** What ECR said of the sandbox image before the run, as advice to the reader. */
  preflight: z.string().optional(),
  /** Key of the document in the settings, and the name it had when the run was made. */
  documentKey: z.string(),
  documentName: z.string(),
  executionTimeoutSeconds: z.number().int().positive(),
  origin: Origin,
  createdAt: IsoTime,
  /** When it was planned: a run may wait long in its lane, and its time counts from here. */
  startedAt: IsoTime.optional(),
  /** `queued` has no plan yet; `active` sends; `draining` only waits; `ended` is over. */
  status: z.enum(['queued', 'active', 'draining', 'ended']),
  /** Who was asked for: ids, or undefined for the whole cluster. Only until planned. */
  asked: z.array(InstanceId).optional(),
  /** Nodes not commanded yet, each with the version of the pending row that brought it (empty where none did). */
  pending: z.array(z.tuple([InstanceId, z.string()])),
  /** Nodes that ended without a command, by outcome or by why they were skipped. */
  settled: z.partialRecord(z.union([Outcome, SkipReason]), z.number().int().nonnegative()),
  commands: z.array(CommandState),
  /** How many nodes may be in flight once the canaries have passed; every `Repaired` adds one. */
  startWindow: z.number().int().positive(),
  /** How many nodes must end well, one at a time, before the window opens. */
  canaries: z.number().int().nonnegative(),
  /** Attributable failures that the lane brought into this run. */
  priorAttributableFailures: z.number().int().nonnegative(),
  /** Those of `pending` that are known to need no registry, as it was planned. */
  local: z.array(InstanceId).optional(),
  /** The registry's hold that the lane brought, or the one that this run has begun. */
  registryHold: RegistryHold.optional(),
  stopped: z
    .strictObject({ reason: z.enum(['BreakerOpen', 'Paused', 'Cancelled', 'Yielded', 'CommandRefused']), at: IsoTime })
    .optional(),
  image: z.string().optional(),
  dueAt: IsoTime,
  endedAt: IsoTime.optional(),
  outbox: z.array(OutboxEntry),
});
export type RunState = z.infer<typeof RunState>;

/** A lane: one cluster and one remediation's repairs, or the cluster's checks. */
export const LaneState = z.strictObject({
  lane: z.string(),
  cluster: ClusterName,
  remediation: z.string(),
  version: z.number().int().nonnegative(),
  /** The lane's run, set before the run itself is stored: after a crash it is planned again under the same id. */
  activeRunId: z.string().optional(),
  breaker: z.strictObject({ openUntil: IsoTime, openings: z.number().int().positive(), runId: z.string() }).optional(),
  registryHold: RegistryHold.optional(),
  /** Attributable failures since the last `Repaired`. */
  attributableFailures: z.number().int().nonnegative().default(0),
  /** The window at the end of the last run, and when; a run soon after need not start with canaries. */
  lastWindow: z.strictObject({ window: z.number().int().positive(), at: IsoTime }).optional(),
  dueAt: IsoTime.optional(),
  /** Since when a wake for news is under way; run-controller takes it off before it reads the mailbox. */
  calledAt: IsoTime.optional(),
});
export type LaneState = z.infer<typeof LaneState>;
