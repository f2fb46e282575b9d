import type { CfnTemplate, Resolve } from './cfn-template.ts';
import type { PolicyDocument, Principal } from './iam.ts';

/** The AWS managed policies that the lab supports for the role of a function; any other is an error. */
const MANAGED: Readonly<Record<string, readonly string[]>> = {
  'service-role/AWSLambdaBasicExecutionRole': ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
  'service-role/AWSLambdaSQSQueueExecutionRole': [
    'sqs:ReceiveMessage',
    'sqs:DeleteMessage',
    'sqs:GetQueueAttributes',
    'logs:CreateLogGroup',
    'logs:CreateLogStream',
    'logs:PutLogEvents',
  ],
  AWSXRayDaemonWriteAccess: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
};

type Named = { readonly name: string; readonly policy: PolicyDocument };

const awsManaged = (arn: string): Named => {
  const name = arn.replace(/^arn:[^:]+:iam::aws:policy\//, '');
  const actions = MANAGED[name];
  if (actions === undefined)
    throw new Error(`booting the lab: the managed policy ${arn} is not known; add it to lab/aws/stack-iam.ts`);
  return {
    name,
    policy: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: [...actions], Resource: '*' }] },
  };
};

/** Collects each role's policies: inline, attached, AWS-managed and the stack's managed ones; keyed by the role's name. */
export const rolePolicies = (
  template: CfnTemplate,
  resolve: Resolve,
  refOf: (logicalId: string) => string,
): ReadonlyMap<string, readonly Named[]> => {
  const policies = new Map<string, Named[]>();
  const stackManaged = new Map<string, Named>();
  const attach = (role: string, ...more: readonly Named[]): void => {
    policies.set(role, [...(policies.get(role) ?? []), ...more]);
  };
  const entries = Object.entries(template.Resources);
  for (const [logicalId, resource] of entries) {
    const properties = (resolve(resource.Properties ?? {}) ?? {}) as Readonly<Record<string, unknown>>;
    const roles = (properties.Roles ?? []) as readonly string[];
    const policy = properties.PolicyDocument as PolicyDocument;
    if (resource.Type === 'AWS::IAM::Policy')
      for (const role of roles) attach(role, { name: String(properties.PolicyName), policy });
    if (resource.Type === 'AWS::IAM::ManagedPolicy') {
      stackManaged.set(refOf(logicalId), { name: logicalId, policy });
      for (const role of roles) attach(role, { name: logicalId, policy });
    }
  }
  for (const [logicalId, resource] of entries) {
    if (resource.Type !== 'AWS::IAM::Role') continue;
    const properties = resolve(resource.Properties ?? {}) as Readonly<Record<string, unknown>>;
    const role = refOf(logicalId);
    attach(role);
    for (const inline of (properties.Policies ?? []) as readonly {
      readonly PolicyName: string;
      readonly PolicyDocument: PolicyDocument;
    }[]) {
      attach(role, { name: inline.PolicyName, policy: inline.PolicyDocument });
    }
    for (const arn of (properties.ManagedPolicyArns ?? []) as readonly string[])
      attach(role, stackManaged.get(arn) ?? awsManaged(arn));
  }
  return policies;
};

/** The principal of a function's code: a session of its role, named like the function. */
export const roleSession = (
  roleArn: string,
  sessionName: string,
  policies: ReadonlyMap<string, readonly Named[]>,
): Principal => {
  const [, partition = 'aws', , , account = '', path = ''] = roleArn.split(':');
  const roleName = path.split('/').pop() ?? '';
  const own = policies.get(roleName);
  if (own === undefined)
    throw new Error(`booting the lab: the role ${roleArn} of ${sessionName} is not in the template`);
  return {
    kind: 'role',
    arn: `arn:${partition}:sts::${account}:assumed-role/${roleName}/${sessionName}`,
    principalArn: roleArn,
    policies: own,
  };
};

const list = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

/** The statements of a policy document. */
export const statementsOf = (policy: unknown): readonly unknown[] =>
  list((policy as { Statement?: unknown } | undefined)?.Statement);

/** A Lambda permission as the statement that it adds to the function's policy. */
export const permissionStatement = (properties: Readonly<Record<string, unknown>>, functionArn: string): unknown => {
  const principal = String(properties.Principal);
  return {
    Effect: 'Allow',
    Principal: principal.includes('.amazonaws.com') ? { Service: principal } : { AWS: principal },
    Action: properties.Action,
    Resource: functionArn,
    Condition: {
      ...(properties.SourceArn === undefined ? {} : { ArnLike: { 'AWS:SourceArn': properties.SourceArn } }),
      ...(properties.SourceAccount === undefined
        ? {}
        : { StringEquals: { 'AWS:SourceAccount': properties.SourceAccount } }),
    },
  };
};
