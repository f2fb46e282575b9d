import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StandIn, startStandIn } from './aws-stand-in.ts';
import { configFile, deploy, folderOf, root } from './run-deploy.ts';

let standIn: StandIn;
beforeAll(async () => {
  standIn = await startStandIn();
});
afterAll(async () => standIn.stop());

const good = { account: '123456789012', region: 'eu-west-1', clusters: [{ name: 'shop' }] };
const json = (config: unknown): string => JSON.stringify(config);

describe('an error in the configuration is one line, without a call to AWS', () => {
  it.each<[what: string, file: string, content: string | undefined, lines: readonly RegExp[]]>([
    ['a file that does not exist', 'gone.ts', undefined, [/^deploy: --config: .*gone\.ts does not exist/]],
    [
      'a YAML file',
      'c.yaml',
      'clusters: []',
      [/c\.yaml is no configuration file: its name ends in \.ts, \.mjs, \.json$/],
    ],
    ['an empty JSON file', 'c.json', '', [/c\.json: not valid JSON: Unexpected end of JSON input$/]],
    ['JSON with a comma too many', 'c.json', '{"clusters": [],}', [/c\.json: not valid JSON: .*position 16/]],
    ['a syntax error', 'c.ts', 'export const config = {;', [/c\.ts: cannot be loaded: \w*SyntaxError: /]],
    [
      'TypeScript that is more than types',
      'c.ts',
      'enum A { b }\nexport const config = {};',
      [/c\.ts: cannot be loaded: \w+: .*enum/],
    ],
    [
      'a file that throws',
      'c.mjs',
      'throw new Error("no secret found");',
      [/c\.mjs: cannot be loaded: Error: no secret found$/],
    ],
    [
      'an import that is not there',
      'c.mjs',
      'import "./gone.mjs";',
      [/c\.mjs: cannot be loaded: Error: Cannot find module .*gone\.mjs/],
    ],
    ['no export', 'c.mjs', 'const config = {};', [/c\.mjs: exports no configuration: write/]],
    ['two exports', 'c.mjs', 'export const config = {};\nexport default {};', [/c\.mjs: exports two configurations/]],
    ['a function', 'c.mjs', 'export default () => ({});', [/c\.mjs: \(top\): Invalid input: expected object/]],
    ['a list', 'c.json', '[]', [/c\.json: \(top\): Invalid input: expected object/]],
    ['no clusters', 'c.json', json({ ...good, clusters: [] }), [/c\.json: clusters: list at least one cluster$/]],
    [
      'an unknown field',
      'c.json',
      json({ ...good, cluster: [] }),
      [/c\.json: cluster: no such field; there are account, region/],
    ],
    [
      'a mode that does not exist',
      'c.json',
      json({ ...good, clusters: [{ name: 'a', mode: 'on' }] }),
      [/clusters\.0\.mode: .*"observe"\|"repair"/],
    ],
    [
      'a wrong remediation and a wrong number, in one round',
      'c.json',
      json({ ...good, sweepMinutes: 1, clusters: [{ name: 'a', remediations: { 'pause-imge': {} } }] }),
      [
        /sweepMinutes: Too small/,
        /clusters\.0\.remediations\.pause-imge: no such remediation; there are pause-image, /,
      ],
    ],
    [
      'a cluster twice',
      'c.json',
      json({ ...good, clusters: [{ name: 'a' }, { name: 'a' }] }),
      [/clusters\.1\.name: a is listed twice/],
    ],
    [
      'a log group of two clusters',
      'c.json',
      json({
        ...good,
        clusters: [
          { name: 'a', logGroups: ['/g'] },
          { name: 'b', logGroups: ['/g'] },
        ],
      }),
      [/clusters\.1\.logGroups: \/g is listed by a and b/],
    ],
    [
      'an account as a number',
      'c.json',
      json({ ...good, account: 123456789012 }),
      [/account: write the account as text/],
    ],
    ['no account', 'c.json', json({ ...good, account: undefined }), [/account: name the AWS account to deploy to/]],
    ['no Region', 'c.json', json({ ...good, region: undefined }), [/region: name the Region to deploy to/]],
    [
      'a file with a byte order mark and a wrong field',
      'c.json',
      `\uFEFF${json({ ...good, cluster: 1 })}`,
      [/c\.json: cluster: no such field/],
    ],
    [
      'an import of the package from outside of it',
      'c.mjs',
      "import { defineConfig } from 'fleetmend/config';\nexport const config = defineConfig({});",
      [
        /c\.mjs: cannot be loaded: Error: Cannot find package 'fleetmend'.*; outside of the repository of fleetmend export a plain object/,
      ],
    ],
    [
      "a wrong mode, no Region and the example's cluster, in one round",
      'c.json',
      json({ account: '123456789012', clusters: [{ name: 'example-cluster', mode: 'x' }] }),
      [/clusters\.0\.mode: /, /region: name the Region/, /clusters\.0\.name: example-cluster is the example's/],
    ],
    [
      'a Region of another partition',
      'c.json',
      json({ ...good, region: 'us-isob-east-1' }),
      [/region: a Region of a partition other than/],
    ],
    [
      'a topic of another Region',
      'c.json',
      json({ ...good, notifications: { topicArn: 'arn:aws:sns:eu-west-2:123456789012:t' } }),
      [/notifications\.topicArn: a topic of aws eu-west-2/],
    ],
    [
      "the example's account and cluster",
      'c.json',
      json({ ...good, account: '111122223333', clusters: [{ name: 'example-cluster' }] }),
      [/account: 111122223333 is the example's/, /clusters\.0\.name: example-cluster is the example's/],
    ],
  ])('%s', async (_, file, content, lines) => {
    const folder = folderOf(content === undefined ? {} : { [file]: content });
    const { code, lines: printed } = await deploy(standIn, ['--config', join(folder, file)]);
    expect(printed).toEqual(lines.map((line) => expect.stringMatching(line)));
    for (const line of printed) expect(line).toMatch(/^deploy: /);
    expect(code).toBe(2);
    expect(standIn.calls).toEqual([]);
  });

  it('the example itself', async () => {
    const { code, lines } = await deploy(standIn, ['--config', join(root, 'infra', 'example.config.ts')]);
    expect(lines).toEqual([
      expect.stringMatching(/example\.config\.ts: account: 111122223333 is the example's/),
      expect.stringMatching(/example\.config\.ts: clusters\.0\.name: example-cluster is the example's/),
    ]);
    expect(code).toBe(2);
  });

  it('no configuration at all', async () => {
    const { code, lines } = await deploy(standIn, []);
    expect(lines).toEqual([
      'deploy: found no configuration: copy infra/example.config.ts to fleetmend.config.ts, or name a file with --config',
    ]);
    expect(code).toBe(2);
  });

  it('an option that does not exist', async () => {
    const { code, lines } = await deploy(standIn, ['--ye']);
    expect(lines).toEqual([expect.stringMatching(/^deploy: Unknown option '--ye'.*--help shows the options$/)]);
    expect(code).toBe(2);
  });

  it('a file by its path, relative to the folder of the call', async () => {
    const folder = folderOf({ 'mine.json': json({ ...good, sweepMinutes: 1 }) });
    const { lines } = await deploy(standIn, ['--config', 'mine.json'], { INIT_CWD: folder });
    expect(lines).toEqual([expect.stringMatching(/^deploy: mine\.json: sweepMinutes: /)]);
  });
});

describe('wrong credentials end the deployment with one line, before any change', () => {
  const config = () => configFile({ clusters: [{ name: 'shop' }] });
  const changing = (calls: StandIn['calls']) =>
    calls.filter(({ service, operation }) => service === 's3' || /Change|Create|Delete|Put/.test(operation));

  it('none', async () => {
    const { code, lines } = await deploy(undefined, ['--config', config()]);
    expect(lines).toEqual([
      expect.stringMatching(/^deploy: .*c\.json: stack fleetmend to account 123456789012 in eu-west-1$/),
      expect.stringMatching(
        /^deploy: found no AWS credentials for account 123456789012 in eu-west-1 \(.*\): sign in, or name/,
      ),
    ]);
    expect(code).toBe(4);
  });

  it.each<[what: string, refusal: readonly [string, string] | undefined, account: string, line: RegExp, code: number]>([
    [
      'of another account',
      undefined,
      '210987654321',
      /^deploy: the credentials are of account 210987654321 \(arn:.*\), and the configuration is for account 123456789012: use/,
      3,
    ],
    [
      'of another partition',
      ['InvalidClientTokenId', 'The security token included in the request is invalid.'],
      '123456789012',
      /^deploy: the AWS credentials are not valid in eu-west-1 \(InvalidClientTokenId: .*each partition has its own$/,
      4,
    ],
    [
      'that expired',
      ['ExpiredToken', 'The security token is expired'],
      '123456789012',
      /have expired: sign in again$/,
      4,
    ],
    [
      'that STS refuses',
      ['AccessDenied', 'explicit deny'],
      '123456789012',
      /asking AWS STS .* failed: AccessDenied: /,
      4,
    ],
  ])('%s', async (_, refusal, account, line, expected) => {
    Object.assign(standIn.state, { refusal, account });
    const { code, lines } = await deploy(standIn, ['--config', config(), '--yes']);
    Object.assign(standIn.state, { refusal: undefined, account: '123456789012' });
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(line);
    expect(code).toBe(expected);
    expect(changing(standIn.calls)).toEqual([]);
  });

  it.each([
    [
      'cloudformation:DescribeStacks',
      /listing the stacks failed: AccessDenied.*allow cloudformation:DescribeStacks, so that the deployment can be/,
    ],
    [
      'logs:DescribeLogGroups',
      /cannot look at the log group \/g: AccessDenied.*allow logs:DescribeLogGroups, or deploy with/,
    ],
  ])('that may not %s', async (denied, line) => {
    standIn.state.denied.add(denied);
    const file = configFile({ clusters: [{ name: 'shop', logGroups: ['/g'] }] });
    const { code, lines } = await deploy(standIn, ['--config', file, '--yes']);
    standIn.state.denied.clear();
    expect(lines.at(-1)).toMatch(line);
    expect(code).toBe(4);
    expect(changing(standIn.calls)).toEqual([]);
  });
});

describe('a key of the user', () => {
  const kmsKeyArn = `arn:aws:kms:eu-west-1:123456789012:key/mrk-${'0'.repeat(32)}`;
  const deployWith = (...words: readonly string[]) =>
    deploy(standIn, ['--config', configFile({ clusters: [{ name: 'shop' }], kmsKeyArn }), '--yes', ...words]);

  it('whose policy leaves out the services stops the deployment, with the statements to add', async () => {
    const root = { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::123456789012:root' }, Action: 'kms:*' };
    standIn.state.keyPolicies.set(kmsKeyArn, JSON.stringify({ Statement: [root] }));
    const { code, lines } = await deployWith();
    const about = lines.filter((line) => line.startsWith('deploy: kmsKeyArn: '));
    expect(about.map((line) => /does not allow (\S+)/.exec(line)?.[1])).toEqual([
      'events.amazonaws.com',
      'cloudwatch.amazonaws.com',
      'logs.eu-west-1.amazonaws.com',
    ]);
    expect(code).toBe(3);
    expect(standIn.calls.map(({ operation }) => operation)).not.toContain('CreateChangeSet');
  });

  it('whose policy may not be read stops it too, and is trusted with an option', async () => {
    standIn.state.denied.add('kms:GetKeyPolicy');
    const refused = await deployWith();
    // This right is asked for after that of the key.
    standIn.state.denied.add('cloudformation:DescribeStacks');
    const trusted = await deployWith('--trust-key-policy');
    standIn.state.denied.clear();
    expect(refused.lines.at(-1)).toMatch(
      /cannot read the policy of .*allow kms:GetKeyPolicy, or deploy with -- --trust-key/,
    );
    expect(refused.code).toBe(4);
    expect(trusted.lines.at(-1)).toContain('listing the stacks failed');
  });
});
