import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countsOf } from '../../core/runs/reports.ts';
import { deployedOf } from '../../core/runs/rules.ts';
import type { SendFault } from '../../test/support/fake-ssm.ts';
import { healthyFacts, runControllerWorld } from '../../test/support/run-controller-world.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { keys } from '../adapters/table/keys.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

type World = ReturnType<typeof runControllerWorld>;
const world = async (options: Parameters<typeof runControllerWorld>[1] = {}): Promise<World> =>
  runControllerWorld(await table.another(), options);
const summary = async (w: World) => (await w.allRuns()).map((r) => [r.action, countsOf(r)]);

/** Gives the document of the repair so many repaired nodes. */
const trusted = async (w: World, count: number): Promise<void> => {
  const document = deployedOf(w.settings, 'pause-image-repair')[0]?.name ?? expect.fail();
  const results = Array.from({ length: count }, (_, i) => ({
    ...{ instanceId: `i-9000000000000000${i}`, runId: 'r-0', at: w.iso(-60), end: 'repaired', isCanary: false },
  }));
  await w.put({ ...keys.trust(document, 'demo'), document, cluster: 'demo', version: 1, results });
};

/** One broken node is reported while SendCommand has this fault; then half an hour goes by. */
const oneNode = async (faults: readonly SendFault[], listLagMs = 0): Promise<World> => {
  const w = await world();
  const [id = ''] = w.ids;
  w.nodes.set(id, { broken: true, latencyMs: 4000 });
  w.ssm.faults.push(...faults);
  w.ssm.world.listLagMs = listLagMs;
  await w.signal(id);
  await w.pass(600, 10);
  return w;
};

it('facts that cannot be read for a while cost time, and no run of their own', async () => {
  const w = await world();
  const [id = ''] = w.ids;
  w.nodes.set(id, { broken: true, latencyMs: 4000 });
  const known = w.facts.get(id) ?? healthyFacts(id);
  w.facts.set(id, { ...known, unread: { kind: 'retry', problem: 'EC2 DescribeInstances: Throttling: slow down' } });
  await w.signal(id);
  await w.pass(300, 10);
  expect(await w.allRuns()).toEqual([]);
  expect(w.telemetry.counts.UnreadFact).toBeGreaterThan(1);
  w.facts.set(id, known);
  await w.pass(1800, 30);
  expect(await summary(w)).toEqual([['repair', { Repaired: 1 }]]);
  expect(w.failures).toEqual([]);
});

