import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { sampleOf } from '../../test/support/sample.ts';
import type { BreakKind } from './breaks.ts';
import { type RealFleet, startRealFleet } from './fleet.ts';
import { followJournal, type JournalLine, logStreamOf, toFluentBitRecord } from './journal.ts';
import type { RealNode } from './node.ts';
import { describeWithRealNodes } from './suite.ts';
import { settledSnapshot } from './untouched.ts';

const HOST = '918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn';
const REF = `${HOST}/eks/pause:3.5`;
const NO_CREDENTIALS = `failed to get sandbox image "${REF}": failed to pull image "${REF}": failed to pull and unpack image "${REF}": failed to resolve reference "${REF}": pulling from host ${HOST} failed with status code [manifests 3.5]: 401 Unauthorized`;

/**
 * A sandbox starts, without a restart of containerd. Its CRI learns of an image by an event, a moment after `ctr` has ended.
 * Source: containerd, internal/cri/server/events.
 */
const startsSandbox = async (node: RealNode): Promise<void> => {
  await expect.poll(() => node.runPodSandbox(), { timeout: 60_000 }).toMatchObject({ ok: true });
};

await describeWithRealNodes('a real node', () => {
  let fleet: RealFleet;
  let al2: RealNode;
  let al2023: RealNode;

  beforeAll(async () => {
    fleet = await startRealFleet({ nodes: [{}, { style: 'al2023' }] });
    const nodes = fleet.nodes;
    const found = (style: string) => nodes.find((node) => node.style === style);
    const [first, second] = [found('al2'), found('al2023')];
    if (first === undefined || second === undefined) throw new Error('starting the fleet: it lacks a node');
    al2 = first;
    al2023 = second;
  });
  afterAll(async () => {
    await fleet.stop();
  });
  beforeEach(async () => {
    for (const node of [al2, al2023]) await restore(node);
  });

  it.each(['NODE', 'POD'] as const)('starts a sandbox with the network of the %s', async (network) => {
    for (const node of [al2, al2023]) {
      expect(await node.runPodSandbox({ network })).toMatchObject({ ok: true });
    }
  });

  const breaks: readonly (readonly [BreakKind, string])[] = [
    ['missing', NO_CREDENTIALS],
    ['missing-with-twin', NO_CREDENTIALS],
    ['foreign-lookalike', NO_CREDENTIALS],
    ['content-missing', 'failed to get reader from content store: content digest'],
    ['manifest-missing', 'failed to create containerd container: error unpacking image: content digest'],
  ];
  it.each(sampleOf('ways to break an image', breaks, 2))(
    'fails with the own words of containerd once its image is broken: %s',
    async (kind, error) => {
      await al2.breakNode(kind);
      expect(await al2.runPodSandbox()).toEqual({ ok: false, error: expect.stringContaining(error) });
    },
  );

  it('fails on an AL2023 node that has the archive and not the image, and repairs it from the archive', async () => {
    await al2023.breakNode('al2023-missing');
    expect(await al2023.runPodSandbox()).toEqual({
      ok: false,
      error: expect.stringContaining('dial tcp 127.0.0.1:80: connect: connection refused'),
    });
    await al2023.ctr(['images', 'import', '/etc/eks/pause.tar']);
    await al2023.cri.waitForImage('localhost/kubernetes/pause:latest', al2023.pauseImage.config.digest);
    await startsSandbox(al2023);
  });

  it('starts sandboxes again after the manual commands, without a restart', async () => {
    await al2.breakNode('missing');
    const token = (await al2.exec(['aws', 'ecr', 'get-login-password', '--region', 'cn-north-1'])).stdout.trim();
    expect((await fleet.secrets()).ecrTokens).toContain(token);
    await al2.ctr(['content', 'fetch', '--user', `AWS:${token}`, REF]);
    await al2.cri.waitForImage(REF, al2.pauseImage.config.digest);
    await startsSandbox(al2);
    expect(await al2.images()).toContainEqual({
      name: REF,
      digest: al2.pauseImage.manifest.digest,
      labels: { 'io.cri-containerd.image': 'managed' },
    });
  });

  it('keeps the twin under its own name alone, with the content of the lost image', async () => {
    await al2.breakNode('missing-with-twin');
    const names = (await al2.images()).filter(({ name }) => !name.startsWith('sha256:'));
    expect(names).toMatchObject([
      {
        name: '961992271922.dkr.ecr.cn-northwest-1.amazonaws.com.cn/eks/pause:3.5',
        digest: al2.pauseImage.manifest.digest,
      },
    ]);
  });

  it('has look-alikes whose digest is not that of the real image', async () => {
    await al2.breakNode('foreign-lookalike');
    const images = await al2.images();
    expect(images.map(({ name }) => name)).toContain('evil.example/eks/pause:3.5');
    expect(new Set(images.map(({ digest }) => digest))).toEqual(new Set([al2.lookAlikeImage.manifest.digest]));
  });

  it('has a snapshot that stays equal without changes, and shows each change', async () => {
    await al2.breakNode('missing');
    const before = await settledSnapshot(al2);
    await al2.runPodSandbox();
    expect(await al2.snapshot()).toEqual(before);
    await al2.exec(['touch', '/etc/eks-changed']);
    await al2.importImage(al2.pauseImage, REF);
    const after = await al2.snapshot();
    expect(after.files).toHaveProperty(['etc/eks-changed']);
    expect(after.images).not.toEqual(before.images);
    expect(after.content).not.toEqual(before.content);
    await al2.exec(['rm', '/etc/eks-changed']);
  });

  it('ships the line of the failure in the shape of Container Insights', async () => {
    await al2.breakNode('missing');
    const lines: JournalLine[] = [];
    const { promise: seen, resolve } = Promise.withResolvers<JournalLine>();
    const stop = await followJournal(al2, (line) => {
      lines.push(line);
      if (line.message.includes('401 Unauthorized')) resolve(line);
    });
    await al2.runPodSandbox();
    const line = await seen;
    await stop();
    expect(JSON.parse(toFluentBitRecord(al2, line))).toEqual({
      hostname: al2.privateDnsName,
      systemd_unit: 'containerd.service',
      message: expect.stringMatching(/^time=".*level=error msg="RunPodSandbox for &PodSandboxMetadata/),
      az: 'cn-north-1a',
      ec2_instance_id: al2.instanceId,
    });
    expect(logStreamOf(al2, line.unit)).toBe(`${al2.privateDnsName}-dataplane.systemd.containerd.service`);
    expect(lines.every(({ unit }) => unit === 'containerd.service')).toBe(true);
  });

  it('has neither jq nor crictl, and nothing of the settings of the machine', async () => {
    for (const program of ['jq', 'crictl', 'nerdctl']) {
      expect((await al2.exec(['sh', '-c', `command -v ${program}`])).code).not.toBe(0);
    }
    expect((await al2.exec(['ls', '/root', '/etc/docker', '/etc/kubernetes'])).stdout).not.toMatch(
      /\.ssh|\.aws|daemon/,
    );
  });
});

/** Restores the state of a node after its boot. */
async function restore(node: RealNode): Promise<void> {
  await node.removeSandboxes();
  const names = (await node.images()).map(({ name }) => name);
  if (names.length > 0) await node.ctr(['images', 'rm', '--sync', ...names]);
  const name = node.style === 'al2' ? node.sandboxImage : `${node.sandboxImage}:latest`;
  await node.importImage(node.pauseImage, name);
}
