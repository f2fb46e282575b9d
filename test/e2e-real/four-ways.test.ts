import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import * as z from 'zod';
import type { ResultRow } from '../../core/state/results.ts';
import { TrustRow } from '../../core/state/trust-state.ts';
import { type BreakKind, FOREIGN_REGISTRIES } from '../../lab/real/breaks.ts';
import type { NodeSnapshot, RealNode } from '../../lab/real/node.ts';
import { describeWithRealNodes } from '../../lab/real/suite.ts';
import type { Trace } from '../../lab/real/trace.ts';
import { mustBeUntouched, settledSnapshot } from '../../lab/real/untouched.ts';
import { LAB_CLUSTER } from '../../lab/synth.ts';
import { findTokens, tokenMarks } from './tokens.ts';
import { imagesByName, startPod, startWorld, type World } from './world.ts';

const SPECS = {
  /** The method ecr by a request that the script signs. */
  removed: {},
  /** The method tag. */
  twin: {},
  /** The method import. */
  al2023: { style: 'al2023' },
  /** The method ecr by kubelet's credential provider. */
  hollow: { tools: { awsCli: false, credentialProvider: true } },
  /** No method: no token, and only look-alikes on the node. */
  denied: {},
} as const;
type Name = keyof typeof SPECS;
const REPAIRED = ['removed', 'twin', 'al2023', 'hollow'] as const satisfies readonly Name[];
const ALL = [...REPAIRED, 'denied'] as const;

const HOST = '918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn';
const REF = `${HOST}/eks/pause:3.5`;
const PINNED = { 'io.cri-containerd.pinned': 'pinned' };
const UNAUTHORIZED = `failed to get sandbox image "${REF}": failed to pull image "${REF}": failed to pull and unpack image "${REF}": failed to resolve reference "${REF}": pulling from host ${HOST} failed with status code [manifests 3.5]: 401 Unauthorized`;

const BROKEN: Readonly<Record<Name, { kinds: readonly BreakKind[]; error: string; reason: string }>> = {
  removed: { kinds: ['missing'], error: UNAUTHORIZED, reason: 'SandboxImageMissing' },
  twin: { kinds: ['missing-with-twin'], error: UNAUTHORIZED, reason: 'SandboxImageMissing' },
  al2023: {
    kinds: ['al2023-missing'],
    error: 'dial tcp 127.0.0.1:80: connect: connection refused',
    reason: 'SandboxImageMissing',
  },
  hollow: {
    kinds: ['content-missing'],
    error: 'failed to get reader from content store: content digest',
    reason: 'SandboxImageIncomplete',
  },
  denied: { kinds: ['foreign-lookalike'], error: UNAUTHORIZED, reason: 'SandboxImageMissing' },
};

