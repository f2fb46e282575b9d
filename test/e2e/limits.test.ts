import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logNormal } from '../../lab/sim/latency.ts';
import type { SimulatedNode } from '../../lab/sim/node.ts';
import { sampledTests } from '../support/sample.ts';
import { failing, MINUTE_MS, openScene, REPAIRABLE, type Scene, synthScene } from './support.ts';

const names = ['big', 'small', 'breaker', 'registry', 'local', 'paused', 'stale', 'line', 'cancelled'];
let scene: Scene;
beforeAll(async () => {
  scene = await openScene(synthScene(names.map((name) => ({ name }))));
});
afterAll(() => scene.lab.stop());

/** What a test does meanwhile takes the machine's own time, which a loaded one needs more of. */
const UNHURRIED = () => 60_000;
const LOCAL = { localMethod: 'tag', repair: { kind: 'repairs', method: 'tag' } } as const;
const latest = async (nodes: readonly SimulatedNode[]): Promise<readonly string[]> =>
  await Promise.all(
    nodes.map(async (n) => {
      const [row] = await scene.history(n.instanceId);
      return row?.skipReason ?? row?.outcome ?? 'nothing';
    }),
  );
const times = <T>(n: number, value: T): readonly T[] => Array.from({ length: n }, () => value);
const pauseAndResume = (action: 'pause' | 'resume', cluster: string) =>
  scene.remediate({ action, cluster, reason: 'an upgrade' });

/** A canary without a result keeps the next one for so long. */
const SILENT_MS = 8000;

describe('150 broken nodes of 510', () => {
  const BROKEN = 150;
  let broken: readonly SimulatedNode[];
  beforeAll(async () => {
    // Longer than a loaded machine computes between two commands, so that they come together.
    const latency = logNormal(20_000, 30_000);
    const nodes = scene.addNodes('big', 510, { latency, faultOf: (i) => (i < BROKEN ? REPAIRABLE : undefined) });
    broken = nodes.filter((n) => n.faults().length > 0);
    await scene.logFault(...broken);
    await scene.drain(60);
  });

  it('are all repaired by one command each', async () => {
    expect(broken.filter((n) => n.faults().length > 0)).toEqual([]);
    expect(broken.map((n) => scene.chronicle.repairsOf(n.instanceId).length)).toEqual(times(BROKEN, 1));
    const counts = (await scene.runs('big')).map((r) => r.counts.Repaired ?? 0);
    expect(counts.reduce((a, b) => a + b, 0)).toBe(BROKEN);
    expect(scene.chronicle.violations).toEqual([]);
  });

  it('start with three canaries, one after the other or after its silence, and the window grows from there', () => {
    const commands = scene.chronicle.repairsOn(broken);
    const sizes = commands.map((c) => c.instanceIds.length);
    expect(sizes.slice(0, 3)).toEqual([1, 1, 1]);
    for (const i of [1, 2]) {
      const { at = Number.NaN, endedAt = Number.NaN } = commands[i - 1] ?? {};
      expect(commands[i]?.at).toBeGreaterThanOrEqual(Math.min(endedAt, at + SILENT_MS));
    }
    expect(Math.max(...sizes)).toBeGreaterThan(1);
  });

  it('never have more than the budget of 50 under repair at once, and make use of it', () => {
    expect(scene.chronicle.mostAtOnce('big')).toBeLessThanOrEqual(50);
    expect(scene.chronicle.mostAtOnce('big')).toBeGreaterThan(40);
  });
});

/** Each has a cluster of its own. The rules themselves have their tests in core and in run-controller. */
const { add: other, declare } = sampledTests('other limits');

other(
  '60 broken nodes of 80 never have more than the tenth of the cluster under repair at once, and make use of it',
  async () => {
    const nodes = scene.addNodes('small', 80, { faultOf: (i) => (i < 60 ? REPAIRABLE : undefined) });
    await scene.logFault(...nodes.slice(0, 60));
    await scene.drain();
    expect(nodes.filter((n) => n.faults().length > 0)).toEqual([]);
    expect(scene.chronicle.mostAtOnce('small')).toBe(8);
  },
);

