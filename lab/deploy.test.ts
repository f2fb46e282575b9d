import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { SendCommandCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CfnResource, CfnTemplate } from './aws/cfn-template.ts';
import { functionResources, type LabFixture, rejection, startFixture } from './aws/fixture.ts';

let fixture: LabFixture;
const arn = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const allow = (actions: readonly string[], id: string) => ({ Effect: 'Allow', Action: actions, Resource: arn(id) });
const POLL = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];

const document = (name: string): CfnResource => ({
  Type: 'AWS::SSM::Document',
  Properties: {
    Name: name,
    DocumentType: 'Command',
    TargetType: '/AWS::EC2::Instance',
    Content: {
      schemaVersion: '2.2',
      mainSteps: [
        { name: 'main', action: 'aws:runShellScript', inputs: { runCommand: ['true'], timeoutSeconds: '60' } },
      ],
    },
  },
});
/** A handler that says which version it is, before and after some time of the wall's. */
const code = (version: string) => `
import { SQSClient, SendMessageCommand } from '@aws-sdk/client-sqs';
export const handler = async (event) => {
  const name = event.Records?.[0]?.body ?? 'invoked';
  console.log('begin ' + name + ' ${version} ' + process.env.DOCUMENT);
  if (event.send) await new SQSClient({ maxAttempts: 1 }).send(new SendMessageCommand({ QueueUrl: process.env.OUT, MessageBody: 'x' }));
  await new Promise((resolve) => setTimeout(resolve, name === 'slow' ? 1500 : 1));
  console.log('end ' + name + ' ${version}');
  return '${version}';
};`;

const resources: Readonly<Record<string, CfnResource>> = {
  In: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'in', VisibilityTimeout: 60 } },
  Out: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'out' } },
  Table: {
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      TableName: 'audit',
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    },
  },
  OldDocument: document('repair-111111111111'),
  OldRule: {
    Type: 'AWS::Events::Rule',
    Properties: { ScheduleExpression: 'rate(1 hour)', Targets: [{ Id: 'q', Arn: arn('Out'), Input: '"tick"' }] },
  },
  ...functionResources('work', {
    statements: [allow(POLL, 'In')],
    properties: { Environment: { Variables: { OUT: { Ref: 'Out' }, DOCUMENT: { Ref: 'OldDocument' } } } },
  }),
  Source: {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: { EventSourceArn: arn('In'), FunctionName: { Ref: 'work' }, BatchSize: 1 },
  },
};
/** The next version: another bundle, a document under another name, one more permission, and no rule. */
const next = (template: CfnTemplate): CfnTemplate => {
  const { OldDocument: _document, OldRule: _rule, ...kept } = template.Resources;
  const changed = functionResources('work', {
    statements: [allow(POLL, 'In'), allow(['sqs:SendMessage'], 'Out')],
    properties: { Environment: { Variables: { OUT: { Ref: 'Out' }, DOCUMENT: { Ref: 'NewDocument' } } } },
  });
  const work = { ...changed.work, Metadata: { 'aws:asset:path': 'asset.next' } } as CfnResource;
  return { ...template, Resources: { ...kept, ...changed, work, NewDocument: document('repair-222222222222') } };
};

beforeAll(async () => {
  fixture = await startFixture(resources, {
    code: { work: code('v1'), next: code('v2') },
    lab: { faults: { deployStepMs: 200, iamLagMs: 5000, rateLimits: {} } },
  });
});
afterAll(() => fixture.stop());

const lines = () => fixture.lab.functionLogs('work').filter((line) => /^(begin|end) /.test(line));
const NAMES = ['repair-111111111111', 'repair-222222222222'] as const;
/** Those of the two documents that SSM has now: it refuses a command for an unknown instance for another reason. */
const documents = async (): Promise<readonly string[]> => {
  const ssm = new SSMClient(fixture.client());
  const refused = await Promise.all(
    NAMES.map((DocumentName) =>
      rejection(ssm.send(new SendCommandCommand({ DocumentName, InstanceIds: ['i-0aaaaaaaaaaaaaaaa'] }))),
    ),
  );
  return NAMES.filter((_, i) => refused[i]?.startsWith('InvalidInstanceId'));
};
const send = (body: string) => fixture.lab.queues.all()[0]?.send({ body });

describe('a deployment while work is in flight', () => {
  it('lets running code end, starts new code with the new settings, and deletes the old documents at the end', async () => {
    const dynamo = new DynamoDBClient(fixture.client());
    await dynamo.send(new PutItemCommand({ TableName: 'audit', Item: { pk: { S: 'kept' } } }));
    send('slow');
    await expect.poll(lines).toEqual(['begin slow v1 repair-111111111111']);
    const deployment = fixture.lab.deploy({ edit: next });
    await expect.poll(documents).toEqual(['repair-111111111111', 'repair-222222222222']);
    await deployment;
    expect(await documents()).toEqual(['repair-222222222222']);
    send('after');
    await fixture.lab.settle();
    await expect
      .poll(lines)
      .toEqual(expect.arrayContaining(['end slow v1', 'begin after v2 repair-222222222222', 'end after v2']));
    expect(lines().filter((line) => line.includes('slow'))).toHaveLength(2);
    expect(fixture.lab.queues.depth('in')).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
    const kept = await dynamo.send(new GetItemCommand({ TableName: 'audit', Key: { pk: { S: 'kept' } } }));
    expect(kept.Item).toEqual({ pk: { S: 'kept' } });
  });

  it('puts a permission in force some seconds later, for environments that run as well', async () => {
    await fixture.lab.advance(10_000);
    await fixture.lab.deploy();
    await fixture.lab.advance(10_000);
    expect(await rejection(fixture.lab.invoke('work', { send: true }))).toContain('sqs:SendMessage');
    await fixture.lab.deploy({ edit: next });
    expect(await rejection(fixture.lab.invoke('work', { send: true }))).toContain('sqs:SendMessage');
    await fixture.lab.advance(6000);
    expect(await fixture.lab.invoke('work', { send: true })).toBe('v2');
  });

  it('replaces rules; a rollback brings code, documents and rules back', async () => {
    const out = () => fixture.lab.queues.messages('out').filter(({ body }) => body === '"tick"').length;
    const before = out();
    await fixture.lab.advance(2 * 3_600_000);
    expect(out()).toBe(before);
    await fixture.lab.deploy();
    expect(await documents()).toEqual(['repair-111111111111']);
    expect(await fixture.lab.invoke('work', {})).toBe('v1');
  });
});
