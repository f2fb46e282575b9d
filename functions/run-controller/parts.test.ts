import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countsOf } from '../../core/runs/reports.ts';
import { runControllerWorld } from '../../test/support/run-controller-world.ts';
import { checkDocuments, testSettings } from '../../test/support/settings.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

type Options = NonNullable<Parameters<typeof runControllerWorld>[1]>;
type World = ReturnType<typeof runControllerWorld>;

/** A world in which `node-check` consists of so many documents. */
const world = async (parts = 2, options: Options = {}): Promise<World> =>
  runControllerWorld(await table.another(), { nodes: 4, settings: testSettings({}, parts), ...options });

const rowsOf = async (w: World, runId = 'r-check') =>
  (await w.resultsOf(runId)).map((r) => [r.instanceId, r.outcome, r.reason ?? '']);
const checkOf = async (w: World) => (await w.allRuns()).find((run) => run.runId === 'r-check');

describe('a check in two parts', () => {
  it('sends each part once to the same nodes, and counts nodes', async () => {
    const w = await world(2, { nodes: 120 });
    await w.ask('r-check', 'check');
    await w.pass(60);
    const run = await checkOf(w);
    expect(run?.commands.map((c) => c.key)).toEqual(['1.1', '1.2', '2.1', '2.2', '3.1', '3.2']);
    expect([run?.status, countsOf(run ?? expect.fail())]).toEqual(['ended', { Healthy: 120 }]);
    expect([...w.ssm.sends('node-check-1').values(), ...w.ssm.sends('node-check-2').values()]).toEqual(
      Array(240).fill(1),
    );
    expect(await rowsOf(w)).toEqual([]);
    expect(await w.healthyOf('r-check')).toHaveLength(120);
  });

  it('has one result a node: the worst, with the findings of all parts', async () => {
    const w = await world();
    const [a = '', b = ''] = w.ids;
    const later = { remediation: 'cri-dockerd', reason: 'CRIDockerdDown' };
    w.nodes.set(a, { broken: true, latencyMs: 4000, later });
    w.nodes.set(b, { broken: false, latencyMs: 9000, later });
    await w.ask('r-check', 'check', w.ids);
    await w.pass(20);
    const rows = await w.resultsOf('r-check');
    expect(rows.map((r) => [r.instanceId, r.findings?.map((f) => `${f.remediation} ${f.outcome}`)])).toEqual([
      [a, ['pause-image Broken', 'cri-dockerd Broken']],
      [b, ['cri-dockerd Broken']],
    ]);
    expect(countsOf((await checkOf(w)) ?? expect.fail())).toEqual({ Broken: 2, Healthy: 2 });
  });

  it.each([1, 2] as const)('is never Healthy where part %i is not known to be', async (number) => {
    const w = await world();
    const [slow = '', gone = '', killed = '', healthy = ''] = w.ids;
    w.nodes.set(slow, { broken: false, latencyMs: 3000, part: { number, latencyMs: Number.POSITIVE_INFINITY } });
    w.nodes.set(gone, { broken: false, latencyMs: 3000, part: { number, endsAs: 'Undeliverable' } });
    w.nodes.set(killed, { broken: false, latencyMs: 3000, part: { number, endsAs: 'ExecutionTimedOut' } });
    await w.ask('r-check', 'check', w.ids);
    await w.pass(60);
    expect(await rowsOf(w)).toEqual([
      [gone, 'Unreachable', ''],
      [killed, 'TimedOut', 'ExecutionTimedOut'],
    ]);
    await w.pass(240);
    expect((await rowsOf(w))[0]).toEqual([slow, 'TimedOut', '']);
    expect((await checkOf(w))?.status).toBe('ended');
    expect(countsOf((await checkOf(w)) ?? expect.fail())).toEqual({ TimedOut: 2, Unreachable: 1, Healthy: 1 });
    expect(await w.healthyOf('r-check')).toEqual([healthy]);
  });

  it('that is healthy after its soft deadline has no result', async () => {
    const w = await world();
    const [late = ''] = w.ids;
    w.nodes.set(late, { broken: false, latencyMs: 3000, part: { number: 2, latencyMs: 70_000 } });
    await w.ask('r-check', 'check', [late]);
    await w.pass(240);
    expect(await rowsOf(w)).toEqual([]);
    expect(await w.healthyOf('r-check')).toEqual([late]);
  });

  it.each([
    ['Healthy', false],
    ['Broken', true],
  ] as const)('whose parts answer one after the other after the soft deadline ends as %s', async (outcome, broken) => {
    const w = await world();
    const [late = ''] = w.ids;
    const later = { remediation: 'cri-dockerd', reason: 'CRIDockerdDown' };
    w.nodes.set(late, {
      broken: false,
      latencyMs: 70_000,
      part: { number: 2, latencyMs: 75_000 },
      ...(broken ? { later } : {}),
    });
    await w.ask('r-check', 'check', [late]);
    await w.pass(240);
    expect((await rowsOf(w)).map((row) => row[1])).toEqual(broken ? [outcome] : []);
    expect(countsOf((await checkOf(w)) ?? expect.fail())).toEqual({ [outcome]: 1 });
  });

  it.each([0, 3])('ends with each of its events delivered %i times', async (events) => {
    const w = await world(3, { events });
    w.nodes.set(w.ids[0] ?? '', { broken: true, latencyMs: 4000 });
    await w.ask('r-check', 'check', w.ids);
    await w.pass(300);
    expect(countsOf((await checkOf(w)) ?? expect.fail())).toEqual({ Broken: 1, Healthy: 3 });
    expect((await rowsOf(w)).map(([, outcome]) => outcome)).toEqual(['Broken']);
  });
});

