import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CfnResource } from './aws/cfn-template.ts';
import { functionResources, type LabFixture, rejection, startFixture } from './aws/fixture.ts';

const arn = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const RECEIVE = `
export const handler = async (event) => {
  console.log('GOT ' + event.awslogs.data);
};`;

const resources: Readonly<Record<string, CfnResource>> = {
  ...functionResources('receive'),
  LogsMayInvoke: {
    Type: 'AWS::Lambda::Permission',
    Properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: arn('receive'),
      Principal: { 'Fn::Join': ['', ['logs.', { Ref: 'AWS::URLSuffix' }]] },
      SourceAccount: { Ref: 'AWS::AccountId' },
      SourceArn: 'arn:aws-cn:logs:cn-north-1:123456789012:log-group:/nodes:*',
    },
  },
  Subscription: {
    Type: 'AWS::Logs::SubscriptionFilter',
    Properties: { LogGroupName: '/nodes', FilterPattern: '?"sandbox image"', DestinationArn: arn('receive') },
  },
};

describe('a subscription to a log group', () => {
  let fixture: LabFixture;
  beforeAll(async () => {
    fixture = await startFixture(resources, { code: { receive: RECEIVE } });
  });
  afterAll(() => fixture.stop());

  it('delivers the matching lines to the function, compressed', async () => {
    await fixture.lab.putLogEvents('/nodes', 'i-1', ['noise', 'failed to get sandbox image "x"']);
    await fixture.lab.putLogEvents('/others', 'i-1', ['failed to get sandbox image "y"']);
    await fixture.lab.settle();
    const payloads = () =>
      fixture.lab
        .functionLogs('receive')
        .filter((line) => line.startsWith('GOT '))
        .map((line) => JSON.parse(gunzipSync(Buffer.from(line.slice(4), 'base64')).toString()));
    // What a process prints may arrive after its answer.
    await expect.poll(payloads).toMatchObject([
      {
        messageType: 'DATA_MESSAGE',
        logGroup: '/nodes',
        logStream: 'i-1',
        logEvents: [{ message: 'failed to get sandbox image "x"' }],
      },
    ]);
  });
});

describe('booting', () => {
  const without = (id: string) => Object.fromEntries(Object.entries(resources).filter(([key]) => key !== id));

  it('delivers nothing without the permission', async () => {
    const fixture = await startFixture(resources, {
      code: { receive: RECEIVE },
      lab: { edit: (template) => ({ ...template, Resources: without('LogsMayInvoke') }) },
    });
    const denied: string[] = [];
    fixture.lab.onEvent((event) => {
      if (event.kind === 'delivery-failed') denied.push(event.why);
    });
    await fixture.lab.putLogEvents('/nodes', 'i-1', ['sandbox image']);
    await fixture.lab.settle();
    expect(fixture.lab.functionLogs('receive')).toEqual([]);
    expect(denied).toEqual([expect.stringContaining('lambda:InvokeFunction')]);
    await fixture.stop();
  });

  it.each<[string, Readonly<Record<string, CfnResource>>, string]>([
    ['a type that it does not know', { V: { Type: 'AWS::EC2::VPC' } }, 'AWS::EC2::VPC, which the lab does not support'],
    [
      'a pattern that EventBridge would refuse',
      { R: { Type: 'AWS::Events::Rule', Properties: { EventPattern: { source: [{ like: 'x' }] }, Targets: [] } } },
      'the operator like',
    ],
    [
      'a schedule that it does not know',
      { R: { Type: 'AWS::Events::Rule', Properties: { ScheduleExpression: 'rate(1 minutes)', Targets: [] } } },
      'rate(1 minutes)',
    ],
    ['a key on a queue', { Q: { Type: 'AWS::SQS::Queue', Properties: { KmsMasterKeyId: 'k' } } }, 'key policies'],
  ])('refuses %s', async (_name, more, message) => {
    expect(await rejection(startFixture(more))).toContain(message);
  });
});

describe('the end of a lab', () => {
  it('ends the function processes when its process is killed', async () => {
    const script = `
      import { functionResources, startFixture } from ${JSON.stringify(new URL('./aws/fixture.ts', import.meta.url).href)};
      const fixture = await startFixture(functionResources('pid'), { code: { pid: 'export const handler = async () => process.pid;' } });
      console.log(JSON.stringify({ pid: await fixture.lab.invoke('pid', {}), assembly: fixture.assembly }));
      setInterval(() => undefined, 1000);
    `;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const line = await new Promise<string>((resolve, reject) => {
      child.stdout.once('data', (data) => resolve(String(data)));
      child.once('exit', (code) => reject(new Error(`the lab's process ended with code ${code}`)));
    });
    const { pid, assembly } = JSON.parse(line) as { readonly pid: number; readonly assembly: string };
    const alive = (): boolean => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    expect(alive()).toBe(true);
    child.kill('SIGKILL');
    await expect.poll(alive, { timeout: 60_000 }).toBe(false);
    rmSync(assembly, { recursive: true });
  });
});
