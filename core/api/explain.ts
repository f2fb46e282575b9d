import * as z from 'zod';
import { Because } from '../model/because.ts';
import { ClusterName, IsoTime, NodeId } from '../model/ids.ts';
import { Outcome, SkipReason } from '../model/outcome.ts';
import { Mode } from '../model/policy.ts';
import { DeploymentShown } from './deployment.ts';
import { BreakerStatus, PauseStatus } from './status.ts';

const Count = z.number().int().nonnegative();

/** One guard, as of now. */
export const Guard = z.object({
  guard: z.enum([
    'policy',
    'disruptive',
    'tag',
    'reachable',
    'pause',
    'breaker',
    'registry',
    'quarantine',
    'cool-down',
    'attempts',
    'freeze',
    'maintenance',
    'budget',
    'canaries',
  ]),
  /** Whether it lets the repair through now. */
  passes: z.boolean(),
  /** A few words with its numbers, for example `0 of 3 failed attempts in 24 h`. */
  text: z.string(),
  /** The numbers of the text, by name. Names contain the units. */
  numbers: z.record(z.string(), z.number()).optional(),
  /** When it lets the repair through by itself. */
  until: IsoTime.optional(),
});
export type Guard = z.infer<typeof Guard>;

/** The rule that decides, and the line of the configuration behind it. */
export const Rule = z.object({
  /** For example `policy.disruptive` or `guard.cool-down`. */
  rule: z.string(),
  /** The path in the configuration, for example `clusters[name=shop].remediations.cni-files.allowDisruptive`. */
  setting: z.string().optional(),
  value: z.union([z.string(), z.number(), z.boolean()]).optional(),
});
export type Rule = z.infer<typeof Rule>;

/** What fleetmend would do with a node by one remediation now. */
export const NodeVerdict = z.object({
  kind: z.literal('verdict'),
  cluster: ClusterName,
  instanceId: NodeId,
  remediation: z.string(),
  /** `go`: it would be repaired now. `check`: it would be checked. `wait`: it is looked at again by itself. */
  decision: z.enum(['go', 'check', 'wait', 'skip']),
  /** Whether this is about a fault that was found on the node. */
  isNeeded: z.boolean(),
  /** The last outcome of this remediation on the node. */
  outcome: Outcome.optional(),
  reason: z.string().optional(),
  skipReason: SkipReason.optional(),
  /** Verdict first, in one sentence. */
  text: z.string(),
  because: z.string(),
  rule: Rule,
  deployment: DeploymentShown,
  guards: z.array(Guard),
  /** What would change the decision: sentences, or commands to copy. */
  toAct: z.array(z.string()),
  /** When fleetmend looks at the node again, and by what. */
  next: z.object({ what: z.string(), at: IsoTime.optional() }),
});
export type NodeVerdict = z.infer<typeof NodeVerdict>;

/** The node, as EC2, SSM and the audit table show it. */
export const ExplainedNode = z.object({
  kind: z.literal('explained-node'),
  instanceId: NodeId,
  /** Missing where its tags name no configured cluster, and the audit table has none. */
  cluster: ClusterName.optional(),
  privateDnsName: z.string().optional(),
  nodegroup: z.string().optional(),
  instanceType: z.string().optional(),
  ami: z.string().optional(),
  launchedAt: IsoTime.optional(),
  /** EC2's state; missing where EC2 has no such instance. */
  state: z.string().optional(),
  pingStatus: z.string().optional(),
  platform: z.string().optional(),
  /** The value of the tag `fleetmend:mode`. */
  modeTag: z.string().optional(),
  /** The last outcome: `Healthy` where the last check that saw the node found nothing. */
  outcome: Outcome.optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
  advice: z.string().optional(),
  runId: z.string().optional(),
  at: IsoTime.optional(),
  /** When fleetmend looks at the node again by itself, and by what. */
  next: z.object({ what: z.string(), at: IsoTime.optional() }).optional(),
});
export type ExplainedNode = z.infer<typeof ExplainedNode>;

/** One event in the history of a node, the newest first. */
export const NodeEvent = z.object({
  kind: z.literal('event'),
  instanceId: NodeId,
  at: IsoTime,
  event: z.enum([
    'detected',
    'waiting',
    'asked',
    'checked',
    'decided',
    'repaired',
    'failed',
    'quarantined',
    'released',
  ]),
  text: z.string(),
  remediation: z.string().optional(),
  outcome: Outcome.optional(),
  skipReason: SkipReason.optional(),
  reason: z.string().optional(),
  runId: z.string().optional(),
  commandId: z.string().optional(),
  because: Because.optional(),
  /** How long the document ran, in seconds. */
  seconds: z.number().nonnegative().optional(),
});
export type NodeEvent = z.infer<typeof NodeEvent>;

/** A remediation on a cluster: what holds its repairs back. */
export const ExplainedLane = z.object({
  kind: z.literal('explained-lane'),
  cluster: ClusterName,
  remediation: z.string(),
  mode: Mode,
  text: z.string(),
  because: z.string(),
  rule: Rule,
  deployment: DeploymentShown,
  guards: z.array(Guard),
  toAct: z.array(z.string()),
  next: z.object({ what: z.string(), at: IsoTime.optional() }),
  breaker: BreakerStatus.optional(),
  pause: PauseStatus.optional(),
  document: z.string().optional(),
  activeRunId: z.string().optional(),
  /** Requests of people that wait in the lane. */
  queued: Count,
  /** Nodes that wait in the lane. */
  waiting: Count,
  /** The last results with the document: the nodes that it failed on, and those that it repaired. */
  failed: z.array(z.object({ instanceId: NodeId, runId: z.string(), at: IsoTime, isCanary: z.boolean() })),
  repaired: Count,
});
export type ExplainedLane = z.infer<typeof ExplainedLane>;

/** A run: why it exists, how far it is, and what it waits for. */
export const ExplainedRun = z.object({
  kind: z.literal('explained-run'),
  runId: z.string(),
  requestId: z.string(),
  cluster: ClusterName,
  remediation: z.string(),
  action: z.enum(['check', 'repair']),
  status: z.enum(['queued', 'active', 'draining', 'ended']),
  end: z.string().optional(),
  text: z.string(),
  because: Because,
  createdAt: IsoTime,
  startedAt: IsoTime.optional(),
  endedAt: IsoTime.optional(),
  counts: z.record(z.string(), Count),
  pending: Count,
  inFlight: Count,
  /** What it waits for. */
  next: z.object({ what: z.string(), at: IsoTime.optional() }),
  toAct: z.array(z.string()),
});
export type ExplainedRun = z.infer<typeof ExplainedRun>;

/** An item of an answer to the query `explain`. */
export const ExplainItem = z.discriminatedUnion('kind', [
  ExplainedNode,
  NodeVerdict,
  NodeEvent,
  ExplainedLane,
  ExplainedRun,
]);
export type ExplainItem = z.infer<typeof ExplainItem>;