other(
  'a repair that does not work stops after two failures; the breaker lets one canary through at a time until one is repaired',
  async () => {
    const nodes = scene.addNodes('breaker', 60);
    const broken = nodes.slice(0, 8);
    for (const node of broken) node.breakWith(failing('SandboxStartFailed'));
    await scene.logFault(...broken);
    // Two failures open it for 8 s, of which nobody is told; the third for 64 s, in which a busy machine may compute.
    await scene.lab.advance(MINUTE_MS / 2);
    await scene.lab.settle();
    const tried = scene.chronicle.repairsOn(broken).length;
    expect(tried).toBeGreaterThanOrEqual(3);
    expect(tried).toBeLessThanOrEqual(5);
    expect(await scene.breaker('breaker', 'pause-image')).toMatchObject({ openings: tried - 1 });
    expect((await latest(broken)).toSorted()).toEqual([
      ...times(8 - tried, 'BreakerOpen'),
      ...times(tried, 'NotRepaired'),
    ]);
    const opened = scene.chronicle.notices.filter((n) => n.detailType === 'Breaker Opened');
    expect(opened[0]).toMatchObject({ detail: { lane: 'breaker/pause-image', openings: 2 } });

    for (const node of broken) node.breakWith(REPAIRABLE);
    await scene.drain(90);
    // Pending nodes are repaired now. Nodes that failed have a result, and get another attempt after a new symptom.
    const failed = scene.chronicle.repairsOn(broken).slice(0, tried);
    const left = broken.filter((n) => n.faults().length > 0);
    expect(left.map((n) => n.instanceId).toSorted()).toEqual(failed.flatMap((c) => c.instanceIds).toSorted());
    await scene.logFault(...left);
    await scene.drain();
    expect(broken.map((n) => n.faults().length)).toEqual(times(8, 0));
    expect(scene.chronicle.violations).toEqual([]);
  },
);

other('a repair that does not work with a node-local reason opens no breaker', async () => {
  const nodes = scene.addNodes('local', 30, { faultOf: (i) => (i < 6 ? failing('NodeRoleLacksECR') : undefined) });
  await scene.logFault(...nodes.slice(0, 6));
  await scene.lab.settle();
  expect(scene.chronicle.repairsOn(nodes)).toHaveLength(6);
  expect(await latest(nodes.slice(0, 6))).toEqual(times(6, 'NotRepaired'));
  const [row] = await scene.history(nodes[0]?.instanceId ?? '');
  expect(row?.advice).toMatch(/AmazonEC2ContainerRegistryPullOnly/);
  expect(await scene.breaker('local', 'pause-image')).toBeUndefined();
  expect(scene.chronicle.notices.filter((n) => n.detail.lane === 'local/pause-image')).toEqual([]);
  await scene.drain();
});

other(
  'a registry that is down holds the nodes that need it; the others are repaired at once, and all when it is available again',
  async () => {
    const silent = failing('RegistryUnreachable');
    const nodes = scene.addNodes('registry', 40, {
      faultOf: (i) => (i < 16 ? silent : i < 20 ? { ...REPAIRABLE, ...LOCAL } : undefined),
    });
    const [needing, local] = [nodes.slice(0, 16), nodes.slice(16, 20)];
    const holdOf = async () => (await scene.openLane('registry/pause-image'))?.registryHold;
    await scene.start({ action: 'check', cluster: 'registry', reason: 'pods hang' });
    // The first hold lasts 8 s, the second 64 s, the third nine minutes.
    await scene.lab.advance(MINUTE_MS / 2);
    await scene.lab.settle();
    expect(local.filter((n) => n.faults().length > 0)).toEqual([]);
    const tried = scene.chronicle.repairsOn(needing).flatMap((c) => c.instanceIds);
    expect(tried.length).toBeGreaterThanOrEqual(2);
    // At most one canary and the nodes that a budget of four allows when the second failure arrives; then three.
    expect(tried.length).toBeLessThanOrEqual(12);
    expect((await holdOf())?.holds).toBeGreaterThanOrEqual(2);
    const held = needing.filter((n) => !tried.includes(n.instanceId));
    expect(await latest(held)).toEqual(times(held.length, 'RegistryHeld'));
    const [row] = await scene.history(held[0]?.instanceId ?? '');
    expect(row?.message).toMatch(/registry did not answer the nodes of run \S+: held until/);

    const { holds = 0 } = (await holdOf()) ?? {};
    await scene.lab.advance(10 * MINUTE_MS);
    await scene.lab.settle();
    expect((await holdOf())?.holds).toBeGreaterThan(holds);
    const again = scene.chronicle.repairsOn(needing).flatMap((c) => c.instanceIds);
    expect(again.length).toBeGreaterThan(tried.length);

    for (const node of needing) node.breakWith(REPAIRABLE);
    await scene.lab.advance(16 * MINUTE_MS);
    await scene.drain(60);
    const left = needing.filter((n) => n.faults().length > 0);
    // Nodes with an attempt have a result, and log a new symptom.
    expect(left).toHaveLength(again.length);
    await scene.logFault(...left);
    await scene.drain();
    expect(nodes.filter((n) => n.faults().length > 0)).toEqual([]);
    expect(await holdOf()).toBeUndefined();
    expect(await scene.report({ query: 'quarantine' })).toEqual([]);
    expect(scene.chronicle.violations).toEqual([]);
  },
);

