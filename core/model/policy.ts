import * as z from 'zod';
import { ClusterName } from './ids.ts';

/** `observe` only checks; `repair` may repair. */
export const Mode = z.enum(['observe', 'repair']);
export type Mode = z.infer<typeof Mode>;

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

const number = (value: number, max: number) => z.number().int().positive().max(max).default(value);

/** A run's state is one table item of at most 400 KB, which holds 1,000 nodes (advance.test.ts measures it). */
const MAX_NODES_PER_RUN = 1000;
/** Source: SSM API, SendCommand, InstanceIds. */
const MAX_NODES_PER_COMMAND = 50;

/** Source: SQS quotas, message delay. */
const MAX_DELAY_SECONDS = 900;

/** The limits of the pipeline, each with a default and a maximum. The names contain the units. */
export const Limits = z
  .strictObject({
    maxNodesPerRepairRun: number(1000, MAX_NODES_PER_RUN),
    maxNodesPerCheckRun: number(1000, MAX_NODES_PER_RUN),
    /** A run occupies its lane. After more than a day, the attempts on which its plan rests have expired. */
    repairRunMaxSeconds: number(900, DAY),
    maxNodesPerCommand: number(50, MAX_NODES_PER_COMMAND),
    /**
     * A repair's next command waits until so much of the window is free, so that a few nodes that end one after the other do
     * not cost a command each.
     */
    commandWindowPercent: z.number().min(1).max(100).default(30),
    /** The canaries fit into one command. */
    canaries: number(3, MAX_NODES_PER_COMMAND),
    budgetMaxNodes: number(50, MAX_NODES_PER_RUN),
    budgetPercent: z.number().min(1).max(100).default(10),
    /** A higher limit than the nodes of one command would open the breaker too late. */
    attributableFailuresToOpenBreaker: number(2, MAX_NODES_PER_COMMAND),
    failurePercentToOpenBreaker: z.number().min(1).max(100).default(20),
    /** To stop a lane for longer than a day, use a pause: it has an author and a reason. */
    breakerFirstSeconds: number(900, DAY),
    breakerMaxSeconds: number(86_400, WEEK),
    coolDownSeconds: number(900, DAY),
    /** With more attempts than these, no node would ever be quarantined: the cool-down leaves 96 a day. */
    quarantineAttempts: number(3, 96),
    /** A node's attempts are kept in one table item. */
    attemptWindowSeconds: number(86_400, WEEK),
    /** A signal older than this leads to a check instead of a repair. */
    staleSeconds: number(1800, DAY),
    relapseSeconds: number(86_400, WEEK),
    checkCoolDownSeconds: number(300, DAY),
    /** Source: SSM API, SendCommand, TimeoutSeconds: 30 s to 30 days. */
    deliveryTimeoutSeconds: z.number().int().min(30).max(2_592_000).default(60),
    /** At most an hour, so that an operator sees the available results by then. */
    checkSoftDeadlineSeconds: number(30, HOUR),
    repairSoftDeadlineSeconds: number(90, HOUR),
    /**
     * When command-tracker looks at a repair command of several nodes, in seconds after the sending; 0 is no look. The nodes
     * that have ended by then free their slots. Source: SQS quotas, message delay, at most 900 s.
     */
    repairFirstLookSeconds: z.number().int().min(0).max(MAX_DELAY_SECONDS).default(15),
    repairSecondLookSeconds: z.number().int().min(0).max(MAX_DELAY_SECONDS).default(40),
    /** Added to the longest possible duration of a command in SSM. After that, the run closes the command. */
    hardDeadlineSlackSeconds: number(30, HOUR),
    /**
     * Source: Lambda quotas, function timeout. The visibility timeout of its queue is 30 s longer, which SQS takes up to
     * 12 hours.
     */
    runControllerTimeoutSeconds: number(60, 900),
    /** After a crash while sending: wait this long beyond the function's timeout before looking for the command. */
    /**
     * A request that a frozen copy of run-controller has signed is taken for five minutes. Source: AWS IAM User Guide,
     * Elements of an AWS API request signature.
     */
    adoptionGraceSeconds: number(300, HOUR),
    adoptionReadGapSeconds: number(60, HOUR),
    /** Ten years: a longer record belongs in an archive. */
    retentionDays: number(365, 3650),
    /**
     * Signals of other tools, over all sources of fleetmend's bus. The maximum is a rate at which SSM, whose calls are 10 a
     * second in many Regions, could no longer confirm the signals.
     */
    maxForeignSignalsPerMinute: number(60, 10_000),
    /** The share of `maxForeignSignalsPerMinute` that one source may use. */
    foreignSourcePercent: z.number().min(1).max(100).default(50),
    /** How long fleetmend waits for the SSM agent of a new node before the node counts as unreachable. */
    agentWaitSeconds: number(1200, DAY),
    /** After a check of a cluster because of signals, further signals lead to no check within this time. */
    clusterCheckCoolDownSeconds: number(600, DAY),
    /**
     * EC2 calls over the whole pipeline: a cluster's autoscaler needs the same bucket in the same incident. Source: EC2
     * developer guide, "Request throttling": 20 a second is the refill rate of the bucket.
     */
    maxEc2CallsPerSecond: number(2, 20),
    /** The delay between a change of a cluster (node group, version, CNI add-on) and the check of its nodes. */
    settleSeconds: number(600, DAY),
  })
  .prefault({});
export type Limits = z.infer<typeof Limits>;

const RemediationPolicy = z.strictObject({
  mode: Mode.optional(),
  /** Allows a disruptive repair (one that restarts something) of this remediation on this cluster. */
  allowDisruptive: z.boolean().default(false),
});

const TimeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'not a time of day in UTC, for example 08:30');

/** A weekly window in UTC in which no disruptive repair starts. */
const FreezeWindow = z.strictObject({
  days: z.array(z.enum(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'])).min(1),
  fromUtc: TimeOfDay,
  toUtc: TimeOfDay,
});

/**
 * EC2 tags by which a node is known to belong to a cluster. The first two hold the cluster's name (managed node groups;
 * Karpenter), the third has it in its key (self-managed nodes; value `owned` or `shared`).
 */
export const NodeTag = z.enum(['eks:cluster-name', 'eks:eks-cluster-name', 'kubernetes.io/cluster']);
export type NodeTag = z.infer<typeof NodeTag>;

/** The actions that fleetmend may take on one cluster. Every default is the cautious choice. */
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

/** The whole policy: the clusters, the permitted actions on each, and the limits. */
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
/** The policy as a person writes it: every field with a default may be omitted. */
export type PolicyInput = z.input<typeof Policy>;

/** The policy of one cluster; undefined if fleetmend does not manage the cluster, and therefore does not act on it. */
export const clusterPolicy = (policy: Policy, cluster: string): ClusterPolicy | undefined =>
  policy.clusters.find((c) => c.name === cluster);

/** The mode of one remediation on one cluster: the remediation's own, or else the cluster's. */
export const modeOf = (cluster: ClusterPolicy, remediation: string): Mode =>
  cluster.remediations[remediation]?.mode ?? cluster.mode;
