import { afterEach, describe, expect, it } from 'vitest';
import { functionResources, type LabFixture, startFixture } from './fixture.ts';
import { servicePrincipal } from './iam.ts';

const ACCOUNT = '123456789012';
const REGION = 'cn-north-1';
const GROUP = '/aws/eks/c/cluster';
const logsArn = (region: string, account: string, rest: string): string =>
  `arn:aws-cn:logs:${region}:${account}:log-group:${rest}`;

let fixture: LabFixture | undefined;
afterEach(async () => {
  await fixture?.stop();
  fixture = undefined;
});

const start = async (permission: Readonly<Record<string, unknown>>): Promise<LabFixture> => {
  fixture = await startFixture(
    {
      ...functionResources('reader'),
      May: {
        Type: 'AWS::Lambda::Permission',
        Properties: {
          Action: 'lambda:InvokeFunction',
          FunctionName: { 'Fn::GetAtt': ['reader', 'Arn'] },
          Principal: { 'Fn::Join': ['', ['logs.', { Ref: 'AWS::URLSuffix' }]] },
          SourceAccount: ACCOUNT,
          SourceArn: logsArn(REGION, ACCOUNT, '*'),
          ...permission,
        },
      },
      Filter: {
        Type: 'AWS::Logs::SubscriptionFilter',
        Properties: {
          LogGroupName: GROUP,
          FilterName: 'f',
          FilterPattern: '?"fault"',
          DestinationArn: { 'Fn::GetAtt': ['reader', 'Arn'] },
        },
      },
    },
    { code: { reader: 'export const handler = async () => { console.log("read"); };' } },
  );
  return fixture;
};
/** Whether a line of the group reaches the function, and the calls that were denied. */
const deliver = async (permission: Readonly<Record<string, unknown>>) => {
  const { lab } = await start(permission);
  const denied: string[] = [];
  lab.onEvent((event) => {
    if (event.kind === 'delivery-failed') denied.push(event.why);
  });
  await lab.putLogEvents(GROUP, 's', ['a fault']);
  await lab.settle();
  return { read: lab.functionLogs('reader').some((line) => line.includes('read')), denied: denied.join() };
};

describe('a subscription', () => {
  it('delivers by one permission for every log group of the account', async () => {
    expect(await deliver({})).toEqual({ read: true, denied: '' });
  });

  it.each([
    ['another account', { SourceAccount: '999999999999' }],
    ['log groups of another account', { SourceArn: logsArn(REGION, '999999999999', '*') }],
    ['log groups of another Region', { SourceArn: logsArn('cn-northwest-1', ACCOUNT, '*') }],
    ['another log group', { SourceArn: logsArn(REGION, ACCOUNT, '/other:*') }],
    ['the principal of another partition', { Principal: 'logs.amazonaws.com' }],
  ])('does not deliver by a permission for %s', async (_, permission) => {
    const { read, denied } = await deliver(permission);
    expect(read).toBe(false);
    expect(denied).toContain('not authorized to perform: lambda:InvokeFunction');
  });

  it('is refused to a log group of another account or Region', async () => {
    const { lab } = await start({});
    const ask = (region: string, account: string) =>
      lab.iam.decide(servicePrincipal('logs.amazonaws.com.cn'), {
        action: 'lambda:InvokeFunction',
        resource: `arn:aws-cn:lambda:${REGION}:${ACCOUNT}:function:reader`,
        context: { 'aws:SourceArn': logsArn(region, account, `${GROUP}:*`), 'aws:SourceAccount': account },
      });
    expect(await ask(REGION, ACCOUNT)).toEqual({ allowed: true });
    expect(await ask('cn-northwest-1', ACCOUNT)).toMatchObject({ allowed: false });
    expect(await ask(REGION, '999999999999')).toMatchObject({ allowed: false });
  });
});
