import { describe, expect, it } from 'vitest';
import { checkKeyPolicy, keyPolicyProblems } from './key-policy.ts';

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/mrk-1';
const USER = { region: 'eu-west-1', account: '123456789012', stackName: 'fleetmend' };
const ROOT = {
  Effect: 'Allow',
  Principal: { AWS: 'arn:aws:iam::123456789012:root' },
  Action: 'kms:*',
  Resource: '*',
};
const PUBLISH = {
  Effect: 'Allow',
  Principal: { Service: ['events.amazonaws.com', 'cloudwatch.amazonaws.com'] },
  Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
  Resource: '*',
};
const LOGS = {
  Effect: 'Allow',
  Principal: { Service: 'logs.eu-west-1.amazonaws.com' },
  Action: ['kms:Encrypt*', 'kms:Decrypt*', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:Describe*'],
  Resource: '*',
  Condition: {
    ArnLike: {
      'kms:EncryptionContext:aws:logs:arn': 'arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/fleetmend-*',
    },
  },
};

const lacking = (...statements: readonly object[]): readonly string[] =>
  keyPolicyProblems(JSON.stringify({ Statement: statements }), KEY, USER).map(
    (line) => /does not allow (\S+) (.*?), and /.exec(line)?.slice(1).join(' ') ?? line,
  );
const EVENTS = 'events.amazonaws.com kms:Decrypt, kms:GenerateDataKey';
const ALARMS = 'cloudwatch.amazonaws.com kms:Decrypt, kms:GenerateDataKey';
const GROUPS =
  'logs.eu-west-1.amazonaws.com kms:Encrypt, kms:Decrypt, kms:ReEncryptFrom, kms:ReEncryptTo, kms:GenerateDataKey, kms:DescribeKey';

describe('the policy of a key', () => {
  it.each<[string, readonly object[]]>([
    ['of docs/security.md', [ROOT, PUBLISH, LOGS]],
    [
      'with kms:* for each service',
      [
        { ...PUBLISH, Action: 'kms:*' },
        { ...LOGS, Action: 'kms:*' },
      ],
    ],
    ['with everything for everybody', [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }]],
    [
      'with every log group of the account',
      [
        PUBLISH,
        {
          ...LOGS,
          Condition: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': 'arn:aws:logs:eu-west-1:123456789012:*' } },
        },
      ],
    ],
    ['with log groups without a condition', [PUBLISH, { ...LOGS, Condition: undefined }]],
  ])('%s is enough', (_, statements) => {
    expect(lacking(...statements)).toEqual([]);
  });

  it.each<[string, readonly object[], readonly string[]]>([
    ['with the account alone', [ROOT], [EVENTS, ALARMS, GROUPS]],
    ['for events alone', [{ ...PUBLISH, Principal: { Service: 'events.amazonaws.com' } }, LOGS], [ALARMS]],
    [
      'without one action',
      [{ ...PUBLISH, Action: 'kms:Decrypt' }, LOGS],
      ['events.amazonaws.com kms:GenerateDataKey', 'cloudwatch.amazonaws.com kms:GenerateDataKey'],
    ],
    [
      'with a condition that SNS does not support',
      [{ ...PUBLISH, Condition: { StringEquals: { 'aws:SourceAccount': '123456789012' } } }, LOGS],
      [EVENTS, ALARMS],
    ],
    [
      'for logs of another Region',
      [PUBLISH, { ...LOGS, Principal: { Service: 'logs.us-east-1.amazonaws.com' } }],
      [GROUPS],
    ],
    [
      'for other log groups',
      [
        PUBLISH,
        {
          ...LOGS,
          Condition: {
            ArnLike: {
              'kms:EncryptionContext:aws:logs:arn': 'arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/other-*',
            },
          },
        },
      ],
      [GROUPS],
    ],
    [
      'for all log groups but ours',
      [PUBLISH, { ...LOGS, Condition: { ArnNotLike: LOGS.Condition.ArnLike } }],
      [GROUPS],
    ],
    [
      'with another condition on the logs',
      [PUBLISH, { ...LOGS, Condition: { ...LOGS.Condition, Bool: { 'kms:GrantIsForAWSResource': 'true' } } }],
      [GROUPS],
    ],
    [
      'with a deny',
      [
        PUBLISH,
        LOGS,
        { Effect: 'Deny', Principal: { Service: 'events.amazonaws.com' }, Action: 'kms:Decrypt', Resource: '*' },
      ],
      ['events.amazonaws.com kms:Decrypt'],
    ],
    ['that has no principal or actions', [{ Effect: 'Allow', Resource: '*' }, LOGS], [EVENTS, ALARMS]],
  ])('%s is not enough', (_, statements, wanted) => {
    expect(lacking(...statements)).toEqual(wanted);
  });

  it('of one statement is read, and the lines have what fails and what to add', () => {
    const [events, , logs] = keyPolicyProblems(JSON.stringify({ Statement: ROOT }), KEY.replace('aws', 'aws-cn'), {
      ...USER,
      region: 'cn-north-1',
    });
    expect(events).toBe(
      'kmsKeyArn: the policy of the key does not allow events.amazonaws.com kms:Decrypt, kms:GenerateDataKey, and rules cannot send events to the queues, nor notices to the topic: add the statement {"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":["kms:Decrypt","kms:GenerateDataKey"],"Resource":"*"}',
    );
    expect(logs).toContain('"Service":"logs.cn-north-1.amazonaws.com.cn"');
    expect(logs).toContain('arn:aws-cn:logs:cn-north-1:123456789012:log-group:/aws/lambda/fleetmend-*');
  });

  it('that each line asks for is enough', () => {
    const lines = keyPolicyProblems(JSON.stringify({ Statement: [] }), KEY, USER);
    const added = lines.map((line) => JSON.parse(line.slice(line.indexOf('{'))));
    expect(lines).toHaveLength(3);
    expect(lacking(...added)).toEqual([]);
  });

  it.each([
    ['that may not be read', () => Promise.reject(Object.assign(new Error('no'), { name: 'AccessDeniedException' }))],
    ['that is not JSON', async () => ({ Policy: '{' })],
    ['that is missing', async () => ({})],
  ])('%s is an error that names the right and the option', async (_, send) => {
    await expect(checkKeyPolicy({ send }, 'arn:aws:kms:x', USER)).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringMatching(
        /^cannot read the policy of arn:aws:kms:x: .*kms:GetKeyPolicy.*--trust-key-policy$/,
      ),
    });
  });
});
