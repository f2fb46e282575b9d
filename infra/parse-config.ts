import * as z from 'zod';
import { Config, DEFAULT_STACK_NAME, FIPS_REGIONS, LogGroup, policyOf } from './config.ts';
import { UserError } from './user-error.ts';

/** A problem of a configuration: `clusters.0.mode: …`. */
type Problem = string;

/** The fields that rules compare. Fields of another form are left out: the schema reports them. */
const Readable = z
  .object({
    account: z.string().optional().catch(undefined),
    region: z.string().optional().catch(undefined),
    stackName: z.string().catch(DEFAULT_STACK_NAME),
    useFipsEndpoint: z.boolean().catch(false),
    kmsKeyArn: z.string().optional().catch(undefined),
    documentVariants: z.array(z.string()).catch([]),
    clusters: z
      .array(
        z
          .object({
            name: z.string().optional().catch(undefined),
            remediations: z.record(z.string(), z.unknown()).catch({}),
            logGroups: z.array(LogGroup).catch([]),
            alarms: z.array(z.string()).catch([]),
          })
          .catch({ remediations: {}, logGroups: [], alarms: [] }),
      )
      .catch([]),
    notifications: z
      .object({ email: z.unknown().optional(), topicArn: z.string().optional().catch(undefined) })
      .catch({}),
  })
  .catch({
    stackName: DEFAULT_STACK_NAME,
    useFipsEndpoint: false,
    documentVariants: [],
    clusters: [],
    notifications: {},
  });
type Readable = z.infer<typeof Readable>;

/** Values that occur in more than one place, with the indexes of their clusters. */
const repeated = (
  clusters: Readable['clusters'],
  valuesOf: (cluster: Readable['clusters'][number]) => readonly string[],
): readonly (readonly [value: string, indexes: readonly number[]])[] => {
  const places = clusters.flatMap((cluster, index) => valuesOf(cluster).map((value) => ({ value, index })));
  return [...Map.groupBy(places, ({ value }) => value)]
    .filter(([, all]) => all.length > 1)
    .map(([value, all]) => [value, all.map(({ index }) => index)] as const);
};

const partitionOf = (region: string): string =>
  region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';

const topicProblems = ({ account, region, notifications: { email, topicArn } }: Readable): readonly Problem[] => {
  if (topicArn === undefined) return [];
  const [, partition, , topicRegion, topicAccount] = topicArn.split(':');
  return [
    ...(email === undefined
      ? []
      : ['notifications: give email or topicArn, not both: subscribe the address to your own topic']),
    ...(region === undefined || (partition === partitionOf(region) && topicRegion === region)
      ? []
      : [
          `notifications.topicArn: a topic of ${partition} ${topicRegion}, and the stack is for ${partitionOf(region)} ${region}: CloudWatch alarms publish to topics of their own Region alone`,
        ]),
    ...(account === undefined || topicAccount === account
      ? []
      : [`notifications.topicArn: a topic of account ${topicAccount}, and the stack is for account ${account}`]),
  ];
};

const keyProblems = ({ account, region, kmsKeyArn }: Readable): readonly Problem[] => {
  const [, partition, , keyRegion, keyAccount] = kmsKeyArn?.split(':') ?? [];
  if (kmsKeyArn === undefined) return [];
  return [
    ...(region === undefined || (partition === partitionOf(region) && keyRegion === region)
      ? []
      : [
          `kmsKeyArn: a key of ${partition} ${keyRegion}, and the stack is for ${partitionOf(region)} ${region}: a service encrypts with keys of its own Region alone`,
        ]),
    ...(account === undefined || keyAccount === account
      ? []
      : [
          `kmsKeyArn: a key of account ${keyAccount}, and the stack is for account ${account}: name one of that account`,
        ]),
  ];
};

const fipsProblems = ({ region, useFipsEndpoint }: Readable): readonly Problem[] =>
  !useFipsEndpoint || FIPS_REGIONS.some((known) => known === region)
    ? []
    : [
        `useFipsEndpoint: ${region === undefined ? 'name the region too: not every Region has' : `${region} lacks`} FIPS endpoints of all services that fleetmend calls; there are some in ${FIPS_REGIONS.join(', ')}`,
      ];

