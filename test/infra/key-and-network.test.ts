import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { FUNCTION_NAMES } from '../../infra/bundle.ts';
import { roleOf } from './resolve.ts';
import { CONFIG, resourceNamed, resourcesOf, synthesize } from './synthesized.ts';

const Output = z.object({
  Value: z.object({ 'Fn::Join': z.tuple([z.string(), z.array(z.union([z.string(), z.object({ Ref: z.string() })]))]) }),
});
const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555';
const vpc = { subnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'], securityGroupIds: ['sg-01234567'] };
const plain = synthesize(CONFIG, 'eu-west-1').template;
const guarded = synthesize({ ...CONFIG, kmsKeyArn: KEY, vpc, notifications: { chat: true } }, 'eu-west-1').template;
const fn = (of: typeof plain, name: string) =>
  resourceNamed(of, 'AWS::Lambda::Function', 'FunctionName', `fleetmend-${name}`).Properties;

describe('a key of the user', () => {
  it.each([
    ['AWS::SQS::Queue', 'KmsMasterKeyId', 12],
    ['AWS::SNS::Topic', 'KmsMasterKeyId', 2],
    ['AWS::Logs::LogGroup', 'KmsKeyId', 8],
    ['AWS::DynamoDB::Table', 'SSESpecification', 1],
  ])('encrypts every %s', (type, property, count) => {
    const all = resourcesOf(guarded, type).map(([, { Properties }]) => JSON.stringify(Properties[property]));
    expect(all).toHaveLength(count);
    expect(all.filter((value) => value?.includes(KEY))).toHaveLength(count);
    const without = resourcesOf(plain, type).filter(([, { Properties }]) => Properties[property] !== undefined);
    expect(without).toEqual([]);
  });

  it.each(FUNCTION_NAMES)(
    'is used by the role of %s through SQS and DynamoDB alone, and by that of notifier through SNS',
    (name) => {
      const ofKey = roleOf(guarded, name).statements.filter(({ Action }) => Action.some((a) => a.startsWith('kms:')));
      const fenced = ofKey.filter(({ Condition }) => Condition?.StringEquals?.['kms:ViaService'] !== undefined);
      expect(fenced).toHaveLength(1);
      expect(fenced[0]).toMatchObject({
        Resource: [KEY],
        Condition: {
          StringEquals: {
            'kms:ViaService': [
              'dynamodb.eu-west-1.amazonaws.com',
              'dynamodb.eu-west-1.amazonaws.com.cn',
              'sqs.eu-west-1.amazonaws.com',
              'sqs.eu-west-1.amazonaws.com.cn',
              ...(name === 'notifier' ? ['sns.eu-west-1.amazonaws.com', 'sns.eu-west-1.amazonaws.com.cn'] : []),
            ],
          },
        },
      });
      expect(ofKey.flatMap(({ Resource = [] }) => Resource).filter((resource) => resource !== KEY)).toEqual([]);
      expect(JSON.stringify(roleOf(plain, name).statements)).not.toContain('kms:');
    },
  );

  it.each([
    ['eu-west-1', 'aws', 'amazonaws.com'],
    ['cn-north-1', 'aws-cn', 'amazonaws.com.cn'],
    ['us-gov-west-1', 'aws-us-gov', 'amazonaws.com'],
  ])('has an output with the statements that its policy needs in %s', (region, partition, suffix) => {
    const kmsKeyArn = KEY.replace('arn:aws:', `arn:${partition}:`).replace('eu-west-1', region);
    const { template } = synthesize({ ...CONFIG, kmsKeyArn }, region);
    const { Value } = Output.parse(template.Outputs.KeyPolicyStatements);
    const pseudo: Readonly<Record<string, string>> = {
      'AWS::Partition': partition,
      'AWS::Region': region,
      'AWS::AccountId': '123456789012',
      'AWS::URLSuffix': suffix,
    };
    const [, parts] = Value['Fn::Join'];
    const text = parts.map((part) => (typeof part === 'string' ? part : pseudo[part.Ref])).join('');
    expect(JSON.parse(text)).toMatchObject([
      { Principal: { AWS: `arn:${partition}:iam::123456789012:root` }, Action: 'kms:*' },
      {
        Principal: { Service: ['events.amazonaws.com', 'cloudwatch.amazonaws.com'] },
        Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      },
      {
        Principal: { Service: `logs.${region}.${suffix}` },
        Condition: {
          ArnLike: {
            'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:123456789012:log-group:/aws/lambda/fleetmend-*`,
          },
        },
      },
    ]);
    expect(plain.Outputs.KeyPolicyStatements).toBeUndefined();
  });
});

it('the policy of the key in docs/security.md is that of the output', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/security.md'), 'utf8');
  const [, written = ''] = /## A key of your own[\s\S]*?```json\n([\s\S]*?)```/.exec(page) ?? [];
  const { Value } = Output.parse(guarded.Outputs.KeyPolicyStatements);
  const [, parts] = Value['Fn::Join'];
  const pseudo: Readonly<Record<string, string>> = {
    'AWS::Partition': 'aws',
    'AWS::Region': 'eu-west-1',
    'AWS::AccountId': '123456789012',
    'AWS::URLSuffix': 'amazonaws.com',
  };
  const text = parts.map((part) => (typeof part === 'string' ? part : pseudo[part.Ref])).join('');
  expect(JSON.parse(written)).toEqual(JSON.parse(text));
});

