import * as z from 'zod';
import { ClusterName } from './ids.ts';

/** `observe` only checks; `repair` may repair. */
export const Mode = z.enum(['observe', 'repair']);
export type Mode = z.infer<typeof Mode>;

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

const number = (value: number, max: number, does: string) =>
  z.number().int().positive().max(max).default(value).describe(does);

const percent = (value: number, does: string) => z.number().min(1).max(100).default(value).describe(does);

/** Source: SQS quotas, message delay. */
const MAX_DELAY_SECONDS = 900;

const look = (value: number, does: string) =>
  z.number().int().min(0).max(MAX_DELAY_SECONDS).default(value).describe(does);

/** A run's state is one table item of at most 400 KB, which holds 1,000 nodes (advance.test.ts measures it). */
const MAX_NODES_PER_RUN = 1000;
/** Source: SSM API, SendCommand, InstanceIds. */
const MAX_NODES_PER_COMMAND = 50;

/** The limits of the pipeline, each with a default and a maximum. The names contain the units. */
export const Limits = z
  .strictObject({
    maxNodesPerRepairRun: number(
      1000,
      MAX_NODES_PER_RUN,
      'The most nodes of one repair run. A larger request is several runs.',
    ),
    maxNodesPerCheckRun: number(
      1000,
      MAX_NODES_PER_RUN,
      'The most nodes of one check run. A larger request is several runs.',
    ),
    /** A run occupies its lane. After more than a day, the attempts on which its plan rests have expired. */
    repairRunMaxSeconds: number(
      900,
      DAY,
      'A repair run that is older sends no further command where another run waits for its lane.',
    ),
    maxNodesPerCommand: number(50, MAX_NODES_PER_COMMAND, 'The most nodes of one command.'),
    commandWindowPercent: percent(
      30,
      "A repair's next command waits until this share of the window is free, so that a few nodes that end one after the other do not cost a command each.",
    ),
    /** The canaries fit into one command. */
    canaries: number(3, MAX_NODES_PER_COMMAND, 'How many nodes are repaired one at a time before the window grows.'),
    budgetMaxNodes: number(
      50,
      MAX_NODES_PER_RUN,
      'The most nodes of a cluster under repair at once, over all lanes, where `budgetPercent` gives more.',
    ),
    budgetPercent: percent(
      10,
      'The largest share of the nodes of a cluster under repair at once. One node is always allowed.',
    ),
    /** A higher limit than the nodes of one command would open the breaker too late. */
    attributableFailuresToOpenBreaker: number(
      2,
      MAX_NODES_PER_COMMAND,
      'The circuit breaker opens at so many attributable failures among canaries, or in a cluster of fewer than 10 nodes.',
    ),
    failurePercentToOpenBreaker: percent(
      20,
      'It also opens at more attributable failures than those, if they are more than this share of the last 20 nodes.',
    ),
    /** To stop a lane for longer than a day, use a pause: it has an author and a reason. */
    breakerFirstSeconds: number(
      8,
      DAY,
      'How long the circuit breaker is open, or a registry is held, the first time. Each further time in a row it is 8 times longer. A node without an answer delays others so long.',
    ),
    breakerMaxSeconds: number(86_400, WEEK, 'The longest time for which the circuit breaker is open.'),
    coolDownSeconds: number(900, DAY, 'After an attempt the node is not repaired again for so long.'),
    /** With more attempts than these, no node would ever be quarantined: the cool-down leaves 96 a day. */
    quarantineAttempts: number(3, 96, 'So many failed attempts within `attemptWindowSeconds` quarantine the node.'),
    /** A node's attempts are kept in one table item. */
    attemptWindowSeconds: number(86_400, WEEK, 'For how long an attempt counts.'),
    staleSeconds: number(1800, DAY, 'A signal that is older leads to a check in place of a repair.'),
    relapseSeconds: number(86_400, WEEK, 'A fault that returns within this time after its repair is `Relapsed`.'),
    checkCoolDownSeconds: number(
      300,
      DAY,
      'After a check of a node, further signals about it lead to no check for so long.',
    ),
    /** Source: SSM API, SendCommand, TimeoutSeconds: 30 s to 30 days. */
    deliveryTimeoutSeconds: z
      .number()
      .int()
      .min(30)
      .max(2_592_000)
      .default(60)
      .describe('How long SSM tries to deliver a command to a node.'),
    /** At most an hour, so that an operator sees the available results by then. */
    checkSoftDeadlineSeconds: number(30, HOUR, 'After this the results of a check so far are shown. It ends nothing.'),
    repairSoftDeadlineSeconds: number(
      90,
      HOUR,
      'After this the results of a repair so far are shown. It ends nothing.',
    ),
    repairFirstLookSeconds: look(
      15,
      'When fleetmend first asks SSM about a repair command of several nodes, counted from its sending; 0 is never. Nodes that have ended free their slots.',
    ),
    repairSecondLookSeconds: look(40, 'When it asks for the second time; 0 is never.'),
    hardDeadlineSlackSeconds: number(
      30,
      HOUR,
      'Added to the longest time that SSM can take for a command. After that the run closes the command.',
    ),
    /**
     * Source: Lambda quotas, function timeout. The visibility timeout of its queue is 30 s longer, which SQS takes up to
     * 12 hours.
     */
    runControllerTimeoutSeconds: number(60, 900, 'The timeout of the function run-controller.'),
    /**
     * A request that a frozen copy of run-controller has signed is taken for five minutes. Source: AWS IAM User Guide,
     * Elements of an AWS API request signature.
     */
    adoptionGraceSeconds: number(
      300,
      HOUR,
      'After a crash while it sent a command, run-controller looks for that command only when its timeout and so long are over.',
    ),
    adoptionReadGapSeconds: number(60, HOUR, 'The time between two such looks.'),
    /** Ten years: a longer record belongs in an archive. */
    retentionDays: number(365, 3650, 'How long the audit table keeps history.'),
    /** The maximum is a rate at which SSM, whose calls are 10 a second in many Regions, could no longer confirm the signals. */
    maxForeignSignalsPerMinute: number(
      60,
      10_000,
      "Signals of other tools that are accepted, over all sources of fleetmend's bus. The rest goes to a dead-letter queue.",
    ),
    foreignSourcePercent: percent(50, 'The share of `maxForeignSignalsPerMinute` that one source may use.'),
    agentWaitSeconds: number(
      1200,
      DAY,
      'How long fleetmend waits for the SSM agent of a new node before the node counts as unreachable.',
    ),
    clusterCheckCoolDownSeconds: number(
      600,
      DAY,
      'After a check of a cluster because of signals, further signals lead to no check of it for so long.',
    ),
    /**
     * A cluster's autoscaler needs the same bucket in the same incident. Source: EC2 developer guide, "Request throttling": 20
     * a second is the refill rate of the bucket.
     */
    maxEc2CallsPerSecond: number(
      2,
      20,
      'Calls of EC2 by signal-intake, which looks up the nodes that signals name, as many by operator-api, for people, and as many by all other functions together.',
    ),
    settleSeconds: number(
      600,
      DAY,
      'The delay between a change of a cluster (node group, version, CNI add-on) and the check of its nodes.',
    ),
  })
  .prefault({})
  .describe('The limits of checks and repairs. Their names contain the units.');
