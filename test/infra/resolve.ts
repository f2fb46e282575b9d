import * as z from 'zod';
import { type Resource, resourcesOf, type Template } from './synthesized.ts';

/** Account of the resolved template. */
export const ACCOUNT = '123456789012';
const REGION = 'eu-west-1';

const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': REGION,
  'AWS::AccountId': ACCOUNT,
  'AWS::URLSuffix': 'amazonaws.com',
};

const regional = (service: string, rest: string): string => `arn:aws:${service}:${REGION}:${ACCOUNT}:${rest}`;

/** The ARN that AWS would give a resource; made-up names are the logical id. */
export const arnOf = (template: Template, logicalId: string): string => {
  const resource: Resource | undefined = template.Resources[logicalId];
  if (resource === undefined) throw new Error(`resolving ${logicalId}: no such resource`);
  const name = (property: string): string => String(resource.Properties[property] ?? logicalId);
  switch (resource.Type) {
    case 'AWS::DynamoDB::Table':
      return regional('dynamodb', `table/${logicalId}`);
    case 'AWS::SQS::Queue':
      return regional('sqs', name('QueueName'));
    case 'AWS::Events::EventBus':
      return regional('events', `event-bus/${name('Name')}`);
    case 'AWS::Events::Rule': {
      // A rule of another bus than the default one has the bus's name in its ARN.
      const bus = resource.Properties.EventBusName;
      const path = bus === undefined ? '' : `${arnOf(template, Ref.parse(bus).Ref).replace(/^.*event-bus\//, '')}/`;
      return regional('events', `rule/${path}${name('Name')}`);
    }
    case 'AWS::IAM::Role':
      return `arn:aws:iam::${ACCOUNT}:role/${logicalId}`;
    case 'AWS::Lambda::Function':
      return regional('lambda', `function:${name('FunctionName')}`);
    case 'AWS::Lambda::Alias':
      return `${arnOf(template, Ref.parse(resource.Properties.FunctionName).Ref)}:${name('Name')}`;
    case 'AWS::Logs::LogGroup':
      return regional('logs', `log-group:${name('LogGroupName')}:*`);
    case 'AWS::SNS::Topic':
      return regional('sns', name('TopicName'));
    default:
      throw new Error(`resolving ${logicalId}: add the ARN of ${resource.Type}`);
  }
};

const Ref = z.strictObject({ Ref: z.string() });
const Join = z.strictObject({ 'Fn::Join': z.tuple([z.string(), z.array(z.unknown())]) });
const GetArn = z.strictObject({ 'Fn::GetAtt': z.tuple([z.string(), z.literal('Arn')]) });

/** A template value with its intrinsic functions worked out. */
export const resolve = (template: Template, value: unknown): unknown => {
  const ref = Ref.safeParse(value);
  if (ref.success) return PSEUDO[ref.data.Ref] ?? arnOf(template, ref.data.Ref);
  const join = Join.safeParse(value);
  if (join.success) {
    const [separator, parts] = join.data['Fn::Join'];
    return parts.map((part) => String(resolve(template, part))).join(separator);
  }
  const getArn = GetArn.safeParse(value);
  if (getArn.success) return arnOf(template, getArn.data['Fn::GetAtt'][0]);
  if (Array.isArray(value)) return value.map((inner) => resolve(template, inner));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolve(template, inner)]));
};

const OneOrMore = z.union([z.string().transform((one) => [one]), z.array(z.string())]);

/** A statement of a policy, resolved. */
export const Statement = z.object({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: OneOrMore,
  Resource: OneOrMore.optional(),
  Principal: z.unknown().optional(),
  Condition: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
});
export type Statement = z.infer<typeof Statement>;

const Document = z.object({ Statement: z.array(Statement) });

/** The statements of a policy document of the template, resolved. */
export const statementsOf = (template: Template, document: unknown): readonly Statement[] =>
  Document.parse(resolve(template, document)).Statement;

/** The role of a function: its ARN and its permissions. */
export const roleOf = (template: Template, functionName: string) => {
  const fn = resourcesOf(template, 'AWS::Lambda::Function').find(
    ([, { Properties }]) => Properties.FunctionName === `fleetmend-${functionName}`,
  );
  if (fn === undefined) throw new Error(`looking for the role of ${functionName}: no such function`);
  const arn = String(resolve(template, fn[1].Properties.Role));
  const statements = resourcesOf(template, 'AWS::IAM::Policy')
    .filter(([, { Properties }]) =>
      z
        .array(z.unknown())
        .parse(Properties.Roles)
        .some((role) => resolve(template, role) === arn),
    )
    .flatMap(([, { Properties }]) => statementsOf(template, Properties.PolicyDocument));
  return { arn, statements };
};