await describeWithRealNodes('fleetmend on real nodes, broken in four ways', () => {
  let world: World<Name>;
  let broken: Record<Name, NodeSnapshot>;
  const folder = mkdtempSync(join(tmpdir(), 'fleetmend-e2e-'));
  const traces = new Map<Name, Trace>();
  const traced = new Map<Name, string>();

  let startedMs = 0;
  /** Files of a node that hold a mark, of those that were written since the test began. */
  const filesWith = async (node: World<Name>['nodes'][Name], marks: readonly string[]): Promise<readonly string[]> => {
    const folders = ['/run', '/tmp', '/root', '/etc', '/var/lib/amazon', '/var/log', '/var/tmp'];
    // Below the node's own files are the machine's, which may be many; a file of before can hold no token of now.
    const since = `@${Math.floor(startedMs / 1000)}`;
    const written = await node.exec(['find', ...folders, '-type', 'f', '-newerct', since, '-print']);
    const files = written.stdout.split('\n').filter((file) => file !== '');
    expect(files.length).toBeGreaterThan(0);
    const grep = await node.exec(['grep', '--files-with-matches', '--fixed-strings', '--file=-', '--', ...files], {
      input: marks.join('\n'),
    });
    return grep.stdout.split('\n').filter((file) => file !== '');
  };
  beforeAll(async () => {
    startedMs = Date.now();
    world = await startWorld<Name>(SPECS);
    for (const name of ALL) {
      world.setMode(name, 'observe');
      for (const kind of BROKEN[name].kinds) await world.nodes[name].breakNode(kind);
    }
    await world.nodes.denied.setRole('denied');
  });
  afterAll(async () => {
    for (const trace of traces.values()) await trace.stop();
    await world.stop();
    rmSync(folder, { recursive: true });
  });

  const readAll = async (read: (node: RealNode) => Promise<NodeSnapshot>): Promise<Record<Name, NodeSnapshot>> => ({
    removed: await read(world.nodes.removed),
    twin: await read(world.nodes.twin),
    al2023: await read(world.nodes.al2023),
    hollow: await read(world.nodes.hollow),
    denied: await read(world.nodes.denied),
  });
  const mustAllBeUntouched = async (what: string, before: Record<Name, NodeSnapshot>): Promise<void> => {
    for (const name of ALL) mustBeUntouched(`${what} on ${name}`, before[name], await world.nodes[name].snapshot());
  };
  const isRepair = (row: ResultRow): boolean => row.action === 'repair' && row.outcome !== 'Skipped';

  it.each(ALL)('finds that no pod starts on the node %s, in the words of containerd', async (name) => {
    expect(await startPod(world.nodes[name])).toContain(BROKEN[name].error);
  });

  it('checks every node with the outcome Broken, and changes none', async () => {
    broken = await readAll(settledSnapshot);
    await world.ask({ action: 'check', remediation: 'pause-image' });
    for (const name of ALL) {
      const row = await world.result(name, (r) => r.action === 'check');
      expect(row).toMatchObject({ outcome: 'Broken', reason: BROKEN[name].reason });
    }
    // The tag of the nodes is observe: findings lead to no repair.
    for (const name of ALL) {
      expect(await world.result(name, (r) => r.action === 'repair')).toMatchObject({
        outcome: 'Skipped',
        skipReason: 'OptedOut',
      });
    }
    await mustAllBeUntouched('the check', broken);
  });

  it('repairs each node by its cheapest method after a log line with the fault', async () => {
    for (const name of ['removed', 'hollow'] as const) {
      traces.set(name, await world.nodes[name].trace(join(folder, name)));
    }
    for (const name of ALL) world.setMode(name, undefined);
    await world.shipLogs();
    for (const name of ALL) expect(await startPod(world.nodes[name])).toContain(BROKEN[name].error);
    const methods = { removed: 'ecr', twin: 'tag', al2023: 'import', hollow: 'ecr' } as const;
    for (const name of REPAIRED) {
      const row = await world.result(name, isRepair);
      const { pauseImage } = world.nodes[name];
      expect(row).toMatchObject({
        outcome: 'Repaired',
        reason: BROKEN[name].reason,
        // Debian 12's containerd 1.6.20 cannot keep a pin.
        cause: 'PinningUnsupported',
        willRecur: true,
        method: methods[name],
        digest: pauseImage.manifest.digest,
      });
      expect(await startPod(world.nodes[name])).toBeUndefined();
    }
    for (const [name, trace] of traces) traced.set(name, await trace.stop());
    traces.clear();
  });

  it.each(REPAIRED)('has labelled the image as pinned on the node %s, which has the real content', async (name) => {
    const node = world.nodes[name];
    const tagged = node.style === 'al2023' ? `${node.sandboxImage}:latest` : node.sandboxImage;
    const snapshot = await node.snapshot();
    expect(imagesByName(snapshot)[tagged]).toMatchObject({
      digest: node.pauseImage.manifest.digest,
      labels: PINNED,
    });
    // The test container is gone, and its snapshot with it.
    expect(snapshot.containers).toEqual([]);
    expect(snapshot.snapshots.join()).not.toContain('fleetmend');
  });

  it('reports what the operator must do where the role lacks the permission for a token, and changes nothing there', async () => {
    const row = await world.result('denied', isRepair);
    expect(row).toMatchObject({ outcome: 'NotRepaired', reason: 'NodeRoleLacksECR' });
    expect(row.evidence).toMatchObject({ nodeRole: 'demo-node-role', changed: false });
    expect(row.message).toBe(
      'The node role demo-node-role is not allowed to call ecr:GetAuthorizationToken. Nothing was changed on the node.',
    );
    expect(row.advice).toContain('AmazonEC2ContainerRegistryPullOnly');
    mustBeUntouched('the repair', broken.denied, await settledSnapshot(world.nodes.denied));
    expect(await startPod(world.nodes.denied)).toContain(UNAUTHORIZED);
  });

  it('does not count it as attributable to the repair', async () => {
    const [experience, ...others] = (await world.tableItems()).flatMap((item) => experienceIn(item, LAB_CLUSTER));
    expect(others).toEqual([]);
    expect(experience?.breaker).toBeUndefined();
    expect(experience?.results.map(({ end }) => end)).toEqual(REPAIRED.map(() => 'repaired'));
  });

  it('never uses a look-alike of a foreign registry, also when the real image is available', async () => {
    const { denied } = world.nodes;
    const before = imagesByName(await denied.snapshot());
    const lookAlikes = FOREIGN_REGISTRIES.map((registry) => `${registry}/eks/pause:3.5`);
    expect(Object.keys(before).sort()).toEqual([...lookAlikes].sort());
    await denied.setRole('allowed');
    await world.ask({
      action: 'repair',
      remediation: 'pause-image',
      instanceIds: [denied.instanceId],
      reason: 'role repaired',
    });
    expect(await world.result('denied', (r) => r.outcome === 'Repaired')).toMatchObject({
      method: 'ecr',
      digest: denied.pauseImage.manifest.digest,
    });
    const after = imagesByName(await denied.snapshot());
    expect(after[REF]?.digest).toBe(denied.pauseImage.manifest.digest);
    for (const name of lookAlikes) expect(after[name]).toEqual(before[name]);
    expect(await startPod(denied)).toBeUndefined();
  });

  it('changes nothing in a second repair, which ends Healthy', async () => {
    const before = await readAll(settledSnapshot);
    const instanceIds = ALL.map((name) => world.nodes[name].instanceId);
    await world.ask({ action: 'repair', remediation: 'pause-image', instanceIds, reason: 'once more' });
    for (const name of ALL) {
      const row = await world.result(name, (r) => isRepair(r) && r.outcome === 'Healthy');
      expect(row).not.toHaveProperty('method');
    }
    await mustAllBeUntouched('the second repair', before);
  });

  it('leaves the token nowhere: no execve, journal, command record, log, file or audit row has it', async () => {
    const secrets = await world.fleet.secrets();
    const marks = tokenMarks([...secrets.ecrTokens, ...secrets.roleSecrets]);
    // Two nodes by a token each, and the third after its role was repaired.
    expect(secrets.ecrTokens.length).toBeGreaterThanOrEqual(3);
    for (const [name, text] of traced) {
      expect(text).toMatch(/execve\("[^"]*ctr", \[[^\]]*"content", "fetch"/);
      if (name === 'removed') expect(text).toMatch(/execve\("[^"]*curl", \["curl", "-qsS", "--connect-timeout"/);
      expect(findTokens(`every execve on ${name}`, text, marks)).toEqual([]);
    }
    const { lab } = world;
    const found = [
      ...findTokens('the SSM command record', JSON.stringify(lab.commands.all()), marks),
      ...findTokens('the audit table', JSON.stringify(await world.tableItems()), marks),
      ...lab.functionNames().flatMap((fn) => findTokens(`the log of ${fn}`, lab.functionLogs(fn).join('\n'), marks)),
    ];
    for (const name of ALL) {
      const node = world.nodes[name];
      const journal = await node.exec(['journalctl', '--no-pager', '--output=export']);
      found.push(...findTokens(`the journal of ${name}`, journal.stdout, marks));
      found.push(...(await filesWith(node, marks)));
    }
    expect(found).toEqual([]);
  });

  it('would have found it in a file: a planted one is found', async () => {
    const { removed } = world.nodes;
    const marks = tokenMarks(['a-token-of-more-than-forty-characters-for-this-test-alone']);
    await removed.exec(['sh', '-c', 'cat > /var/tmp/planted'], { input: marks[1] ?? '' });
    expect(await filesWith(removed, marks)).toEqual(['/var/tmp/planted']);
    await removed.exec(['rm', '/var/tmp/planted']);
    expect(await filesWith(removed, marks)).toEqual([]);
  });

  it('would have found the token in the trace: that of the manual way is there', async () => {
    const { removed } = world.nodes;
    const trace = await removed.trace(join(folder, 'by-hand'));
    const runCommand = [
      '#!/bin/bash',
      'password=$(aws ecr get-login-password --region cn-north-1)',
      `ctr --namespace k8s.io content fetch ${REF} --user "AWS:$password"`,
    ];
    const inputs = { runCommand, timeoutSeconds: '60' };
    const content = { schemaVersion: '2.2', mainSteps: [{ name: 'fetch', action: 'aws:runShellScript', inputs }] };
    const reply = await removed.run(
      { commandId: 'by-hand', documentName: 'by-hand', content },
      new AbortController().signal,
    );
    expect(reply).toMatchObject({ statusDetails: 'Success' });
    const marks = tokenMarks((await world.fleet.secrets()).ecrTokens);
    expect(findTokens('the trace', await trace.stop(), marks)).not.toEqual([]);
  });
});

/** The experience with a document in a cluster, if the item is one. */
const experienceIn = (item: unknown, cluster: string): TrustRow[] => {
  const key = z.object({ pk: z.string().startsWith('TRUST#'), sk: z.literal(`CLUSTER#${cluster}`) }).safeParse(item);
  return key.success ? [TrustRow.parse(item)] : [];
};
