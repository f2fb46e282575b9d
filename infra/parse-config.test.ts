import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { Limits } from '../core/model/policy.ts';
import { Config, type ConfigInput, policyOf } from './config.ts';
import { config as example } from './example.config.ts';
import { parseConfig } from './parse-config.ts';
import { UserError } from './user-error.ts';

const KNOWN = ['pause-image'];
const clusters = [{ name: 'shop' }];

describe('parseConfig', () => {
  it('reads the example, which observes', () => {
    const config = parseConfig(example, KNOWN);
    expect(config.clusters.map(({ mode }) => mode)).toEqual(['observe']);
  });

  it('fills in what is left out', () => {
    expect(parseConfig({ clusters }, KNOWN)).toMatchObject({
      stackName: 'fleetmend',
      sweepMinutes: 30,
      alarms: true,
      logRetentionDays: 90,
      notifications: {},
      functions: { architecture: 'arm64', memoryMegabytes: {} },
      maxConcurrency: { 'run-controller': 5 },
      limits: { retentionDays: 365 },
    });
  });

  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /\(top\): /],
    ['no cluster', { clusters: [] }, /clusters: list at least one cluster/],
    ['a mode that is none', { clusters: [{ name: 'shop', mode: 'fix' }] }, /clusters\.0\.mode: /],
    ['a name that is none', { clusters: [{ name: 'a b' }] }, /clusters\.0\.name: not an EKS cluster name/],
    [
      'a misspelt field',
      { clusters: [{ name: 'shop', modes: 'repair' }] },
      /clusters\.0\.modes: no such field; there are name, mode, remediations, .*logGroups$/,
    ],
    ['a misspelt field at the top', { clusters, cluster: [] }, /: cluster: no such field; there are account, region, /],
    [
      'a misspelt field of a remediation',
      { clusters: [{ name: 's', remediations: { 'pause-image': { allow: true } } }] },
      /clusters\.0\.remediations\.pause-image\.allow: no such field; there are mode, allowDisruptive$/,
    ],
    ['a cluster twice', { clusters: [...clusters, ...clusters] }, /clusters\.1\.name: shop is listed twice/],
    [
      'an alarm of two clusters',
      {
        clusters: [
          { name: 'a', alarms: ['x'] },
          { name: 'b', alarms: ['x'] },
        ],
      },
      /clusters\.1\.alarms: x is listed twice/,
    ],
    ['FIPS endpoints without a Region', { clusters, useFipsEndpoint: true }, /useFipsEndpoint: name the region too/],
    [
      'FIPS endpoints in China',
      { clusters, region: 'cn-north-1', useFipsEndpoint: true },
      /useFipsEndpoint: cn-north-1 lacks FIPS endpoints .*; there are some in us-east-1, /,
    ],
    [
      'an alias of a key',
      { clusters, kmsKeyArn: 'arn:aws:kms:eu-west-1:123456789012:alias/own' },
      /kmsKeyArn: not the ARN of a KMS key: arn:.*; an alias does not do/,
    ],
    [
      'a key of another Region',
      { clusters, region: 'eu-central-1', kmsKeyArn: `arn:aws:kms:eu-west-1:123456789012:key/mrk-${'0'.repeat(32)}` },
      /kmsKeyArn: a key of aws eu-west-1, and the stack is for aws eu-central-1/,
    ],
    [
      'a key of another account',
      { clusters, account: '210987654321', kmsKeyArn: `arn:aws:kms:eu-west-1:123456789012:key/mrk-${'0'.repeat(32)}` },
      /kmsKeyArn: a key of account 123456789012, and the stack is for account 210987654321/,
    ],
    [
      'a VPC without subnets',
      { clusters, vpc: { subnetIds: [], securityGroupIds: ['sg-01234567'] } },
      /vpc\.subnetIds: list at least one/,
    ],
    ['a VPC without security groups', { clusters, vpc: { subnetIds: ['subnet-01234567'] } }, /vpc\.securityGroupIds: /],
    [
      'the id of a VPC for a subnet',
      { clusters, vpc: { subnetIds: ['vpc-01234567'], securityGroupIds: ['sg-01234567'] } },
      /vpc\.subnetIds\.0: not the id of a subnet/,
    ],
    ['an account as a number', { clusters, account: 123456789012 }, /account: write the account as text, in quotes/],
    ['an account that is none', { clusters, account: '1234' }, /account: not an AWS account: 12 digits/],
    ['a Region that is none', { clusters, region: 'eu-west' }, /region: not an AWS Region/],
    [
      'a Region of another partition',
      { clusters, region: 'us-iso-east-1' },
      /region: a Region of a partition other than/,
    ],
    [
      'a variant of nothing',
      { clusters, documentVariants: ['pause-image-repair'] },
      /documentVariants: pause-image-repair is no variant of a repair document: <remediation>-repair-<variant>/,
    ],
    [
      'a topic of another account',
      {
        clusters,
        account: '210987654321',
        region: 'eu-west-1',
        notifications: { topicArn: 'arn:aws:sns:eu-west-1:123456789012:t' },
      },
      /notifications\.topicArn: a topic of account 123456789012, and the stack is for account 210987654321/,
    ],
    [
      'a function that does not exist',
      { clusters, functions: { memoryMegabytes: { nope: 512 } } },
      /functions\.memoryMegabytes\.nope: no such field; there are log-classifier, signal-intake, /,
    ],
    [
      'copies in words',
      { clusters, maxConcurrency: { 'log-classifier': 'some' } },
      /maxConcurrency\.log-classifier: 2 to 1,000 copies, or unres/,
    ],
    [
      'a time of day that is none',
      { clusters: [{ name: 's', freezeWindows: [{ days: ['Mon'], fromUtc: '8:30', toUtc: '09:00' }] }] },
      /freezeWindows\.0\.fromUtc: not a time of day in UTC, for example 08:30/,
    ],
    ['a stack name that is none', { clusters, stackName: 'Fleet Repair' }, /stackName: not a stack name/],
    [
      'a topic of another Region',
      { clusters, region: 'eu-west-1', notifications: { topicArn: 'arn:aws:sns:us-east-1:123456789012:t' } },
      /notifications\.topicArn: a topic of aws us-east-1, and the stack is for aws eu-west-1/,
    ],
    [
      'a topic of another partition',
      { clusters, region: 'cn-north-1', notifications: { topicArn: 'arn:aws:sns:cn-north-1:123456789012:t' } },
      /notifications\.topicArn: a topic of aws cn-north-1/,
    ],
    [
      'an unknown remediation',
      { clusters: [{ name: 's', remediations: { 'pause-imge': {} } }] },
      /pause-imge: no such/,
    ],
    ['a log group that is none', { clusters: [{ name: 's', logGroups: ['a:b'] }] }, /clusters\.0\.logGroups\.0: not a/],
    [
      'a log group of two clusters',
      {
        clusters: [
          { name: 'shop', logGroups: ['/shop', '/all/nodes'] },
          { name: 'bank', logGroups: ['/all/nodes'] },
          { name: 'club', logGroups: ['/all/nodes'] },
        ],
      },
      /clusters\.2\.logGroups: \/all\/nodes is listed by shop and bank and club; a log group belongs to one cluster/,
    ],
    ['no tag', { clusters: [{ name: 's', nodeTags: [] }] }, /clusters\.0\.nodeTags: /],
    ['a limit in the wrong unit', { clusters, limits: { coolDownSeconds: 0.25 } }, /limits\.coolDownSeconds: /],
    [
      'a timeout that Lambda does not have',
      { clusters, limits: { runControllerTimeoutSeconds: 2000 } },
      /limits\.runControllerTimeoutSeconds: .*900/,
    ],
    [
      'a run whose state does not fit into an item',
      { clusters, limits: { maxNodesPerCheckRun: 1001 } },
      /limits\.maxNodesPerCheckRun: .*1000/,
    ],
    [
      'too little memory',
      { clusters, functions: { memoryMegabytes: { 'log-classifier': 64 } } },
      /functions\.memoryMegabytes\.log-classifier/,
    ],
    [
      'a function that is none',
      { clusters, functions: { memoryMegabytes: { log: 512 } } },
      /functions\.memoryMegabytes/,
    ],
    ['an odd retention', { clusters, logRetentionDays: 42 }, /logRetentionDays: /],
    ['one copy', { clusters, maxConcurrency: { 'run-controller': 1 } }, /maxConcurrency\.run-controller: /],
    [
      'two ways to tell',
      { clusters, notifications: { email: 'a@example.com', topicArn: 'arn:aws:sns:eu-west-1:123456789012:t' } },
      /notifications: give email or topicArn/,
    ],
  ])('names the field of %s', (_, input, message) => {
    expect(() => parseConfig(input, KNOWN)).toThrow(message);
  });

  it('takes a log group that one cluster lists twice', () => {
    expect(parseConfig({ clusters: [{ name: 'shop', logGroups: ['/g', '/g'] }] }, KNOWN).clusters).toHaveLength(1);
  });

  it('names every wrong field at once, and rules between fields too', () => {
    const groups = { logGroups: ['/g'] };
    const input = {
      clusters: [{ name: '', ...groups }, { name: 's', remediations: { 'pause-imge': {} }, ...groups }, 7],
      sweepMinutes: 1,
    };
    const parse = () => parseConfig(input, KNOWN, 'my.config.ts');
    expect(parse).toThrow(UserError);
    expect(parse).toThrow(/clusters\.0\.name.*clusters\.2.*sweepMinutes.*clusters\.1\.logGroups.*pause-imge/s);
    expect(parse).toThrow(/^(?:my\.config\.ts: .+\n?)+$/);
  });
});

