import { GetKeyPolicyCommand, type KMSClient } from '@aws-sdk/client-kms';
import * as z from 'zod';
import { LOG_GROUP_CONTEXT, PUBLISHES, WRITES_LOGS } from '../key-needs.ts';
import { EXIT, firstLine, UserError } from '../user-error.ts';

const Words = z.union([z.string().transform((word) => [word]), z.array(z.string())]);
const Statement = z.looseObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Principal: z.union([z.literal('*'), z.record(z.string(), Words)]).optional(),
  Action: Words.optional(),
  Condition: z.record(z.string(), z.record(z.string(), Words)).default({}),
});
type Statement = z.infer<typeof Statement>;
const KeyPolicy = z.object({
  Statement: z.union([Statement.transform((one) => [one]), z.array(Statement)]),
});

/** The stack whose services use the key. */
export type KeyUser = {
  readonly region: string;
  readonly account: string;
  readonly stackName: string;
};

/** What a service needs, what fails without it, and the statement that allows it. */
type Need = {
  readonly service: string;
  readonly actions: readonly string[];
  /** The actions as AWS's documentation grants them. */
  readonly grants: readonly string[];
  readonly without: string;
  /** The log group that the service names with each call. */
  readonly logGroup?: string;
};

/** The calls behind the grants for CloudWatch Logs. */
const LOGS_CALLS = ['Encrypt', 'Decrypt', 'ReEncryptFrom', 'ReEncryptTo', 'GenerateDataKey', 'DescribeKey'].map(
  (call) => `kms:${call}`,
);

const needsOf = (partition: string, { region, account, stackName }: KeyUser): readonly Need[] => [
  {
    service: 'events.amazonaws.com',
    ...{ actions: PUBLISHES, grants: PUBLISHES },
    without: 'rules cannot send events to the queues, nor notices to the topic',
  },
  {
    service: 'cloudwatch.amazonaws.com',
    ...{ actions: PUBLISHES, grants: PUBLISHES },
    without: 'alarms reach nobody',
  },
  {
    service: `logs.${region}.amazonaws.com${partition === 'aws-cn' ? '.cn' : ''}`,
    ...{ actions: LOGS_CALLS, grants: WRITES_LOGS },
    without: 'CloudFormation cannot create the log groups of the functions',
    logGroup: `arn:${partition}:logs:${region}:${account}:log-group:/aws/lambda/${stackName}-`,
  },
];

/** A pattern of IAM: `*` is any text, `?` any character. */
const fits = (pattern: string, text: string): boolean =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    'is',
  ).test(text);

const names = ({ Principal }: Statement, service: string): boolean => {
  if (Principal === undefined || Principal === '*') return Principal === '*';
  return [...(Principal.Service ?? []), ...(Principal.AWS ?? []).filter((word) => word === '*')].some(
    (word) => word === '*' || word === service,
  );
};

const POSITIVE = /^(?:StringEquals|StringLike|ArnEquals|ArnLike)$/;

/** Whether every condition of a statement holds for the calls of the service: only log groups can be named by them. */
const holds = ({ Condition }: Statement, { logGroup }: Need): boolean =>
  Object.entries(Condition).every(
    ([operator, keys]) =>
      logGroup !== undefined &&
      POSITIVE.test(operator) &&
      Object.entries(keys).every(
        ([key, patterns]) =>
          key.toLowerCase() === LOG_GROUP_CONTEXT.toLowerCase() &&
          patterns.some((pattern) => pattern.endsWith('*') && fits(pattern, logGroup)),
      ),
  );

const concerns = (statement: Statement, action: string): boolean =>
  (statement.Action ?? []).some((pattern) => fits(pattern, action));

/** The actions that a service needs and the policy does not allow it. A deny without a condition goes before every allow. */
const missing = (statements: readonly Statement[], need: Need): readonly string[] => {
  const own = statements.filter((statement) => names(statement, need.service));
  const isDenied = (action: string): boolean =>
    own.some((s) => s.Effect === 'Deny' && Object.keys(s.Condition).length === 0 && concerns(s, action));
  const isAllowed = (action: string): boolean =>
    own.some((s) => s.Effect === 'Allow' && concerns(s, action) && holds(s, need));
  return need.actions.filter((action) => isDenied(action) || !isAllowed(action));
};

/** The statement that a policy lacks, to copy. */
const statementFor = ({ service, grants, logGroup }: Need): string =>
  JSON.stringify({
    Effect: 'Allow',
    Principal: { Service: service },
    Action: grants,
    Resource: '*',
    ...(logGroup === undefined ? {} : { Condition: { ArnLike: { [LOG_GROUP_CONTEXT]: `${logGroup}*` } } }),
  });

/** What a key's policy does not allow the services of a stack, a line each; none where it allows everything. */
export const keyPolicyProblems = (policy: string, keyArn: string, user: KeyUser): readonly string[] => {
  const { Statement: statements } = KeyPolicy.parse(JSON.parse(policy));
  const [, partition = 'aws'] = keyArn.split(':');
  return needsOf(partition, user).flatMap((need) => {
    const lacking = missing(statements, need);
    return lacking.length === 0
      ? []
      : [
          `kmsKeyArn: the policy of the key does not allow ${need.service} ${lacking.join(', ')}, and ${need.without}: add the statement ${statementFor(need)}`,
        ];
  });
};

const unread = (keyArn: string, thrown: unknown): UserError => {
  const name = thrown instanceof Error ? thrown.name : 'Error';
  return new UserError(
    `cannot read the policy of ${keyArn}: ${name}: ${firstLine(thrown)}; allow kms:GetKeyPolicy, or deploy with -- --trust-key-policy`,
    EXIT.aws,
    thrown,
  );
};

/**
 * Reads the policy of the customer's key (`kms:GetKeyPolicy`), before anything is deployed.
 *
 * @throws UserError with a line for each service that may not use the key, or where the policy cannot be read
 */
export const checkKeyPolicy = async (client: Pick<KMSClient, 'send'>, keyArn: string, user: KeyUser): Promise<void> => {
  let problems: readonly string[];
  try {
    const { Policy = '' } = await client.send(new GetKeyPolicyCommand({ KeyId: keyArn }));
    problems = keyPolicyProblems(Policy, keyArn, user);
  } catch (thrown) {
    throw unread(keyArn, thrown);
  }
  if (problems.length > 0) throw new UserError(problems, EXIT.refused);
};
