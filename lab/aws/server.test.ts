import { GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { SendCommandCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSimulatedNode } from '../sim/node.ts';
import { defaultFaults } from './faults.ts';
import { type LabFixture, rejection, startFixture } from './fixture.ts';

let fixture: LabFixture;
const DOCUMENT = 'fleetmend-pause-image-check-0123456789ab';

beforeAll(async () => {
  fixture = await startFixture({
    Work: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'work' } },
    Document: {
      Type: 'AWS::SSM::Document',
      Properties: {
        Name: DOCUMENT,
        DocumentType: 'Command',
        TargetType: '/AWS::EC2::Instance',
        Content: {
          schemaVersion: '2.2',
          mainSteps: [{ name: 'check', action: 'aws:runShellScript', inputs: { runCommand: ['true'] } }],
        },
      },
    },
  });
  const node = (instanceId: string, cluster: string) =>
    createSimulatedNode({ instanceId, cluster, clock: fixture.lab.clock, random: fixture.lab.random });
  fixture.lab.nodes.add(node('i-00000000000000001', 'demo'), node('i-00000000000000002', 'other'));
});
afterAll(() => fixture.stop());
beforeEach(() => {
  Object.assign(fixture.lab.faults, defaultFaults());
});

const QueueUrl = () => `${fixture.lab.endpointUrl}/${fixture.lab.account}/work`;
const message = () => new SendMessageCommand({ QueueUrl: QueueUrl(), MessageBody: 'a' });

describe('the server', () => {
  it('answers errors to unknown services, operations, keys and regions', async () => {
    expect(await fixture.raw('s3', 'S3.GetObject', '1.1', {})).toMatchObject({ __type: 'UnknownOperationException' });
    expect(String((await fixture.raw('ssm', 'AmazonSSM.StartSession', '1.1', {})).message)).toContain(
      'ssm:StartSession',
    );
    const stranger = new SQSClient({
      ...fixture.client(),
      credentials: { accessKeyId: 'AKIANOBODY', secretAccessKey: 'x' },
    });
    expect(await rejection(stranger.send(message()))).toContain('UnrecognizedClientException');
    const elsewhere = new SQSClient({ ...fixture.client(), region: 'us-east-1' });
    expect(await rejection(elsewhere.send(message()))).toContain('InvalidSignatureException');
  });

  it('keeps a log of calls with principal, resource and error', async () => {
    const before = fixture.lab.calls.length;
    await new SQSClient(fixture.client()).send(message());
    expect(fixture.lab.calls.slice(before)).toMatchObject([
      {
        principal: 'arn:aws-cn:iam::123456789012:user/tester',
        service: 'sqs',
        operation: 'SendMessage',
        resource: 'arn:aws-cn:sqs:cn-north-1:123456789012:work',
        allowed: true,
      },
    ]);
  });

  it('throttles, fails, drops and delays the configured number of calls', async () => {
    const once = new SQSClient(fixture.client());
    const depth = async () =>
      (await once.send(new GetQueueAttributesCommand({ QueueUrl: QueueUrl(), AttributeNames: ['All'] }))).Attributes
        ?.ApproximateNumberOfMessages;
    const start = Number(await depth());
    const fault = (kind: 'throttle' | 'internal-error' | 'drop-before' | 'drop-after') => {
      fixture.lab.faults.calls = [{ service: 'sqs', operation: 'SendMessage', kind, times: 1 }];
    };
    fault('throttle');
    expect(await rejection(once.send(message()))).toContain('ThrottlingException');
    fault('internal-error');
    expect(await rejection(once.send(message()))).toContain('InternalServerError');
    fault('drop-before');
    expect(await rejection(once.send(message()))).not.toBe('it did not reject');
    expect(Number(await depth())).toBe(start);
    fault('drop-after');
    expect(await rejection(once.send(message()))).not.toBe('it did not reject');
    expect(Number(await depth())).toBe(start + 1);
    await once.send(message());
    expect(Number(await depth())).toBe(start + 2);
  });

  it("lets the SDK's own retries see a fault through", async () => {
    fixture.lab.faults.calls = [{ service: 'sqs', kind: 'throttle', times: 1 }];
    await new SQSClient({ ...fixture.client(), maxAttempts: 3 }).send(message());
    expect(fixture.lab.calls.slice(-2).map((c) => c.error)).toEqual(['ThrottlingException', undefined]);
  });
});

describe('IAM', () => {
  const arn = (service: string, rest: string) => `arn:aws-cn:${service}:cn-north-1:123456789012:${rest}`;
  const sender = (...statements: readonly unknown[]) =>
    new SSMClient(fixture.client([{ Version: '2012-10-17', Statement: statements }]));
  const documents = { Effect: 'Allow', Action: 'ssm:SendCommand', Resource: arn('ssm', `document/${DOCUMENT}`) };
  const instances = {
    Effect: 'Allow',
    Action: 'ssm:SendCommand',
    Resource: 'arn:aws-cn:ec2:*:*:instance/*',
    Condition: { StringEquals: { 'ssm:resourceTag/eks:cluster-name': 'demo' } },
  };
  const send = (client: SSMClient, ...InstanceIds: string[]) =>
    rejection(client.send(new SendCommandCommand({ DocumentName: DOCUMENT, InstanceIds })));

  it('allows SendCommand by the document and by the tags of every instance', async () => {
    expect(await send(sender(documents, instances), 'i-00000000000000001')).toBe('it did not reject');
    expect(await send(sender(documents, instances), 'i-00000000000000001', 'i-00000000000000002')).toBe(
      'AccessDeniedException: User: arn:aws-cn:iam::123456789012:user/tester is not authorized to perform: ssm:SendCommand on resource: arn:aws-cn:ec2:cn-north-1:123456789012:instance/i-00000000000000002 because no identity-based policy allows the ssm:SendCommand action',
    );
    expect(await send(sender(instances), 'i-00000000000000001')).toContain(`document/${DOCUMENT}`);
    expect(fixture.lab.calls.at(-1)).toMatchObject({ allowed: false, error: 'AccessDeniedException' });
  });

  it('lets an explicit deny win', async () => {
    const client = sender(
      { Effect: 'Allow', Action: '*', Resource: '*' },
      { Effect: 'Deny', Action: 'ssm:SendCommand', Resource: '*' },
    );
    expect(await send(client, 'i-00000000000000001')).toContain('explicit deny');
  });
});
