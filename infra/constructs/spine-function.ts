import { Annotations, type Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { defined } from '../../core/model/defined.ts';
import type { FunctionName } from '../bundle.ts';
import { type Config, DEFAULT_MEMORY_MEGABYTES } from '../config.ts';
import { capabilitiesOf } from '../regions.ts';
import type { CustomerKey } from './customer-key.ts';
import { networkStatements } from './network.ts';

/** How an asynchronous function is retried before its event goes to the dead-letter queue. */
export type AsynchronousProps = {
  readonly dead: sqs.IQueue;
  readonly retryAttempts: number;
  readonly maxEventAge: Duration;
};

/** The properties of one function of the pipeline. */
export type SpineFunctionProps = {
  readonly name: FunctionName;
  readonly config: Config;
  /** The folder with `index.mjs` and, where the function reads them, `settings.json`. */
  readonly codeFolder: string;
  readonly timeout: Duration;
  readonly environment: Readonly<Record<string, string>>;
  /** Its permissions besides writing its own log. */
  readonly statements: readonly iam.PolicyStatement[];
  /** A key of the user's, which encrypts what the function uses. */
  readonly key: CustomerKey | undefined;
  /** Given for a function that is invoked asynchronously. */
  readonly asynchronous?: AsynchronousProps;
};

/** The warning about a template whose function `run-controller` cannot be marked as recursive on purpose. */
const NO_RECURSIVE_LOOP =
  'the template does not set RecursiveLoop on the function run-controller, because not every Region has the property. In a ' +
  "commercial Region, Lambda's recursive loop detection may stop a chain of runs after about 16 messages through SQS; " +
  'set region in the configuration and deploy again';

/** How many copies are taken from the account's for a function; undefined where it has none of its own. */
const reservedCopies = (name: FunctionName, { maxConcurrency }: Config): number | undefined => {
  if (name !== 'log-classifier' && name !== 'scheduler') return undefined;
  const copies = maxConcurrency[name];
  return copies === 'unreserved' ? undefined : copies;
};

/** One Lambda function with its own role and log group. */
export class SpineFunction extends Construct {
  readonly fn: lambda.Function;
  readonly role: iam.Role;
  readonly logGroup: logs.ILogGroup;

  constructor(scope: Construct, id: string, props: SpineFunctionProps) {
    super(scope, id);
    const { name, config } = props;
    const { stackName } = Stack.of(this);
    const functionName = `${stackName}-${name}`;
    const { recursiveLoop, tracing } = capabilitiesOf(Stack.of(this).region);

    const logGroup = new logs.LogGroup(this, 'Logs', {
      logGroupName: `/aws/lambda/${functionName}`,
      retention: config.logRetentionDays,
      ...defined({ encryptionKey: props.key?.key }),
      // The record of the actions outlives the stack. A deployment after its removal takes the group over by its name.
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    this.logGroup = logGroup;
    this.role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: `fleetmend: what the function ${name} may do`,
    });
    this.role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      }),
    );
    if (config.vpc !== undefined)
      for (const statement of networkStatements(functionName)) this.role.addToPolicy(statement);
    props.key?.usedBy(this.role, name === 'notifier');
    for (const statement of props.statements) this.role.addToPolicy(statement);

    this.fn = new lambda.Function(this, 'Function', {
      functionName,
      role: this.role,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: config.functions.architecture === 'arm64' ? lambda.Architecture.ARM_64 : lambda.Architecture.X86_64,
      code: lambda.Code.fromAsset(props.codeFolder),
      handler: 'index.handler',
      timeout: props.timeout,
      memorySize: config.functions.memoryMegabytes[name] ?? DEFAULT_MEMORY_MEGABYTES,
      environment: {
        NODE_OPTIONS: '--enable-source-maps',
        POWERTOOLS_SERVICE_NAME: stackName,
        POWERTOOLS_METRICS_NAMESPACE: stackName,
        POWERTOOLS_LOG_LEVEL: config.logLevel,
        ...(config.useFipsEndpoint ? { AWS_USE_FIPS_ENDPOINT: 'true' } : {}),
        ...props.environment,
      },
      ...(tracing === 'yes' ? { tracing: lambda.Tracing.ACTIVE } : {}),
      // run-controller wakes itself through its queue by design; Lambda would detect a long run as a recursive loop.
      ...(name === 'run-controller' && recursiveLoop === 'yes' ? { recursiveLoop: lambda.RecursiveLoop.ALLOW } : {}),
      ...defined({ reservedConcurrentExecutions: reservedCopies(name, config) }),
      ...(props.asynchronous === undefined
        ? {}
        : {
            deadLetterQueue: props.asynchronous.dead,
            retryAttempts: props.asynchronous.retryAttempts,
            maxEventAge: props.asynchronous.maxEventAge,
          }),
    });
    if (name === 'run-controller' && recursiveLoop === 'unknown') {
      Annotations.of(this.fn).addWarningV2('fleetmend:recursive-loop', NO_RECURSIVE_LOOP);
    }
    if (config.vpc !== undefined) {
      // By ids: an imported VPC of the CDK needs Availability Zones and route tables, which it would look up.
      const { defaultChild } = this.fn.node;
      if (defaultChild instanceof lambda.CfnFunction) defaultChild.vpcConfig = config.vpc;
    }
    // Without this Lambda could make the group first, with no retention.
    this.fn.node.addDependency(logGroup);
  }

  /** Makes a queue the event source of the function; SQS redelivers only the failed messages of a batch. */
  worksOn(
    queue: sqs.IQueue,
    options: {
      readonly batchSize: number;
      readonly maxConcurrency: number;
      readonly maxBatchingWindow?: Duration;
    },
  ): void {
    this.fn.addEventSource(new SqsEventSource(queue, { ...options, reportBatchItemFailures: true }));
  }
}
