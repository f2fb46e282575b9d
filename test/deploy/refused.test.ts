import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StandIn, startStandIn } from './aws-stand-in.ts';
import { configFile, deployBuilt } from './run-deploy.ts';

let standIn: StandIn;
beforeAll(async () => {
  standIn = await startStandIn();
});
afterAll(async () => standIn.stop());

describe('wrong credentials end the deployment with one line, before any change', () => {
  const config = () => configFile({ clusters: [{ name: 'shop' }] });
  const changing = (calls: StandIn['calls']) =>
    calls.filter(({ service, operation }) => service === 's3' || /Change|Create|Delete|Put/.test(operation));

  it('none', async () => {
    const { code, lines } = await deployBuilt(undefined, ['--config', config()]);
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
    const { code, lines } = await deployBuilt(standIn, ['--config', config(), '--yes']);
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
    const { code, lines } = await deployBuilt(standIn, ['--config', file, '--yes']);
    standIn.state.denied.clear();
    expect(lines.at(-1)).toMatch(line);
    expect(code).toBe(4);
    expect(changing(standIn.calls)).toEqual([]);
  });
});

describe('a key of the user', () => {
  const kmsKeyArn = `arn:aws:kms:eu-west-1:123456789012:key/mrk-${'0'.repeat(32)}`;
  const deployWith = (...words: readonly string[]) =>
    deployBuilt(standIn, ['--config', configFile({ clusters: [{ name: 'shop' }], kmsKeyArn }), '--yes', ...words]);

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
