import * as z from 'zod';
import { ClusterName } from './ids.ts';

/** `observe` only checks; `repair` may mend. */
export const Mode = z.enum(['observe', 'repair']);
export type Mode = z.infer<typeof Mode>;

const seconds = (value: number) => z.number().int().positive().default(value);
const count = (value: number) => z.number().int().positive().default(value);

/** Every number that steers the spine, with the design's defaults. Units are in the names. */
export const Limits = z
  .strictObject({
    maxNodesPerRepairRun: count(250),
    maxNodesPerCheckRun: count(1000),
    repairRunMaxSeconds: seconds(900),
    /** SSM takes at most 50 explicit ids a call. */
    maxNodesPerCommand: z.number().int().min(1).max(50).default(50),
    canaries: count(3),
    budgetMaxNodes: count(50),
    budgetPercent: z.number().min(1).max(100).default(10),
    evidenceToOpenBreaker: count(2),
    failurePercentToOpenBreaker: z.number().min(1).max(100).default(20),
    breakerFirstSeconds: seconds(900),
    breakerMaxSeconds: seconds(86_400),
    coolDownSeconds: seconds(900),
    quarantineAttempts: count(3),
    attemptWindowSeconds: seconds(86_400),
    /** News older than this leads to a check instead of a repair. */
    staleSeconds: seconds(1800),
    relapseSeconds: seconds(86_400),
    checkCoolDownSeconds: seconds(300),
    deliveryTimeoutSeconds: z.number().int().min(30).max(2_592_000).default(60),
    checkSoftDeadlineSeconds: seconds(30),
    repairSoftDeadlineSeconds: seconds(90),
    /** Added to the longest time SSM may take, before a silent command is closed without it. */
    hardDeadlineSlackSeconds: seconds(30),
    advanceTimeoutSeconds: seconds(60),
    /** After a crash while sending: wait this long beyond the function's timeout before looking for the command. */
    adoptionGraceSeconds: seconds(90),
    adoptionReadGapSeconds: seconds(60),
    retentionDays: count(365),
    maxForeignSignalsPerMinute: count(60),
    /** How long a new node's SSM agent is waited for before the node counts as unreachable. */
    agentWaitSeconds: seconds(1200),
    /** A cluster that its signals had checked is not checked again for them within this time. */
    clusterCheckCoolDownSeconds: seconds(600),
    /** EC2 calls over the whole pipeline: a cluster's autoscaler needs the same bucket in the same incident. */
    maxEc2CallsPerSecond: count(2),
    /** After a change of a cluster (node group, version, CNI add-on) its nodes get this long before they are checked. */
    settleSeconds: seconds(600),
  })
  .prefault({});
export type Limits = z.infer<typeof Limits>;

const RemediationPolicy = z.strictObject({
  mode: Mode.optional(),
  /** Allows a disruptive repair (one that restarts something) of this remediation on this cluster. */
  allowDisruptive: z.boolean().default(false),
});

/** A weekly window in UTC in which no disruptive repair starts. */
const FreezeWindow = z.strictObject({
  days: z.array(z.enum(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'])).min(1),
  fromUtc: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/),
  toUtc: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/),
});

/**
 * EC2 tags by which a node is known to belong to a cluster. The first two hold the cluster's name (managed node groups;
 * Karpenter), the third has it in its key (self-managed nodes; value `owned` or `shared`).
 */
export const NodeTag = z.enum(['eks:cluster-name', 'eks:eks-cluster-name', 'kubernetes.io/cluster']);
export type NodeTag = z.infer<typeof NodeTag>;

/** What fleetmend may do on one cluster. Everything not said is the careful choice. */
export const ClusterPolicy = z.strictObject({
  name: ClusterName,
  mode: Mode.default('observe'),
  remediations: z.record(z.string().regex(/^[a-z][a-z-]{1,39}$/), RemediationPolicy).default({}),
  freezeWindows: z.array(FreezeWindow).default([]),
  sweeps: z.boolean().default(true),
  /**
   * Names of your own CloudWatch alarms that are about this cluster: each leads to a check of it, or of the instance that
   * its metric names. Source of the limit: CloudWatch API, PutMetricAlarm.
   */
  alarms: z.array(z.string().min(1).max(255)).max(100).default([]),
  /** Which tags prove that a node is this cluster's; commands can be sent to no other instance. */
  nodeTags: z.array(NodeTag).min(1).default(['eks:cluster-name', 'eks:eks-cluster-name']),
});
export type ClusterPolicy = z.infer<typeof ClusterPolicy>;

/** The whole policy: which clusters, what may be done there, and the limits. */
export const Policy = z
  .strictObject({ clusters: z.array(ClusterPolicy).default([]), limits: Limits })
  .superRefine((policy, context) => {
    const alarms = policy.clusters.flatMap((c) => c.alarms);
    for (const name of alarms.filter((n, i) => alarms.indexOf(n) !== i)) {
      context.addIssue({ code: 'custom', path: ['clusters'], message: `alarm ${name} is listed twice` });
    }
    const names = policy.clusters.map((c) => c.name);
    for (const name of names.filter((n, i) => names.indexOf(n) !== i)) {
      context.addIssue({ code: 'custom', path: ['clusters'], message: `cluster ${name} is listed twice` });
    }
  });
export type Policy = z.infer<typeof Policy>;
/** The policy as a person writes it: everything that has a default may be left out. */
export type PolicyInput = z.input<typeof Policy>;

/** The policy of one cluster, or undefined where fleetmend does not manage it (then nothing is done to it). */
export const clusterPolicy = (policy: Policy, cluster: string): ClusterPolicy | undefined =>
  policy.clusters.find((c) => c.name === cluster);

/** The mode of one remediation on one cluster: its own if it has one, else the cluster's. */
export const modeOf = (cluster: ClusterPolicy, remediation: string): Mode =>
  cluster.remediations[remediation]?.mode ?? cluster.mode;