describe('a part that SSM refuses', () => {
  it('is sent again once it is accepted', async () => {
    const w = await world();
    w.ssm.faults.push('none', 'refused');
    await w.ask('r-check', 'check', w.ids);
    await w.pass(240, 10);
    expect(countsOf((await checkOf(w)) ?? expect.fail())).toEqual({ Healthy: 4 });
  });

  it.each([
    ['the first', ['refused']],
    ['the second', [undefined, 'refused']],
    ['each', ['refused', 'refused']],
  ] as const)('leaves no node Healthy: %s', async (_, faults) => {
    const w = await world();
    const broken = w.ids[0] ?? '';
    w.nodes.set(broken, { broken: true, latencyMs: 4000 });
    // The second call comes after the first one: a fault that is none stands for a call that succeeds.
    w.ssm.faults.push(...faults.map((fault) => fault ?? 'none'), ...Array<'refused'>(40).fill('refused'));
    await w.ask('r-check', 'check', w.ids);
    await w.pass(1200, 10);
    const run = (await checkOf(w)) ?? expect.fail();
    expect([run.status, run.stopped?.reason]).toEqual(['ended', 'CommandRefused']);
    expect(countsOf(run).Healthy).toBeUndefined();
    expect(Object.values(countsOf(run)).reduce<number>((sum, n) => sum + (n ?? 0), 0)).toBe(4);
    expect((await w.resultsOf('r-check')).map((r) => r.instanceId)).toEqual(w.ids);
    expect(await w.healthyOf('r-check')).toEqual([]);
    const [row] = await w.resultsOf('r-check');
    // The part that ran found the image: its finding is kept, whichever part led.
    const hasRun = faults[0] !== 'refused';
    expect(row?.findings?.some((f) => f.reason === 'SandboxImageMissing') ?? false).toBe(hasRun);
    expect(row?.message).toBeDefined();
  });

  it('after another part has reported leaves the rows to scheduler, which has the sentences', async () => {
    const w = await world();
    w.nodes.set(w.ids[0] ?? '', { broken: true, latencyMs: 2000 });
    w.ssm.faults.push(
      'none',
      'throttled',
      'throttled',
      'throttled',
      'throttled',
      ...Array<'refused'>(40).fill('refused'),
    );
    await w.ask('r-check', 'check', w.ids);
    await w.pass(1200, 10);
    const [row] = await w.resultsOf('r-check');
    expect(row).toMatchObject({ outcome: 'Broken', reason: 'SandboxImageMissing' });
    expect(row?.catalogueVersion).toBeDefined();
    expect((await w.resultsOf('r-check')).map((r) => r.outcome)).toEqual(['Broken', 'Unknown', 'Unknown', 'Unknown']);
  });

  it('as throttled is sent later, and counts once', async () => {
    const w = await world();
    w.ssm.faults.push('none', 'throttled', 'throttled', 'throttled', 'throttled');
    await w.ask('r-check', 'check', w.ids);
    await w.pass(180);
    expect(countsOf((await checkOf(w)) ?? expect.fail())).toEqual({ Healthy: 4 });
  });

  it('for a node of its own leaves that node Unreachable, and sends the part to the others', async () => {
    const w = await world();
    const invalid = w.ids[2] ?? '';
    w.ssm.invalid.add(invalid);
    await w.ask('r-check', 'check', w.ids);
    await w.pass(120);
    expect(countsOf((await checkOf(w)) ?? expect.fail())).toEqual({ Healthy: 3, Unreachable: 1 });
    expect(await rowsOf(w)).toEqual([[invalid, 'Unreachable', '']]);
  });

  it('for a node of its own leaves a result for that node if the check is then cancelled', async () => {
    const w = await world();
    const [invalid = '', ...others] = w.ids;
    w.ssm.invalid.add(invalid);
    await w.ask('r-check', 'check', w.ids);
    // Both parts are tried once, and are throttled when they are sent to the other nodes.
    w.ssm.faults.push('none', 'none', ...Array<'throttled'>(8).fill('throttled'));
    await w.deliver();
    await w.cancel('r-check');
    await w.pass(120);
    expect(countsOf((await checkOf(w)) ?? expect.fail())).toEqual({ Unreachable: 1, Cancelled: 3 });
    expect((await w.resultsOf('r-check')).map((r) => [r.instanceId, r.outcome])).toEqual([
      [invalid, 'Unreachable'],
      ...others.map((id) => [id, 'Skipped']),
    ]);
  });

  it('whose answer was lost is found again, and not sent twice', async () => {
    const w = await world();
    w.ssm.faults.push('lost-answer');
    await w.ask('r-check', 'check', w.ids);
    await w.pass(400, 10);
    expect(countsOf((await checkOf(w)) ?? expect.fail())).toEqual({ Healthy: 4 });
    expect([...w.ssm.sends('node-check-1').values()]).toEqual([1, 1, 1, 1]);
  });
});

describe('a deployment while a check is under way', () => {
  const deploy = (w: World, parts: number): void => {
    for (const key of Object.keys(w.settings.documents)) {
      if (key.startsWith('node-check')) delete w.settings.documents[key];
    }
    Object.assign(w.settings.documents, parts === 0 ? {} : checkDocuments(parts));
  };

  it.each([1, 3])('of %i parts lets the parts that were sent end, and counts each node once', async (parts) => {
    const w = await world();
    await w.ask('r-check', 'check', w.ids);
    await w.deliver();
    deploy(w, parts);
    await w.pass(120);
    expect(countsOf((await checkOf(w)) ?? expect.fail())).toEqual({ Healthy: 4 });
    expect(await w.healthyOf('r-check')).toHaveLength(4);
  });

  it.each([1, 3])('of %i parts is what a queued check runs', async (parts) => {
    const w = await world();
    await w.ask('r-check', 'check', w.ids);
    deploy(w, parts);
    await w.pass(120);
    expect((await checkOf(w))?.commands).toHaveLength(parts);
    expect(countsOf((await checkOf(w)) ?? expect.fail())).toEqual({ Healthy: 4 });
  });
});