describe('a repair', () => {
  it('whose answer is lost is found by its Comment, and is not sent again', async () => {
    const w = await oneNode(['lost-answer']);
    expect([...w.ssm.sends('repair').values()]).toEqual([1]);
    expect(await summary(w)).toEqual([['repair', { Repaired: 1 }]]);
  });

  it('that SSM lists late is found by the second read', async () => {
    const w = await world({ events: 0 });
    const [id = ''] = w.ids;
    w.nodes.set(id, { broken: true, latencyMs: 4000 });
    w.ssm.faults.push('lost-answer');
    w.ssm.world.listLagMs = 200_000;
    await w.signal(id);
    await w.pass(900, 10);
    expect([...w.ssm.sends('repair').values()]).toEqual([1]);
    expect(await summary(w)).toEqual([['repair', { Repaired: 1 }]]);
  });

  it('that SSM never received ends Unknown after two reads a minute apart, and becomes a check', async () => {
    const w = await oneNode(['server-error']);
    const [first, second, third] = await summary(w);
    expect(first).toEqual(['repair', { Unknown: 1 }]);
    expect(second).toEqual(['check', { Broken: 1 }]);
    // Whether the lost command ran is not known: the attempt that was booked for it cools down first.
    expect(third).toEqual(['repair', { CoolingDown: 1 }]);
    const [run] = await w.allRuns();
    const lostSeconds = (Date.parse(run?.endedAt ?? '') - Date.parse(run?.createdAt ?? '')) / 1000;
    expect(lostSeconds).toBeGreaterThanOrEqual(60 + 90 + 60);
    expect(w.ssm.sends('repair')).toEqual(new Map());
    await w.pass(1200, 30);
    expect([...w.ssm.sends('repair').values()]).toEqual([1]);
  });

  it('that is throttled is sent as soon as SSM accepts it', async () => {
    const w = await oneNode(Array<SendFault>(7).fill('throttled'));
    expect(await summary(w)).toEqual([['repair', { Repaired: 1 }]]);
  });

  it('that SSM rejects stays with its run, which tries again ever more rarely, and books no attempt', async () => {
    const w = await world();
    const [id = '', other = ''] = w.ids;
    for (const node of [id, other]) w.nodes.set(node, { broken: true, latencyMs: 2000 });
    w.ssm.faults.push('refused', 'refused', 'refused');
    await w.signal(id);
    await w.signal(other);
    for (let i = 0; i < 6; i++) {
      await w.signal(id);
      await w.pass(10, 10);
    }
    expect(await summary(w)).toEqual([['repair', {}]]);
    expect(w.ssm.commands).toEqual([]);
    const [run] = await w.allRuns();
    expect(run?.refusal?.message).toBe('SSM refused the command: InvalidDocument: no such document');
    expect((await w.results.nodeStates([id], 'pause-image')).get(id)?.attempts).toEqual({});
    await w.pass(300, 10);
    expect((await summary(w))[0]).toEqual(['repair', { Repaired: 2 }]);
    expect((await w.allRuns())[0]).not.toHaveProperty('refusal');
  });

  it('continues without the instances that SSM does not manage', async () => {
    const w = await world({ nodes: 100 });
    const ids = w.ids.slice(0, 9);
    for (const id of ids) w.nodes.set(id, { broken: true, latencyMs: 4000 });
    const [gone = ''] = ids.slice(4);
    w.ssm.invalid.add(gone);
    for (const id of ids) await w.signal(id);
    await w.pass(120);
    expect(await summary(w)).toEqual([['repair', { Repaired: 8, Unreachable: 1 }]]);
    expect([...w.nodes].filter(([, n]) => n.broken).map(([id]) => id)).toEqual([gone]);
  });

  it('finds the instance that SSM does not manage and does not name, while the others are repaired', async () => {
    const w = await world({ nodes: 100 });
    const ids = w.ids.slice(0, 12);
    for (const id of ids) w.nodes.set(id, { broken: true, latencyMs: 4000 });
    const [gone = ''] = ids.slice(6);
    w.ssm.invalid.add(gone);
    w.ssm.world.namesInvalid = false;
    for (const id of ids) await w.signal(id);
    await w.pass(600, 10);
    expect(await summary(w)).toEqual([['repair', { Repaired: 11, Unreachable: 1 }]]);
    expect([...w.nodes].filter(([, n]) => n.broken).map(([id]) => id)).toEqual([gone]);
    const states = await w.results.nodeStates([gone], 'pause-image');
    expect(states.get(gone)?.attempts).toEqual({});
  });

  it('whose node answers after the soft deadline has one result: the answer', async () => {
    const w = await world();
    const [slow = '', next = ''] = w.ids;
    w.nodes.set(slow, { broken: true, latencyMs: 130_000 });
    w.nodes.set(next, { broken: true, latencyMs: 4000 });
    await w.signal(slow);
    await w.signal(next);
    await w.pass(400, 10);
    const [run] = await w.allRuns();
    const results = (await w.resultsOf(run?.runId ?? '')).map((r) => [r.instanceId, r.outcome]);
    expect(results.toSorted()).toEqual(
      [
        [slow, 'Repaired'],
        [next, 'Repaired'],
      ].toSorted(),
    );
    expect(Object.values((await w.results.nodeStates([slow], 'pause-image')).get(slow)?.attempts ?? {})).toMatchObject([
      { outcome: 'Repaired' },
    ]);
  });

  it('whose node never answers ends at the hard deadline', async () => {
    const w = await world();
    const [id = ''] = w.ids;
    w.nodes.set(id, { broken: true, latencyMs: Number.POSITIVE_INFINITY });
    await w.signal(id);
    await w.pass(600, 10);
    expect(await summary(w)).toEqual([['repair', { TimedOut: 1 }]]);
    const [command] = w.ssm.commands;
    const before = w.ssm.world.calls;
    await w.pass(300, 10);
    expect(command?.invocations[0]?.status).toBe('InProgress');
    // Nothing asks about it any more.
    expect(w.ssm.world.calls).toBe(before);
  });
});

