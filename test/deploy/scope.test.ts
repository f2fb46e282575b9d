import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { describe, expect, it } from 'vitest';
import { readDeployed } from '../../infra/deploy/deployed-stack.ts';
import { bank, clusters, deployWorld, shop } from './deploy-world.ts';
import { configFile, DEPLOY_BUILT, deployBuilt, environment, run } from './run-deploy.ts';

const world = deployWorld();
const { deployed, clustersDeployed, isDeployed } = world;

describe('a deployment that removes clusters or widens the scope of repairs', () => {
  it('names the cluster that goes, and deploys nothing without a terminal or an agreement', async () => {
    isDeployed([shop, bank]);
    const before = deployed();
    const { code, lines } = await deployBuilt(world.standIn(), ['--config', clusters(shop)]);
    expect(lines).toContain('deploy: ! removes the cluster bank: its nodes are no longer checked or repaired');
    expect(lines.at(-1)).toMatch(/^deploy: there is no terminal to ask at .*: add --yes$/);
    expect(code).toBe(3);
    expect(deployed()).toBe(before);
  });

  it('does not change a stack without a scope, whatever the options', async () => {
    world.standIn().state.stacks.set('fleetmend', '{"Resources":{}}');
    const { code, lines } = await deployBuilt(world.standIn(), ['--config', clusters(shop), '--yes']);
    expect(lines.at(-1)).toMatch(
      /^deploy: the deployed stack fleetmend does not describe its scope.* or add --adopt-stack fleetmend if/,
    );
    expect(code).toBe(3);
    expect(deployed()).toBe('{"Resources":{}}');
    expect(
      (await deployBuilt(world.standIn(), ['--config', clusters(shop), '--yes', '--adopt-stack', 'fleetmend'])).code,
    ).toBe(0);
    expect(clustersDeployed()).toEqual(['shop']);
  });

  it('treats a stack without resources as missing, and reads every page of the others', async () => {
    const client = new CloudFormationClient({
      endpoint: world.standIn().url,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' },
    });
    isDeployed([bank]);
    const { stacks, statuses } = world.standIn().state;
    stacks.set('older', stacks.get('fleetmend') ?? '');
    stacks.set('database', '{"Resources":{}}');
    expect(await readDeployed(client, 'fleetmend')).toMatchObject({
      own: { kind: 'known' },
      others: { older: { clusters: { bank: {} } } },
    });
    expect((await readDeployed(client, 'database')).own).toEqual({ kind: 'unknown' });
    for (const status of ['ROLLBACK_COMPLETE', 'REVIEW_IN_PROGRESS', 'DELETE_COMPLETE']) {
      statuses.set('fleetmend', status);
      expect((await readDeployed(client, 'fleetmend')).own).toEqual({ kind: 'none' });
    }
    statuses.clear();
    expect((await readDeployed(client, 'fleet')).own).toEqual({ kind: 'none' });
  });

  it('names a cluster that another stack manages: its name was changed', async () => {
    isDeployed([shop]);
    const file = configFile({ clusters: [shop], stackName: 'fm-2' });
    const { code, lines } = await deployBuilt(world.standIn(), ['--config', file]);
    expect(lines).toContain(
      'deploy: ! the stack fleetmend manages the cluster shop already: two stacks would repair the same nodes',
    );
    expect(code).toBe(3);
  });

  it.each([
    ['y', 0],
    ['n', 3],
  ])('takes the answer %j at a terminal', async (answer, expected) => {
    isDeployed([shop, bank]);
    const command = `${process.execPath} ${DEPLOY_BUILT} --config ${clusters(shop)}`;
    const words =
      process.platform === 'darwin' ? ['-q', '/dev/null', 'sh', '-c', command] : ['-qec', command, '/dev/null'];
    const { code, output } = await run('script', words, environment(world.standIn()), [
      { question: 'Deploy with this change? [y/N]', answer },
      { question: 'Do you wish to deploy these changes', answer: 'y' },
    ]);
    if (expected !== 0) expect(output).toContain('deploy: nothing was deployed');
    expect(code).toBe(expected);
    expect(clustersDeployed()).toEqual(expected === 0 ? ['shop'] : ['bank', 'shop']);
  });
});