it('docs/deploying.md has every endpoint that the functions call, and who calls it', () => {
  const folder = join(import.meta.dirname, '../../functions');
  const ENDPOINTS: Readonly<Record<string, string>> = { eventbridge: 'events', ecr: 'ecr.api' };
  const calls = FUNCTION_NAMES.flatMap((name) => {
    const text = readFileSync(join(folder, name, 'compose.ts'), 'utf8');
    const clients = [...text.matchAll(/'@aws-sdk\/client-([a-z0-9]+)'/g)].map(([, client = '']) => client);
    const table = text.includes('adapters/table/') ? ['dynamodb'] : [];
    return [...new Set([...clients, ...table])].map((client) => [ENDPOINTS[client] ?? client, name] as const);
  });
  const page = readFileSync(join(import.meta.dirname, '../../docs/deploying.md'), 'utf8');
  const rows = new Map(
    [...page.matchAll(/^\| `([a-z0-9.]+)` +\| (?:gateway or )?interface +\| (.*?) +\|$/gm)].map(
      ([, endpoint = '', who = '']) => [endpoint, who] as const,
    ),
  );
  const written = [...rows].flatMap(([endpoint, who]) => {
    const named = FUNCTION_NAMES.filter((name) => who.includes(name));
    const callers = who.startsWith('all but') ? FUNCTION_NAMES.filter((name) => !named.includes(name)) : named;
    return callers.map((name) => `${endpoint} ${name}`);
  });
  expect(written.toSorted()).toEqual(calls.map((call) => call.join(' ')).toSorted());
});

describe('a VPC of the user', () => {
  it.each(FUNCTION_NAMES)('gets the function %s, whose code may not use the interfaces', (name) => {
    expect(fn(guarded, name).VpcConfig).toEqual({
      SubnetIds: vpc.subnetIds,
      SecurityGroupIds: vpc.securityGroupIds,
    });
    expect(fn(plain, name).VpcConfig).toBeUndefined();
    const ofNetwork = roleOf(guarded, name).statements.filter(({ Action }) =>
      Action.includes('ec2:CreateNetworkInterface'),
    );
    expect(ofNetwork.map(({ Effect, Condition }) => [Effect, Condition])).toEqual([
      ['Allow', undefined],
      [
        'Deny',
        {
          ArnEquals: {
            'lambda:SourceFunctionArn': `arn:aws:lambda:eu-west-1:123456789012:function:fleetmend-${name}`,
          },
        },
      ],
    ]);
    expect(JSON.stringify(roleOf(plain, name).statements)).not.toContain('NetworkInterface');
  });

  it('calls the FIPS endpoints where the configuration says so', () => {
    const fips = synthesize({ ...CONFIG, region: 'us-gov-west-1', useFipsEndpoint: true }, 'us-gov-west-1').template;
    const Variables = z.object({ Variables: z.record(z.string(), z.unknown()) });
    for (const name of FUNCTION_NAMES) {
      expect(Variables.parse(fn(fips, name).Environment).Variables.AWS_USE_FIPS_ENDPOINT).toBe('true');
      expect(Variables.parse(fn(plain, name).Environment).Variables.AWS_USE_FIPS_ENDPOINT).toBeUndefined();
    }
  });
});

describe('the logs of the functions', () => {
  it('outlive the stack, and a change of their group', () => {
    const groups = resourcesOf(plain, 'AWS::Logs::LogGroup').map(([, group]) => group);
    expect(groups).toHaveLength(FUNCTION_NAMES.length);
    for (const group of groups) {
      // RetainExceptOnCreate: a first deployment that fails leaves none behind.
      expect(group).toMatchObject({ DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' });
      // A name of its own, by which a later deployment takes it over.
      expect(String(group.Properties.LogGroupName)).toMatch(/^\/aws\/lambda\/fleetmend-/);
    }
  });
});