describe('a check', () => {
  it('that SSM never received is sent again', async () => {
    const w = await world();
    w.ssm.faults.push('server-error');
    await w.ask('r-check', 'check', w.ids.slice(0, 3));
    await w.pass(600, 10);
    expect(await summary(w)).toEqual([['check', { Healthy: 3 }]]);
  });

  it('that SSM never runs is given up', async () => {
    const w = await world();
    w.ssm.faults.push(...Array<SendFault>(50).fill('server-error'));
    await w.ask('r-check', 'check', w.ids.slice(0, 3));
    await w.pass(2400, 30);
    expect(await summary(w)).toEqual([['check', { Unknown: 3 }]]);
  });

  it('waits for invocations that are listed later than their command', async () => {
    const w = await world();
    w.ssm.world.listLagMs = 12_000;
    await w.ask('r-check', 'check', w.ids.slice(0, 3));
    for (const id of w.ids.slice(0, 3)) w.nodes.set(id, { broken: false, latencyMs: 1000 });
    await w.pass(120);
    expect(await summary(w)).toEqual([['check', { Healthy: 3 }]]);
  });
});

describe('a call that fails', () => {
  it('does not affect the others of the same wake', async () => {
    const w = await world({ nodes: 150 });
    let calls = 0;
    const putCommand = w.deps.results.putCommand;
    Object.assign(w.deps, {
      results: {
        ...w.deps.results,
        putCommand: async (row: Parameters<typeof putCommand>[0]) => {
          if (++calls === 2) throw new Error('the table is away');
          await putCommand(row);
        },
      },
    });
    await w.ask('r-check', 'check');
    await w.deliver();
    expect(w.failures).toHaveLength(1);
    const run = await w.runs.get('r-check');
    expect(run?.commands.map((c) => c.status).toSorted()).toEqual(['sending', 'sent', 'sent']);
    await w.pass(600, 10);
    expect(await summary(w)).toEqual([['check', { Healthy: 150 }]]);
    expect(Math.max(...w.ssm.sends('check').values())).toBe(1);
  });

  it('leaves no other command of its turn without a call', async () => {
    const w = await world({ nodes: 100 });
    const ids = w.ids.slice(0, 20);
    for (const id of ids) w.nodes.set(id, { broken: true, latencyMs: 62_000 });
    await trusted(w, 5);
    const { putCommand } = w.deps.results;
    let calls = 0;
    const failingOnce: typeof putCommand = async (row) => {
      if (++calls === 2) throw new Error('the table is away');
      await putCommand(row);
    };
    Object.assign(w.deps, { results: { ...w.deps.results, putCommand: failingOnce } });
    for (const id of ids) await w.signal(id);
    await w.deliver();
    // By the next command, the facts are read again. It is smaller than its window, so that one more fits into the same turn.
    for (const id of ids.slice(6, 10)) w.facts.set(id, { ...healthyFacts(id), modeTag: 'off' });
    await w.pass(1200, 10);
    expect((await summary(w))[0]).toEqual(['repair', { Repaired: 16, OptedOut: 4 }]);
    expect(Math.max(...w.ssm.sends('repair').values())).toBe(1);
  });

  it('for lack of time just before SendCommand is known not to have been sent', async () => {
    const w = await world();
    const [id = ''] = w.ids;
    w.nodes.set(id, { broken: true, latencyMs: 4000 });
    const { turn } = await import('./turn.ts');
    const controller = new AbortController();
    const { send } = w.deps.sender;
    const late: typeof send = async (order, signal) => {
      controller.abort();
      return await send(order, signal);
    };
    Object.assign(w.deps, { sender: { ...w.deps.sender, send: late } });
    await w.signal(id);
    const [wake = expect.fail()] = w.queue.splice(0);
    await expect(turn(w.deps, wake, controller.signal)).rejects.toThrow(/is over/);
    Object.assign(w.deps, { sender: { ...w.deps.sender, send } });
    // The turn is over before what it has begun: the command is taken back meanwhile.
    await expect.poll(async () => (await w.allRuns())[0]?.commands).toMatchObject([{ status: 'planned' }]);
    const attempts = async () => (await w.results.nodeStates([id], 'pause-image')).get(id)?.attempts;
    await expect.poll(attempts).toEqual({});
    await w.pass(120);
    expect(await summary(w)).toEqual([['repair', { Repaired: 1 }]]);
  });

  it('for lack of time sends nothing, and leaves no command that counts as lost', async () => {
    const w = await world();
    const { turn } = await import('./turn.ts');
    await w.ask('r-check', 'check', w.ids.slice(0, 3));
    w.queue.length = 0;
    await expect(turn(w.deps, { kind: 'run', runId: 'r-check' }, AbortSignal.abort())).rejects.toThrow(/is over/);
    expect(await w.runs.get('r-check')).toMatchObject({ status: 'queued', commands: [] });
    await w.pass(120);
    expect(await summary(w)).toEqual([['check', { Healthy: 3 }]]);
  });
});
