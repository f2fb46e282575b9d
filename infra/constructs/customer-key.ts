import { Aws, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { LOG_GROUP_CONTEXT, PUBLISHES, WRITES_LOGS } from '../key-needs.ts';

/** What SQS and DynamoDB need of a key in the name of a function that uses a queue or the table. */
const USES = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];

/**
 * A key of the user's for the table, the queues, the topic and the logs. The key's own policy decides about the services: those
 * who call SNS and SQS in nobody's name, and CloudWatch Logs. docs/security.md has it to copy.
 */
export class CustomerKey extends Construct {
  readonly key: kms.IKey;

  constructor(scope: Construct, id: string, props: { readonly keyArn: string; readonly namePrefix: string }) {
    super(scope, id);
    this.key = kms.Key.fromKeyArn(this, 'Key', props.keyArn);
    this.statements = keyPolicy(props.namePrefix);
  }

  /** What the policy of the key must hold, as an output of the stack shows it. */
  readonly statements: readonly iam.PolicyStatement[];

  /** The key of a configuration; undefined where it names none. */
  static of(scope: Construct, id: string, { kmsKeyArn }: Config, namePrefix: string): CustomerKey | undefined {
    return kmsKeyArn === undefined ? undefined : new CustomerKey(scope, id, { keyArn: kmsKeyArn, namePrefix });
  }

  /** Lets a function use the key through the services that hold its data; one that publishes, through SNS too. */
  usedBy(role: iam.Role, publishes: boolean): void {
    // China has the service names with either suffix. Source: AWS KMS developer guide, kms:ViaService.
    const via = ['dynamodb', 'sqs', ...(publishes ? ['sns'] : [])].flatMap((service) => [
      `${service}.${Aws.REGION}.amazonaws.com`,
      `${service}.${Aws.REGION}.amazonaws.com.cn`,
    ]);
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: USES,
        resources: [this.key.keyArn],
        conditions: { StringEquals: { 'kms:ViaService': via } },
      }),
    );
  }

  /** The statements as JSON, which CloudFormation completes. */
  asJson(): string {
    return Stack.of(this).toJsonString(this.statements.map((statement) => statement.toStatementJson()));
  }
}

/**
 * The statements that the policy of a key needs. Those about events and alarms have no condition on the source: the keys for it are not
 * supported for encrypted topics (SNS developer guide, "Encrypting Amazon SNS topics"). The policies of the queues and the topic
 * have them.
 */
const keyPolicy = (namePrefix: string): readonly iam.PolicyStatement[] => [
  new iam.PolicyStatement({
    sid: 'PoliciesOfTheAccountDecide',
    principals: [new iam.AccountRootPrincipal()],
    actions: ['kms:*'],
    resources: ['*'],
  }),
  new iam.PolicyStatement({
    sid: 'RulesAndAlarmsSendToQueuesAndTheTopic',
    principals: [
      new iam.ServicePrincipal('events.amazonaws.com'),
      new iam.ServicePrincipal('cloudwatch.amazonaws.com'),
    ],
    actions: [...PUBLISHES],
    resources: ['*'],
  }),
  new iam.PolicyStatement({
    sid: 'TheLogsOfTheFunctions',
    // logs.<region>.amazonaws.com, in China logs.<region>.amazonaws.com.cn.
    principals: [new iam.ServicePrincipal(`logs.${Aws.REGION}.${Aws.URL_SUFFIX}`)],
    actions: [...WRITES_LOGS],
    resources: ['*'],
    conditions: {
      ArnLike: {
        [LOG_GROUP_CONTEXT]: `arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:log-group:/aws/lambda/${namePrefix}-*`,
      },
    },
  }),
];