other(
  'a pause takes effect within one decision, is recorded for the pending nodes, and repairs continue after resume',
  async () => {
    const nodes = scene.addNodes('paused', 5, { faultOf: () => REPAIRABLE, latency: UNHURRIED });
    let pausing: Promise<unknown> | undefined;
    // The lines are about so many nodes that they are checked first.
    const off = scene.chronicle.onSent(({ action, instanceIds }) => {
      const isOurs = nodes.some((n) => instanceIds.includes(n.instanceId));
      if (action === 'repair' && isOurs) pausing ??= pauseAndResume('pause', 'paused');
    });
    await scene.logFault(...nodes);
    await scene.lab.settle();
    await pausing;
    off();
    await scene.lab.advance(5 * MINUTE_MS);
    expect(scene.chronicle.repairsOn(nodes)).toHaveLength(1);
    expect((await latest(nodes)).toSorted()).toEqual([...times(4, 'Paused'), 'Repaired']);
    expect((await scene.openLane('paused/pause-image'))?.lane).toBe('paused/pause-image');

    await pauseAndResume('resume', 'paused');
    await scene.drain();
    expect(await latest(nodes)).toEqual(times(5, 'Repaired'));
    expect(nodes.map((n) => scene.chronicle.repairsOf(n.instanceId).length)).toEqual(times(5, 1));
  },
);

other('a pause that outlasts a signal leads to a check first, and the check to the repair', async () => {
  const [node] = scene.addNodes('stale', 1, { faultOf: () => REPAIRABLE });
  if (node === undefined) throw new Error('no node was made');
  await pauseAndResume('pause', 'stale');
  await scene.logFault(node);
  await scene.lab.advance(40 * MINUTE_MS);
  expect(scene.chronicle.commands.filter((c) => c.instanceIds.includes(node.instanceId))).toEqual([]);
  await pauseAndResume('resume', 'stale');
  await scene.drain();
  const told = (await scene.history(node.instanceId)).map((r) => `${r.action} ${r.skipReason ?? r.outcome}`);
  expect(told).toEqual(['repair Repaired', 'check Broken', 'repair Stale', 'repair Paused']);
});

other('operators go before the pending nodes', async () => {
  const nodes = scene.addNodes('line', 4, { faultOf: () => REPAIRABLE, latency: UNHURRIED });
  const [first, second, third, asked] = nodes;
  if (first === undefined || second === undefined || third === undefined || asked === undefined) throw new Error();
  let busy: Promise<unknown> | undefined;
  const off = scene.chronicle.onSent((command) => {
    if (!command.instanceIds.includes(first.instanceId)) return;
    busy = scene.logFault(second, third).then(() =>
      scene.start({
        action: 'repair',
        cluster: 'line',
        remediation: 'pause-image',
        instanceIds: [asked.instanceId],
        reason: 'a ticket',
      }),
    );
  });
  await scene.logFault(first);
  await scene.drain();
  await busy;
  off();
  const order = scene.chronicle.repairsOn(nodes).flatMap((c) => c.instanceIds);
  expect(order.slice(0, 2)).toEqual([first.instanceId, asked.instanceId]);
  expect(order.toSorted()).toEqual(nodes.map((n) => n.instanceId).toSorted());
});

other(
  'operators can cancel by force: commands in flight are cancelled at SSM, no more are sent, and the run ends',
  async () => {
    const nodes = scene.addNodes('cancelled', 4, { faultOf: () => REPAIRABLE, latency: UNHURRIED });
    const request = { action: 'repair', cluster: 'cancelled', remediation: 'pause-image', reason: 'a ticket' };
    const { runId, planned } = await scene.start({ ...request, requestId: 'ticket-1' });
    expect(planned).toBe(4);
    let cancelling: Promise<unknown> | undefined;
    const off = scene.chronicle.onSent((command) => {
      if (command.runId === runId)
        cancelling ??= scene.remediate({ action: 'cancel', runId, force: true, reason: 'the wrong cluster' });
    });
    await scene.lab.settle();
    off();
    expect(await cancelling).toMatchObject({ requestId: 'ticket-1', cancelled: true });
    await scene.drain();
    expect(scene.chronicle.repairsOn(nodes)).toHaveLength(1);
    expect(nodes.map((n) => n.faults().length)).toEqual(times(4, 1));
    expect(await latest(nodes)).toEqual(times(4, 'Cancelled'));
    const [run] = await scene.runs('cancelled');
    expect(run).toMatchObject({ runId, status: 'ended', stopped: { reason: 'Cancelled' } });

    const again = await scene.start({ ...request, requestId: 'ticket-1' });
    expect(again).toMatchObject({ runId, planned });
    await scene.drain();
    expect(scene.chronicle.repairsOn(nodes)).toHaveLength(1);
    await expect(scene.start({ ...request, reason: 'another', requestId: 'ticket-1' })).rejects.toThrow(/requestId/);
  },
);

declare(1);