/** The problems between fields, all at once, also where a field is wrong on its own. */
const relations = (readable: Readable, remediations: readonly string[]): readonly Problem[] => {
  const { clusters } = readable;
  return [
    ...repeated(clusters, ({ name }) => (name === undefined ? [] : [name])).map(
      ([name, at]) => `clusters.${at.at(-1)}.name: ${name} is listed twice`,
    ),
    ...repeated(clusters, ({ alarms }) => alarms).map(
      ([alarm, at]) => `clusters.${at.at(-1)}.alarms: ${alarm} is listed twice; an alarm belongs to one cluster`,
    ),
    ...clusters.flatMap(({ logGroups }, i) =>
      [...Map.groupBy(logGroups, ({ name }) => name)].flatMap(([name, entries]) => {
        const kinds = new Set(entries.map(({ kind }) => kind));
        return kinds.size > 1
          ? [`clusters.${i}.logGroups: ${name} is listed with the kinds ${[...kinds].join(' and ')}; give it one`]
          : [];
      }),
    ),
    ...repeated(clusters, ({ logGroups }) => [...new Set(logGroups.map(({ name }) => name))]).map(
      ([group, at]) =>
        `clusters.${at.at(-1)}.logGroups: ${group} is listed by ${at.map((i) => clusters[i]?.name ?? `clusters.${i}`).join(' and ')}; a log group belongs to one cluster`,
    ),
    ...clusters.flatMap((cluster, i) =>
      Object.keys(cluster.remediations)
        .filter((name) => !remediations.includes(name))
        .map((name) => `clusters.${i}.remediations.${name}: no such remediation; there are ${remediations.join(', ')}`),
    ),
    ...readable.documentVariants
      .filter((key) => !remediations.some((name) => key.startsWith(`${name}-repair-`)))
      .map((key) => `documentVariants: ${key} is no variant of a repair document: <remediation>-repair-<variant>`),
    ...topicProblems(readable),
    ...fipsProblems(readable),
    ...keyProblems(readable),
  ];
};

/** A part of a JSON schema, as far as it is walked to find the fields of an object. */
type Shape = {
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
  readonly additionalProperties?: Shape | boolean;
  /** The keys that a record takes. */
  readonly propertyNames?: { readonly enum?: readonly string[] };
};

/** The names of the fields that the configuration has at a path. */
const fieldsAt = (path: readonly PropertyKey[]): readonly string[] => {
  let at: Shape | undefined = z.toJSONSchema(Config, { io: 'input' }) as Shape;
  for (const key of path) {
    const more: Shape | boolean | undefined = at?.additionalProperties;
    at =
      typeof key === 'number'
        ? at?.items
        : (at?.properties?.[String(key)] ?? (typeof more === 'object' ? more : undefined));
  }
  return at?.propertyNames?.enum ?? Object.keys(at?.properties ?? {}).filter((name) => name !== '$schema');
};

const problemsOf = (error: z.ZodError): readonly Problem[] =>
  error.issues.flatMap((issue) => {
    const at = issue.path.join('.');
    // A remediation that does not exist is named by the relations, whatever its form.
    if (issue.code === 'invalid_key' && issue.path.includes('remediations')) return [];
    if (issue.code !== 'unrecognized_keys') return [`${at || '(top)'}: ${issue.message}`];
    const fields = fieldsAt(issue.path);
    return issue.keys.map(
      (key) => `${at === '' ? key : `${at}.${key}`}: no such field; there are ${fields.join(', ')}`,
    );
  });

/** The additional rules for a deployment; a template needs none of them. */
export type DeploymentRules = {
  /** The example, which cannot be deployed. */
  readonly example: Config;
};

const deploymentProblems = (readable: Readable, { example }: DeploymentRules): readonly Problem[] => [
  ...(readable.account === undefined ? ['account: name the AWS account to deploy to, 12 digits in quotes'] : []),
  ...(readable.region === undefined ? ['region: name the Region to deploy to, for example eu-west-1'] : []),
  ...(readable.account !== undefined && readable.account === example.account
    ? [`account: ${readable.account} is the example's: write your own`]
    : []),
  ...readable.clusters.flatMap(({ name }, i) =>
    example.clusters.some((cluster) => cluster.name === name)
      ? [`clusters.${i}.name: ${name} is the example's: write the name of your cluster`]
      : [],
  ),
];

/**
 * Reads a configuration.
 *
 * @param file names the configuration in errors
 * @param remediations names in the registry; a policy for any other is a typing error
 * @param rules given where it is to be deployed
 * @throws UserError with a line for every wrong field
 */
export const parseConfig = (
  input: unknown,
  remediations: readonly string[],
  file = 'the configuration',
  rules?: DeploymentRules,
): Config => {
  const parsed = Config.safeParse(input);
  const readable = Readable.parse(input);
  const found = [...(parsed.success ? [] : problemsOf(parsed.error)), ...relations(readable, remediations)];
  // One line a field: a wrong form is reported before a rule of the deployment.
  const fields = new Set(found.map((problem) => problem.split(':', 1)[0]));
  const asked = rules === undefined || fields.has('(top)') ? [] : deploymentProblems(readable, rules);
  const wrong = [...found, ...asked.filter((problem) => !fields.has(problem.split(':', 1)[0] ?? ''))];
  if (!parsed.success || wrong.length > 0) throw new UserError(wrong.map((problem) => `${file}: ${problem}`));
  policyOf(parsed.data);
  return parsed.data;
};
