import { describe, expect, it } from 'vitest';
import { page } from '../../test/support/cli-answers.ts';
import { CLI_FILES, runCli } from '../../test/support/cli-world.ts';
import { kubeconfigCluster } from './kubeconfig.ts';

const CONTEXTS = JSON.stringify({
  current: 'eu',
  contexts: { eu: { region: 'eu-west-1', profile: 'ops' }, china: { stack: 'fleetmend-cn', region: 'cn-north-1' } },
});
const withFile = (text: string) => ({ answer: () => page(), files: { [CLI_FILES.contexts]: text } });
const stackAt = async (options: object, ...args: readonly string[]) => {
  const { code, stderr, calls } = await runCli({ answer: () => page(), ...options }, 'runs', '-c', 'shop', ...args);
  return calls[0]?.stack ?? `${code} ${stderr}`;
};

describe('the context of a command', () => {
  const files = { [CLI_FILES.contexts]: CONTEXTS };

  it.each([
    ['the stack of nothing', {}, [], 'fleetmend'],
    ['the stack of the environment', { env: { FLEETMEND_STACK: 'other' } }, [], 'other'],
    ['the current context', { files }, [], 'fleetmend'],
    ['the context of the environment', { files, env: { FLEETMEND_CONTEXT: 'china' } }, [], 'fleetmend-cn'],
    ['the context of the option', { files }, ['--context', 'china'], 'fleetmend-cn'],
    ['the stack of the option', { files }, ['--context', 'china', '--stack', 'test'], 'test'],
  ])('is %s', async (_name, options, args, stack) => {
    expect(await stackAt(options, ...args)).toBe(stack);
  });

  it.each([
    [
      'an unknown context',
      CONTEXTS,
      ['--context', 'us'],
      /^2 .*there is no context us in .*; there are: eu, china, all/,
    ],
    ['all of no contexts', '{"contexts":{}}', ['--context', 'all'], /^2 .*there are no contexts/],
    ['a file that is not JSON', '{', [], /^2 .*config\.json: it is not JSON/],
    ['an unknown field', '{"contexts":{"eu":{"regoin":"x"}}}', [], /^2 .*config\.json: field contexts\.eu/],
    [
      'a current context that is none',
      '{"current":"x","contexts":{}}',
      [],
      /^2 .*field current: it is none of the contexts/,
    ],
    ['a context with the name of all', '{"contexts":{"all":{}}}', [], /^2 .*all means every context/],
  ])('is refused: %s', async (_name, text, args, problem) => {
    expect(await stackAt(withFile(text), ...args)).toMatch(problem);
  });

  it('must be one for a command that acts', async () => {
    const { code, stderr, calls } = await runCli(withFile(CONTEXTS), 'check', '-c', 'shop', '--context', 'all');
    expect([code, calls]).toEqual([2, []]);
    expect(stderr).toContain('this command needs one context');
  });

  it('is listed by fleetmend contexts', async () => {
    const { stdout } = await runCli(withFile(CONTEXTS), 'contexts');
    expect(stdout).toContain('eu *     fleetmend     eu-west-1   ops');
    expect((await runCli({}, 'contexts')).stdout).toContain('There are no contexts');
  });
});

const kubeconfig = (cluster: string, exec?: object): string =>
  JSON.stringify({
    'current-context': 'mine',
    contexts: [{ name: 'mine', context: { cluster, user: 'me' } }],
    users: [{ name: 'me', user: exec === undefined ? {} : { exec } }],
  });

describe('the default cluster', () => {
  it.each([
    [
      'the ARN of aws eks update-kubeconfig',
      kubeconfig('arn:aws-cn:eks:cn-north-1:123456789012:cluster/shop-bj'),
      'shop-bj',
    ],
    ['the name of eksctl', kubeconfig('shop-eu.eu-west-1.eksctl.io'), 'shop-eu'],
    [
      'the argument of aws eks get-token',
      kubeconfig('x', { args: ['eks', 'get-token', '--cluster-name', 'shop'] }),
      'shop',
    ],
    ['the argument of aws-iam-authenticator', kubeconfig('x', { args: ['token', '-i', 'shop'] }), 'shop'],
    ['an unknown cluster', kubeconfig('kind-local'), undefined],
    ['a bad name', kubeconfig('x', { args: ['--cluster-name', '-; rm'] }), undefined],
    ['no YAML', '{a: [', undefined],
    ['another type', '"text"', undefined],
    ['no current context', '{}', undefined],
  ])('comes from %s', (_name, text, cluster) => {
    const readFile = (path: string) => (path === CLI_FILES.kubeconfig ? text : undefined);
    expect(kubeconfigCluster({ env: {}, homeFolder: '/home/mei', readFile })).toBe(cluster);
  });

  it('comes from the files of KUBECONFIG together', () => {
    const files: Readonly<Record<string, string>> = {
      '/a': 'current-context: mine',
      '/b': kubeconfig('arn:aws:eks:eu-west-1:123456789012:cluster/shop'),
    };
    const readFile = (path: string) => files[path];
    expect(kubeconfigCluster({ env: { KUBECONFIG: '/a:/none:/b' }, homeFolder: '/', readFile })).toBe('shop');
  });

  it('gives way to FLEETMEND_CLUSTER and to -c', async () => {
    const options = { answer: () => page(), files: { [CLI_FILES.kubeconfig]: kubeconfig('shop.eu-west-1.eksctl.io') } };
    const clusterOf = async (env: Record<string, string>, ...args: readonly string[]) =>
      (await runCli({ ...options, env }, 'runs', ...args)).calls[0]?.payload.cluster;
    expect(await clusterOf({})).toBe('shop');
    expect(await clusterOf({ FLEETMEND_CLUSTER: 'other' })).toBe('other');
    expect(await clusterOf({ FLEETMEND_CLUSTER: 'other' }, '-c', 'third')).toBe('third');
  });
});