export type Limits = z.infer<typeof Limits>;

const RemediationPolicy = z
  .strictObject({
    mode: Mode.optional().describe('The mode of this remediation, in place of that of the cluster.'),
    allowDisruptive: z.boolean().default(false).describe('Allows its repair where that restarts something.'),
  })
  .describe('The policy of one remediation, by its name.');

const TimeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'not a time of day in UTC, for example 08:30');

/** A weekly window in UTC in which no disruptive repair starts. */
const FreezeWindow = z.strictObject({
  days: z
    .array(z.enum(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']))
    .min(1)
    .describe('The days on which the window begins.'),
  fromUtc: TimeOfDay.describe('When it begins, for example `08:30`.'),
  toUtc: TimeOfDay.describe('When it ends. A time that is not after `fromUtc` is that of the next day.'),
});

/**
 * EC2 tags by which a node is known to belong to a cluster. The first two hold the cluster's name (managed node groups;
 * Karpenter), the third has it in its key (self-managed nodes; value `owned` or `shared`).
 */
export const NodeTag = z.enum(['eks:cluster-name', 'eks:eks-cluster-name', 'kubernetes.io/cluster']);
export type NodeTag = z.infer<typeof NodeTag>;

/** The actions that fleetmend may take on one cluster. Every default is the cautious choice. */
export const ClusterPolicy = z.strictObject({
  name: ClusterName.describe('The name of the EKS cluster.'),
  mode: Mode.default('observe').describe(
    '`observe` only checks and reports. `repair` also lets fleetmend run the repairs that restart nothing.',
  ),
  remediations: z
    .record(z.string().regex(/^[a-z][a-z-]{1,39}$/), RemediationPolicy)
    .default({})
    .describe('What differs for single remediations.'),
  freezeWindows: z
    .array(FreezeWindow)
    .default([])
    .describe('Weekly windows in UTC in which no disruptive repair starts.'),
  sweeps: z.boolean().default(true).describe('Checks every node of the cluster each `sweepMinutes`.'),
  /** Source of the limit: CloudWatch API, PutMetricAlarm. */
  alarms: z
    .array(z.string().min(1).max(255))
    .max(100)
    .default([])
    .describe(
      'Names of your own CloudWatch alarms about this cluster. Each leads to a check of it, or of the instance that its metric names.',
    ),
  nodeTags: z
    .array(NodeTag)
    .min(1)
    .default(['eks:cluster-name', 'eks:eks-cluster-name'])
    .describe(
      'The EC2 tags that prove that a node belongs to the cluster; commands can be sent to no other instance. `kubernetes.io/cluster` stands for the tag `kubernetes.io/cluster/<name>` of self-managed nodes.',
    ),
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
