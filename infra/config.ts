import * as z from 'zod';
import { SENDS } from '../core/api/notice.ts';
import { ClusterPolicy, Limits, Policy } from '../core/model/policy.ts';
import { SIGNAL_SWITCHES, SIGNALS, type SignalSwitch } from '../core/signals/read-signal.ts';
import { FUNCTION_NAMES } from './bundle.ts';
import { kindOfLogGroup, LOG_GROUP_KINDS, type LogGroupKind } from './log-filter.ts';

/** Source: CloudWatch Logs API, CreateLogGroup. */
const LogGroupName = z
  .string()
  .regex(/^[A-Za-z0-9_\-/.#]{1,512}$/, 'not a log group name: 1 to 512 letters, digits, or _ - / . #');

const LogGroupEntry = z.strictObject({
  name: LogGroupName.describe('The name of the log group.'),
  kind: z
    .enum(LOG_GROUP_KINDS)
    .optional()
    .describe('What the group carries; by default that of its name in Container Insights, else `mixed`.'),
});

/** A log group of a cluster: its name, or its name and its kind. */
export const LogGroup = z
  .union(
    [LogGroupName, LogGroupEntry],
    `not a log group: a name of 1 to 512 letters, digits, or _ - / . #, or { name, kind } with a kind of ${LOG_GROUP_KINDS.join(', ')}`,
  )
  .transform((given): { readonly name: string; readonly kind: LogGroupKind } => {
    const { name, kind } = typeof given === 'string' ? { name: given, kind: undefined } : given;
    return { name, kind: kind ?? kindOfLogGroup(name) };
  });
export type LogGroup = z.infer<typeof LogGroup>;

const ClusterConfig = z.strictObject({
  ...ClusterPolicy.shape,
  logGroups: z
    .array(LogGroup)
    .default([])
    .describe(
      'The log groups that carry the logs of the nodes, each by its name or as `{ name, kind }`. A subscription filter is put on each; CloudWatch Logs allows two.',
    ),
});
export type ClusterConfig = z.infer<typeof ClusterConfig>;

/** Retention periods that CloudWatch Logs takes, in days. Source: PutRetentionPolicy. */
const LogRetentionDays = z.literal([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827]);

/** The memory of a function for which the configuration gives none. */
export const DEFAULT_MEMORY_MEGABYTES = 512;
/** Source: Lambda CreateFunction, MemorySize. */
const MemoryMegabytes = z.number().int().min(128).max(10_240);

/** Event source maximum concurrency. Source: Lambda ScalingConfig, 2 to 1,000. */
const MaxConcurrency = z.number().int().min(2).max(1000);

/** Leaves room for what follows the stack's name: an event rule has 64 characters, and the longest ends in 13. */
const MAX_STACK_NAME_CHARACTERS = 40;
/** They end the part of an alarm's or a document's name that is the stack's, so that no two stacks' names are alike. */
const RESERVED_WORDS: ReadonlySet<string> = new Set(['cluster', 'check', 'repair']);

/**
 * The name of a CloudFormation stack of fleetmend: at most 40 letters, digits and single hyphens, beginning with a
 * letter. Every resource's name begins with it. Sources: CloudFormation API, CreateStack (letters, digits, hyphens);
 * Systems Manager API, CreateDocument (a document's name may not begin with aws, amazon or amzn); EventBridge API,
 * CreateEventBus (a custom bus may not be called default).
 */
export const StackName = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*$/,
    'not a stack name: it begins with a letter and has letters, digits and single hyphens',
  )
  .max(MAX_STACK_NAME_CHARACTERS, `longer than ${MAX_STACK_NAME_CHARACTERS} characters, which leave room for suffixes`)
  .refine(
    (name) => !/^(?:aws|amazon|amzn)/i.test(name),
    'SSM takes no document whose name begins with aws, amazon or amzn',
  )
  .refine((name) => name !== 'default', 'the event bus of the account is called default already')
  .refine(
    (name) =>
      !name
        .toLowerCase()
        .split('-')
        .some((word) => RESERVED_WORDS.has(word)),
    'it has the word cluster, check or repair between hyphens, by which the names of alarms and documents are read',
  );

/** An AWS account. */
const Account = z
  .string('write the account as text, in quotes: 12 digits')
  .regex(/^\d{12}$/, 'not an AWS account: 12 digits');

/** A Region of a partition that fleetmend is made for: `aws`, `aws-cn` or `aws-us-gov`. */
const Region = z
  .string('write the Region as text, for example eu-west-1')
  .regex(/^[a-z]{2,4}(?:-[a-z]+){1,2}-\d$/, 'not an AWS Region, for example eu-west-1')
  .refine(
    (region) => !/^(?:eu-isoe|us-iso|eusc-)/.test(region),
    'a Region of a partition other than aws, aws-cn, aws-us-gov',
  );

/** The Regions in which every service that a function calls has a FIPS endpoint. Source: AWS, "FIPS Endpoints by Service". */
export const FIPS_REGIONS = [
  'us-east-1',
  'us-east-2',
  'us-gov-east-1',
  'us-gov-west-1',
  'us-west-1',
  'us-west-2',
] as const;

/** The network of the functions; without it Lambda's own, which reaches every service. docs/deploying.md lists the endpoints. */
const Vpc = z.strictObject({
  subnetIds: z
    .array(z.string().regex(/^subnet-[0-9a-f]{8,17}$/, 'not the id of a subnet: subnet-… '))
    .min(1, 'list at least one subnet')
    .max(16, 'list at most 16 subnets')
    .describe('Subnets of one VPC, in two Availability Zones or more.'),
  securityGroupIds: z
    .array(z.string().regex(/^sg-[0-9a-f]{8,17}$/, 'not the id of a security group: sg-…'))
    .min(1, 'list at least one security group')
    .max(5, 'list at most 5 security groups')
    .describe('Security groups that let HTTPS out.'),
});

/** The stack's name where the configuration gives none. */
export const DEFAULT_STACK_NAME = 'fleetmend';

const signalNames = (name: SignalSwitch): string =>
  SIGNALS.flatMap((signal) => (signal.configKey === name ? [`\`${signal.name}\``] : []))
    .toSorted()
    .join(', ');

/** Each switch that a signal's definition names; on unless the configuration turns it off. */
const signalSwitches = Object.fromEntries(
  SIGNAL_SWITCHES.map((name) => [
    name,
    z
      .boolean()
      .default(true)
      .describe(`Receives these signals: ${signalNames(name)}.`),
  ]),
) as Record<SignalSwitch, z.ZodDefault<z.ZodBoolean>>;

/** Everything that a user decides about a deployment. */
export const Config = z.strictObject({
  $schema: z.string().optional().describe('For editors: where the JSON schema of this file is.'),
  account: Account.optional().describe(
    'The account to deploy to. Credentials of any other are refused. A template for any account has none.',
  ),
  region: Region.optional().describe('The Region to deploy to. A template for any Region has none.'),
  stackName: StackName.default(DEFAULT_STACK_NAME).describe(
    'The name of the stack. Every physical name begins with it. It has no word `cluster`, `check` or `repair` between hyphens, and does not begin with `aws`, `amazon` or `amzn`.',
  ),
  clusters: z.array(ClusterConfig).min(1, 'list at least one cluster').describe('The clusters that the stack manages.'),
  limits: Limits,
  sweepMinutes: z
    .number()
    .int()
    .min(5)
    .max(1440)
    .default(30)
    .describe('The interval in minutes between two sweeps of each cluster.'),
  notifications: z
    .strictObject({
      email: z.email().optional().describe('An address that gets notices and alarms by mail, once it is confirmed.'),
      topicArn: z
        .string()
        .regex(/^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$/, 'not an SNS topic ARN')
        .optional()
        .describe(
          'A topic of yours in place of one of the stack. Its policy must let `cloudwatch.amazonaws.com` publish, and the role of notifier too where it belongs to another account.',
        ),
      chat: z
        .boolean()
        .default(false)
        .describe(
          'Adds a topic for Amazon Q Developer in chat applications: the notices as its custom notifications, and the alarms.',
        ),
      send: z
        .enum(SENDS)
        .default('changes')
        .describe(
          'What people are told: `problems` and their ends; `changes`, which are also pauses and the weekly digest; or `all`, which is also each ended run that is no sweep.',
        ),
    })
    .prefault({})
    .describe('The notices for people.'),
  alarms: z
    .boolean()
    .default(true)
    .describe('Adds the alarms about fleetmend itself. Those about the nodes are `signals.alarms`.'),
  dashboard: z.boolean().default(true).describe('Adds a dashboard of CloudWatch.'),
  savedQueries: z
    .boolean()
    .default(true)
    .describe('Adds saved queries of CloudWatch Logs Insights over the logs of the functions.'),
  signals: z
    .strictObject(signalSwitches)
    .prefault({})
    .describe('Switches of signals. Logs, sweeps and the event `Node Symptom` are always received.'),
  logRetentionDays: LogRetentionDays.default(90).describe(
    'How many days the logs of the functions are kept. Their groups stay when the stack is deleted.',
  ),
  kmsKeyArn: z
    .string()
    .regex(
      /^arn:(?:aws|aws-cn|aws-us-gov):kms:[a-z0-9-]+:\d{12}:key\/(?:mrk-[0-9a-f]{32}|[0-9a-f-]{36})$/,
      'not the ARN of a KMS key: arn:<partition>:kms:<Region>:<account>:key/<id>; an alias does not do',
    )
    .optional()
    .describe(
      "A symmetric key of yours, in this account and Region, for the table, the queues, the topics and the logs of the functions. Its policy must let services use it. Without it AWS's own keys are used.",
    ),
  vpc: Vpc.optional().describe('Puts the functions into a VPC of yours.'),
  useFipsEndpoint: z
    .boolean()
    .default(false)
    .describe(`Lets the functions call the FIPS endpoints of AWS, in ${FIPS_REGIONS.join(', ')}.`),
  logLevel: z
    .enum(['DEBUG', 'INFO', 'WARN', 'ERROR'])
    .default('INFO')
    .describe('The lowest level of the log lines that the functions write.'),
  functions: z
    .strictObject({
      architecture: z.enum(['arm64', 'x86_64']).default('arm64').describe('The instruction set of the functions.'),
      memoryMegabytes: z
        .partialRecord(z.enum(FUNCTION_NAMES), MemoryMegabytes.describe('The memory of this function.'))
        .default({})
        .describe(`The memory of functions, by their names, in place of ${DEFAULT_MEMORY_MEGABYTES}.`),
    })
    .prefault({})
    .describe('Settings of the Lambda functions.'),
  maxConcurrency: z
    .strictObject({
      'signal-intake': MaxConcurrency.default(5).describe('Copies of signal-intake on its queue.'),
      'command-tracker': MaxConcurrency.default(5).describe('Copies of command-tracker on its queue.'),
      'run-controller': MaxConcurrency.default(5).describe(
        'Copies of run-controller on its queue. It bounds the rate of calls of SSM.',
      ),
      'log-classifier': z
        .union([MaxConcurrency, z.literal('unreserved')], '2 to 1,000 copies, or unreserved')
        .default(5)
        .describe(
          "Copies that are reserved for log-classifier; `unreserved` where the account's quota leaves none to reserve.",
        ),
      /** One, so that a slow tick is not overtaken. Two copies do no harm: they do the same work twice. */
      scheduler: z
        .union([z.literal(1), z.literal('unreserved')], '1 or unreserved')
        .default(1)
        .describe("One copy is reserved for scheduler; `unreserved` where the account's quota leaves none to reserve."),
    })
    .prefault({})
    .describe('How many copies of a function may work at once.'),
  documentVariants: z
    .array(z.string())
    .default([])
    .describe(
      'Variants of repair documents, by their keys, that run-controller may send besides `<remediation>-repair`.',
    ),
});
export type Config = z.infer<typeof Config>;
/** The configuration as a user writes it: fields with a default are optional. */
export type ConfigInput = z.input<typeof Config>;

/** Types a configuration file: `export const config = defineConfig({ … })`. */
export const defineConfig = (config: ConfigInput): ConfigInput => config;

const policyInput = (config: Config) => ({
  clusters: config.clusters.map(({ logGroups: _groups, ...policy }) => policy),
  limits: config.limits,
});

/** The part of the configuration that the functions read as their policy. */
export const policyOf = (config: Config): Policy => Policy.parse(policyInput(config));

/**
 * The name of a stack's subscription filter on each log group. CloudWatch Logs identifies a filter by group and name, so
 * two stacks with one name for it would overwrite each other's.
 */
export const subscriptionFilterName = (stackName: string): string => stackName;

/** The name of the metric filter that a stack puts on the log groups of a cluster. */
export const metricFilterName = (stackName: string, cluster: string): string =>
  `${stackName}-${cluster}-sandbox-failures`;

/**
 * The reason why a log group gets no filter of one kind, or of both. `missing`: there is no such group. `class`: its log
 * class takes no filters (CloudWatch Logs user guide, "Log classes"). `full`: it has as many subscription filters as it
 * may; it gets a metric filter. `metric-filters`: it has as many metric filters as it may; it gets a subscription filter.
 */
export type SkipReason = 'missing' | 'class' | 'full' | 'metric-filters';

/** A log group of the configuration without one of its filters, and the reason; a group may have two. */
export type SkippedLogGroup = { readonly logGroup: string; readonly reason: SkipReason };
