import type { CfnResource, PhysicalIds, Resolve, StackPlace } from './cfn-template.ts';

type Naming = (
  name: string,
  place: StackPlace,
  properties: Readonly<Record<string, unknown>>,
  resolve: Resolve,
) => PhysicalIds;

type TypeNaming = { readonly nameProperty?: string; readonly ids: Naming };

const arn = (place: StackPlace, service: string, rest: string, global = false): string =>
  `arn:${place.partition}:${service}:${global ? '' : place.region}:${place.account}:${rest}`;

const withArn =
  (service: string, prefix: string, global = false): Naming =>
  (name, place) => ({ ref: name, attributes: { Arn: arn(place, service, `${prefix}${name}`, global) } });

const nothing: Naming = (name) => ({ ref: name, attributes: { Id: name } });

/** The identifiers of each resource type. A type that is missing here is not supported. */
const TYPES: Readonly<Record<string, TypeNaming>> = {
  'AWS::SQS::Queue': {
    nameProperty: 'QueueName',
    ids: (name, place) => ({
      ref: `${place.endpointUrl}/${place.account}/${name}`,
      attributes: {
        Arn: arn(place, 'sqs', name),
        QueueName: name,
        QueueUrl: `${place.endpointUrl}/${place.account}/${name}`,
      },
    }),
  },
  'AWS::DynamoDB::Table': { nameProperty: 'TableName', ids: withArn('dynamodb', 'table/') },
  'AWS::IAM::Role': {
    nameProperty: 'RoleName',
    ids: (name, place) => ({
      ref: name,
      attributes: { Arn: arn(place, 'iam', `role/${name}`, true), RoleId: `AROA${name}` },
    }),
  },
  'AWS::IAM::ManagedPolicy': {
    nameProperty: 'ManagedPolicyName',
    ids: (name, place) => ({
      ref: arn(place, 'iam', `policy/${name}`, true),
      attributes: { PolicyArn: arn(place, 'iam', `policy/${name}`, true) },
    }),
  },
  'AWS::Lambda::Function': { nameProperty: 'FunctionName', ids: withArn('lambda', 'function:') },
  'AWS::Lambda::Alias': {
    ids: (_name, place, p, resolve) => {
      const of = arn(place, 'lambda', `function:${String(resolve(p.FunctionName))}`);
      return { ref: `${of}:${String(p.Name)}`, attributes: {} };
    },
  },
  'AWS::SNS::Topic': {
    nameProperty: 'TopicName',
    ids: (name, place) => ({
      ref: arn(place, 'sns', name),
      attributes: { TopicArn: arn(place, 'sns', name), TopicName: name },
    }),
  },
  'AWS::Events::EventBus': {
    nameProperty: 'Name',
    ids: (name, place) => ({ ref: name, attributes: { Arn: arn(place, 'events', `event-bus/${name}`), Name: name } }),
  },
  'AWS::Events::Rule': {
    nameProperty: 'Name',
    ids: (name, place, properties, resolve) => {
      const bus = String(resolve(properties.EventBusName ?? 'default')).replace(/^.*event-bus\//, '');
      const path = bus === 'default' ? name : `${bus}/${name}`;
      return {
        ref: bus === 'default' ? name : `${bus}|${name}`,
        attributes: { Arn: arn(place, 'events', `rule/${path}`) },
      };
    },
  },
  'AWS::SSM::Document': { nameProperty: 'Name', ids: (name) => ({ ref: name, attributes: {} }) },
  'AWS::Logs::LogGroup': {
    nameProperty: 'LogGroupName',
    ids: (name, place) => ({ ref: name, attributes: { Arn: `${arn(place, 'logs', `log-group:${name}`)}:*` } }),
  },
  'AWS::CloudWatch::Alarm': { nameProperty: 'AlarmName', ids: withArn('cloudwatch', 'alarm:') },
  'AWS::CloudWatch::CompositeAlarm': { nameProperty: 'AlarmName', ids: withArn('cloudwatch', 'alarm:') },
  'AWS::KMS::Key': {
    ids: (name, place) => ({ ref: name, attributes: { Arn: arn(place, 'kms', `key/${name}`), KeyId: name } }),
  },
  'AWS::IAM::Policy': { nameProperty: 'PolicyName', ids: nothing },
  'AWS::Lambda::Permission': { ids: nothing },
  'AWS::Lambda::EventInvokeConfig': { ids: nothing },
  'AWS::Lambda::EventSourceMapping': { ids: nothing },
  'AWS::SQS::QueuePolicy': { ids: nothing },
  'AWS::SNS::TopicPolicy': { ids: nothing },
  'AWS::SNS::Subscription': { ids: nothing },
  'AWS::Events::EventBusPolicy': { ids: nothing },
  'AWS::Logs::SubscriptionFilter': { ids: nothing },
  'AWS::Logs::MetricFilter': { ids: nothing },
  'AWS::Logs::QueryDefinition': { ids: nothing },
  'AWS::CloudWatch::Dashboard': { ids: nothing },
  'AWS::KMS::Alias': { ids: nothing },
  'AWS::CDK::Metadata': { ids: nothing },
};

/** Types that the lab accepts and ignores: no behaviour of fleetmend depends on them. */
export const IRRELEVANT_TYPES: ReadonlySet<string> = new Set([
  'AWS::CloudWatch::Dashboard',
  'AWS::Logs::LogGroup',
  'AWS::Logs::QueryDefinition',
  'AWS::KMS::Key',
  'AWS::KMS::Alias',
  'AWS::SNS::Subscription',
  'AWS::CDK::Metadata',
]);

/** Names a resource as CloudFormation would; a queue's URL gets the lab's endpoint once that is known. */
export const physicalIds = (
  logicalId: string,
  resource: CfnResource,
  place: StackPlace,
  resolve: Resolve,
): PhysicalIds => {
  const type = TYPES[resource.Type];
  if (type === undefined) {
    throw new Error(
      `booting the lab: ${logicalId} has the type ${resource.Type}, which the lab does not support; teach it in lab/aws/cfn-ids.ts`,
    );
  }
  const properties = resource.Properties ?? {};
  const given = type.nameProperty === undefined ? undefined : properties[type.nameProperty];
  const fifo = properties.FifoQueue === true ? '.fifo' : '';
  const name = given === undefined ? `${place.stackName}-${logicalId}${fifo}` : String(resolve(given));
  return type.ids(name, place, properties, resolve);
};