describe('policyOf', () => {
  it('gives the functions the policy without what only the deployment needs', () => {
    const input: ConfigInput = {
      clusters: [{ name: 'shop', mode: 'repair', logGroups: ['/g'], nodeTags: ['kubernetes.io/cluster'] }],
      limits: { canaries: 1 },
    };
    const policy = policyOf(parseConfig(input, KNOWN));
    expect(policy.clusters).toEqual([
      {
        name: 'shop',
        mode: 'repair',
        remediations: {},
        freezeWindows: [],
        sweeps: true,
        alarms: [],
        nodeTags: ['kubernetes.io/cluster'],
      },
    ]);
    expect(policy.limits.canaries).toBe(1);
  });
});

describe('a number of the configuration', () => {
  const Json = z.record(z.string(), z.unknown());
  /** Every number of a JSON schema, by path, with its greatest value. */
  const numbers = (schema: unknown, path: string): readonly (readonly [string, number])[] => {
    if (Array.isArray(schema)) return schema.flatMap((inner) => numbers(inner, path));
    const parsed = Json.safeParse(schema);
    if (!parsed.success) return [];
    const { type, maximum, exclusiveMaximum, const: only } = parsed.data;
    if ((type === 'integer' || type === 'number') && only === undefined && !('enum' in parsed.data)) {
      return [[path, Number(maximum ?? exclusiveMaximum ?? Number.POSITIVE_INFINITY)]];
    }
    return Object.entries(parsed.data).flatMap(([key, inner]) =>
      numbers(inner, /^(properties|anyOf|items|allOf|additionalProperties)$/.test(key) ? path : `${path}.${key}`),
    );
  };
  const found = numbers(z.toJSONSchema(Config, { io: 'input' }), '');

  it('is found by this test', () => {
    const paths = found.map(([path]) => path);
    expect(paths).toEqual(
      expect.arrayContaining(['.limits.coolDownSeconds', '.sweepMinutes', '.maxConcurrency.log-classifier']),
    );
    expect(paths.filter((path) => path.startsWith('.limits.')).sort()).toEqual(
      Object.keys(Limits.parse(undefined))
        .map((name) => `.limits.${name}`)
        .sort(),
    );
  });

  // Thirty days of seconds: SSM's limit on the time to deliver a command is the greatest number that there is.
  it.each(found)('%s has a maximum', (_, maximum) => {
    expect(maximum).toBeLessThanOrEqual(2_592_000);
  });
});
