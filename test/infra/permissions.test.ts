import { runSimulation } from '@cloud-copilot/iam-simulate';
import { describe, expect, it } from 'vitest';
import { documentName } from '../../events/ssm-command.ts';
import { keys } from '../../functions/adapters/table/keys.ts';
import { FUNCTION_NAMES, type FunctionName } from '../../infra/bundle.ts';
import { ACCOUNT, arnOf, roleOf, type Statement, statementsOf } from './resolve.ts';
import { CONFIG, DOCUMENTS, resourceNamed, resourcesOf, synthesize, type Template } from './synthesized.ts';

const { template } = synthesize(CONFIG, 'eu-west-1');
const tableArn = arnOf(template, resourcesOf(template, 'AWS::DynamoDB::Table')[0]?.[0] ?? '');
const INSTANCE = `arn:aws:ec2:eu-west-1:${ACCOUNT}:instance/i-0123456789abcdef0`;
const documentArn = (key: string): string =>
  `arn:aws:ssm:eu-west-1:${ACCOUNT}:document/${documentName('fleetmend', key, DOCUMENTS.find((d) => d.key === key)?.sha256 ?? '')}`;

/** Whether IAM lets a function's role do something. */
const mayIn = async (
  of: Template,
  name: FunctionName,
  action: string,
  resource: string,
  contextVariables: Record<string, string | string[]> = {},
  resourcePolicy?: readonly Statement[],
): Promise<boolean> => {
  const { arn, statements } = roleOf(of, name);
  const policy = (list: readonly Statement[]) => ({ Version: '2012-10-17', Statement: [...list] });
  const answer = await runSimulation(
    {
      request: {
        principal: `${arn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/session`,
        action,
        resource: { resource, accountId: ACCOUNT },
        contextVariables: { 'aws:PrincipalArn': arn, 'aws:SecureTransport': 'true', ...contextVariables },
      },
      identityPolicies: [{ name: 'role', policy: policy(statements) }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(resourcePolicy === undefined ? {} : { resourcePolicy: policy(resourcePolicy) }),
    },
    {},
  );
  if (answer.resultType === 'error') throw new Error(`simulating ${action}: ${JSON.stringify(answer.errors)}`);
  return answer.overallResult === 'Allowed';
};
const may = (name: FunctionName, action: string, resource: string, context?: Record<string, string | string[]>) =>
  mayIn(template, name, action, resource, context);
const whoMay = async (action: string, resource: string, context?: Record<string, string | string[]>) => {
  const answers = await Promise.all(FUNCTION_NAMES.map((name) => may(name, action, resource, context)));
  return FUNCTION_NAMES.filter((_, i) => answers[i]);
};
const touching = (pk: string) => ({ 'dynamodb:LeadingKeys': [pk] });

describe('the audit table', () => {
  const result = touching(keys.results('r1'));

  it.each(['UpdateItem', 'DeleteItem', 'BatchWriteItem'])('lets nobody %s a result', async (action) => {
    expect(await whoMay(`dynamodb:${action}`, tableArn, result)).toEqual([]);
  });

  it.each(['Scan', 'PartiQLUpdate', 'PartiQLDelete', 'DeleteTable', 'UpdateTable'])(
    'lets nobody %s',
    async (action) => {
      expect(await whoMay(`dynamodb:${action}`, tableArn)).toEqual([]);
    },
  );

  it('accepts results from run-controller, command-tracker and scheduler', async () => {
    expect(await whoMay('dynamodb:PutItem', tableArn, result)).toEqual([
      'command-tracker',
      'run-controller',
      'scheduler',
    ]);
  });

  it.each([
    [keys.lane('shop/pause-image').pk, ['signal-intake', 'operator-api', 'run-controller', 'scheduler']],
    [keys.run('r1').pk, ['operator-api', 'command-tracker', 'run-controller', 'scheduler']],
    [keys.cluster('shop').pk, ['run-controller']],
    [keys.command('c1').pk, ['command-tracker', 'run-controller']],
    [keys.pause('ALL').pk, ['operator-api']],
    // run-controller stores the list of nodes of a sweep or a signal, each only where there is none.
    [keys.request('q1').pk, ['operator-api', 'run-controller']],
  ])('lets only these put rows below %s', async (pk, expected) => {
    expect(await whoMay('dynamodb:PutItem', tableArn, touching(pk))).toEqual(expected);
  });

  it('lets only run-controller delete rows, and only those of lanes', async () => {
    expect(await whoMay('dynamodb:DeleteItem', tableArn, touching(keys.lane('l').pk))).toEqual(['run-controller']);
    for (const { pk } of [keys.run('r1'), keys.command('c1'), keys.cluster('c'), keys.nodeState('i', 'r')]) {
      expect(await whoMay('dynamodb:DeleteItem', tableArn, touching(pk))).toEqual([]);
    }
  });

  it('does not let a request pass by touching an allowed and a forbidden row at once', async () => {
    const both = { 'dynamodb:LeadingKeys': [keys.nodeState('i', 'r').pk, keys.digests('2026-08-22')] };
    expect(await may('run-controller', 'dynamodb:BatchGetItem', tableArn, touching(keys.nodeState('i', 'r').pk))).toBe(
      true,
    );
    expect(await may('run-controller', 'dynamodb:BatchGetItem', tableArn, both)).toBe(false);
  });

  it('lets report read everything and write nothing', async () => {
    const { statements } = roleOf(template, 'audit-query');
    const actions = statements.flatMap(({ Action }) => Action).filter((action) => action.startsWith('dynamodb:'));
    expect(actions.sort()).toEqual(['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query']);
    expect(await may('audit-query', 'dynamodb:Query', `${tableArn}/index/byReason`, touching('REASON#x'))).toBe(true);
  });

  it('lets scheduler query the index of open work and quarantines, and no other', async () => {
    const index = `${tableArn}/index/byDue`;
    expect(await may('scheduler', 'dynamodb:Query', index, touching('OPEN#1'))).toBe(true);
    expect(await may('scheduler', 'dynamodb:Query', index, touching('QUARANTINE'))).toBe(true);
    expect(await may('scheduler', 'dynamodb:Query', index, touching('LETTERS'))).toBe(false);
    expect(await may('run-controller', 'dynamodb:Query', index, touching('OPEN#1'))).toBe(false);
  });
});

describe('running commands on nodes', () => {
  const tagged = (tags: Record<string, string>) =>
    Object.fromEntries(Object.entries(tags).map(([tag, value]) => [`ssm:resourceTag/${tag}`, value]));

  it('is granted to run-controller alone, by statement and by simulation', async () => {
    for (const action of ['ssm:SendCommand', 'ssm:CancelCommand']) {
      const granted = FUNCTION_NAMES.filter((name) =>
        roleOf(template, name).statements.some(({ Action }) => Action.includes(action)),
      );
      expect(granted).toEqual(['run-controller']);
    }
    expect(await whoMay('ssm:SendCommand', documentArn('node-check'))).toEqual(['run-controller']);
  });

  it.each([
    ['a managed node', { 'eks:cluster-name': 'shop' }, true],
    ['a node of Karpenter', { 'eks:eks-cluster-name': 'shop' }, true],
    ['a self-managed node', { 'kubernetes.io/cluster/bank': 'owned' }, true],
    ['a self-managed node of a cluster that has none', { 'kubernetes.io/cluster/shop': 'owned' }, false],
    ['a node of another cluster', { 'eks:cluster-name': 'other' }, false],
    ['an instance without tags', {}, false],
    ['an instance whose tag only looks alike', { 'eks:cluster-name': 'shop2' }, false],
  ])('reaches %s: %s → %s', async (_, tags, expected) => {
    expect(await may('run-controller', 'ssm:SendCommand', INSTANCE, tagged(tags))).toBe(expected);
  });

  it.each([
    ['pause-image-check', true],
    ['node-check', true],
    ['pause-image-repair', true],
    ['pause-image-repair-mirror', false],
    ['cri-dockerd-repair', false],
  ])('sends %s: %s', async (key, expected) => {
    expect(await may('run-controller', 'ssm:SendCommand', documentArn(key))).toBe(expected);
  });

  it.each(['ssm:GetDocument', 'ssm:DescribeDocument'])(
    'reads by %s what it sends, and nothing else',
    async (action) => {
      expect(await whoMay(action, documentArn('pause-image-check'))).toEqual(['run-controller']);
      expect(await whoMay(action, documentArn('node-check').replace(/fleetmend-.*/, 'somebody-else'))).toEqual([]);
    },
  );

  it('never sends a document of AWS or of anybody else', async () => {
    expect(
      await whoMay('ssm:SendCommand', documentArn('node-check').replace(/fleetmend-.*/, 'AWS-RunShellScript')),
    ).toEqual([]);
    expect(await whoMay('ssm:SendCommand', `${documentArn('node-check')}0`)).toEqual([]);
  });

  it.each(['pause-image-check-0123456789ab', 'pause-image-repair-0123456789ab', 'node-check-0123456789ab'])(
    'sends and reads %s, of a deployment before or after this one',
    async (name) => {
      const arn = `arn:aws:ssm:eu-west-1:${ACCOUNT}:document/fleetmend-${name}`;
      for (const action of ['ssm:SendCommand', 'ssm:GetDocument', 'ssm:DescribeDocument'])
        expect(await whoMay(action, arn), action).toEqual(['run-controller']);
    },
  );

  it.each([
    'cri-dockerd-repair-0123456789ab',
    'pause-image-repair-mirror-0123456789ab',
    'eu-node-check-1-0123456789ab',
  ])('never sends %s, of whatever deployment', async (name) => {
    const arn = `arn:aws:ssm:eu-west-1:${ACCOUNT}:document/fleetmend-${name}`;
    expect(await whoMay('ssm:SendCommand', arn)).toEqual([]);
  });

  it('cannot repair at all where every cluster is observed', async () => {
    const observed = synthesize({ clusters: [{ name: 'shop' }] }).template;
    const send = (key: string) => mayIn(observed, 'run-controller', 'ssm:SendCommand', documentArn(key));
    expect(await send('pause-image-check')).toBe(true);
    expect(await send('pause-image-repair')).toBe(false);
  });

  it('repairs disruptively or by a variant only where the configuration allows it', async () => {
    const allowed = synthesize({
      clusters: [{ name: 'shop', remediations: { 'cri-dockerd': { mode: 'repair', allowDisruptive: true } } }],
      documentVariants: ['pause-image-repair-mirror'],
    }).template;
    const send = (key: string) => mayIn(allowed, 'run-controller', 'ssm:SendCommand', documentArn(key));
    expect(await send('cri-dockerd-repair')).toBe(true);
    expect(await send('pause-image-repair')).toBe(false);
    expect(await send('pause-image-repair-mirror')).toBe(false);
    const variant = synthesize({ ...CONFIG, documentVariants: ['pause-image-repair-mirror'] }).template;
    expect(await mayIn(variant, 'run-controller', 'ssm:SendCommand', documentArn('pause-image-repair-mirror'))).toBe(
      true,
    );
  });
});

describe('the bus and the queue of signals', () => {
  const busArn = arnOf(template, resourcesOf(template, 'AWS::Events::EventBus')[0]?.[0] ?? '');
  const busPolicy = resourcesOf(template, 'AWS::Events::EventBusPolicy').flatMap(([, { Properties }]) =>
    statementsOf(template, { Statement: [Properties.Statement] }),
  );
  const put = (name: FunctionName, source: string) =>
    mayIn(template, name, 'events:PutEvents', busArn, { 'events:source': [source] }, busPolicy);

  it.each([
    ['log-classifier', 'fleetmend.logs', true],
    ['run-controller', 'fleetmend.logs', false],
    ['run-controller', 'fleetmend', true],
    ['log-classifier', 'fleetmend', false],
    ['log-classifier', 'my.monitor', true],
  ] as const)('lets %s use the source %s: %s', async (name, source, expected) => {
    expect(await put(name, source)).toBe(expected);
  });

  it('accepts signals from its rule alone, and denies an administrator', async () => {
    const queue = resourceNamed(template, 'AWS::SQS::Queue', 'QueueName', 'fleetmend-signals');
    const [id] = Object.entries(template.Resources).find(([, resource]) => resource === queue) ?? [''];
    const [, policy] =
      resourcesOf(template, 'AWS::SQS::QueuePolicy').find(([, { Properties }]) =>
        JSON.stringify(Properties.Queues).includes(`"${id}"`),
      ) ?? [];
    const statements = statementsOf(template, policy?.Properties.PolicyDocument);
    const admin = (context: Record<string, string>) =>
      runSimulation(
        {
          request: {
            principal: `arn:aws:iam::${ACCOUNT}:user/admin`,
            action: 'sqs:SendMessage',
            resource: { resource: arnOf(template, id), accountId: ACCOUNT },
            contextVariables: { 'aws:SecureTransport': 'true', ...context },
          },
          identityPolicies: [
            {
              name: 'all',
              policy: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] },
            },
          ],
          serviceControlPolicies: [],
          resourceControlPolicies: [],
          resourcePolicy: { Version: '2012-10-17', Statement: [...statements] },
        },
        {},
      );
    expect(await admin({})).toMatchObject({ overallResult: 'ExplicitlyDenied' });
    const rule = `arn:aws:events:eu-west-1:${ACCOUNT}:rule/fleetmend/fleetmend-symptoms`;
    expect(await admin({ 'aws:SourceArn': rule })).toMatchObject({ overallResult: 'Allowed' });
  });
});

describe('all roles', () => {
  const documents = ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy'].flatMap((type) => resourcesOf(template, type));

  it.each(documents)('%s allows no action by wildcard', (_, { Properties }) => {
    const actions = statementsOf(template, Properties.PolicyDocument).flatMap(({ Action }) => Action);
    expect(actions.filter((action) => action.includes('*'))).toEqual([]);
  });

  it('name every resource that can be named', () => {
    const unnamed = documents
      .flatMap(([, { Properties }]) => statementsOf(template, Properties.PolicyDocument))
      .filter(({ Resource }) => Resource?.includes('*'))
      .flatMap(({ Action }) => Action);
    expect([...new Set(unnamed)].sort()).toEqual([
      'ec2:DescribeInstances',
      'ssm:CancelCommand',
      'ssm:DescribeInstanceInformation',
      'ssm:GetCommandInvocation',
      'ssm:ListCommandInvocations',
      'ssm:ListCommands',
      'xray:PutTelemetryRecords',
      'xray:PutTraceSegments',
    ]);
  });
});
