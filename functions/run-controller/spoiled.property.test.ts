import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RunState } from '../../core/state/run-state.ts';
import { search } from '../../test/deep.ts';
import { runControllerWorld } from '../../test/support/run-controller-world.ts';
import { isUnreadable, kindOf, spoiled, WAYS } from '../../test/support/spoil.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { rowsOf } from '../adapters/table/items.ts';
import { keys } from '../adapters/table/keys.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

type World = ReturnType<typeof runControllerWorld>;
type Item = Readonly<Record<string, unknown>>;

/** Ten percent of the nodes of the cluster. */
const BUDGET = 4;

const DOCKER = { remediation: 'cri-dockerd', reason: 'CRIDockerdDown' };

/** Two lanes, an operator's repair and check, a cancelled request, a pause that was lifted. */
const begin = async (w: World): Promise<void> => {
  const [a = '', b = '', c = '', d = '', e = '', f = '', g = '', h = '', i = ''] = w.ids;
  for (const id of [a, b, c, d, e, f]) w.nodes.set(id, { broken: true, latencyMs: 20_000 });
  w.nodes.set(g, { broken: false, latencyMs: 30_000, later: DOCKER });
  const pause = { scope: 'CLUSTER#demo', covers: 'everything', state: 'resumed', at: w.iso(), by: 'mei', reason: 'ok' };
  await w.put({ ...keys.pause('CLUSTER#demo'), ...pause });
  for (const id of [a, b, c]) await w.signal(id);
  await w.signal(g, 'cri-dockerd');
  await w.ask('r-op', 'repair', [d, e]);
  await w.ask('r-check', 'check', [f, h]);
  await w.ask('r-cancelled', 'repair', [i]);
  await w.cancel('r-cancelled');
  await w.requests.tellLane('demo/pause-image', 'r-cancelled');
};

/** How many nodes had a repair at most at the same time. */
const mostAtOnce = (w: World): number => {
  const repairs = w.ssm.commands.filter(({ documentName }) => documentName.includes('-repair-'));
  const at = (ms: number) =>
    repairs.flatMap(({ sentAt, invocations }) => invocations.filter(({ endsAt }) => sentAt <= ms && ms < endsAt));
  return Math.max(0, ...repairs.map(({ sentAt }) => at(sentAt).length));
};

const runsOf = (items: readonly Item[]) =>
  rowsOf(
    RunState,
    items.filter(({ pk, sk }) => String(pk).startsWith('RUN#') && sk === 'STATE'),
  ).understood;

/** Hours with a sweep in each half of them. */
const pass = async (w: World, hours: number): Promise<void> => {
  for (let half = 0; half < hours * 2; half++) {
    await w.runReconcile('sweep');
    await w.pass(1800, 120);
  }
};

/** Spoils a row after some seconds. Returns what the row was and is, unless there is none of its kind. */
const spoil = async (w: World, row: number, way: (typeof WAYS)[number], place: number) => {
  const items = (await w.table.scan()).filter(({ pk }) => !String(pk).startsWith('RATE#'));
  const kinds = [...Map.groupBy(items, kindOf).values()];
  const ofKind = kinds[row % kinds.length] ?? [];
  const before = ofKind[Math.floor(row / kinds.length) % Math.max(1, ofKind.length)];
  if (before === undefined) return undefined;
  const after = spoiled(before, way, place);
  if (after === undefined) await w.table.remove({ pk: String(before.pk), sk: String(before.sk) });
  else await w.put({ ...after });
  return { before, after, kind: kindOf(before) };
};

const isTold = ({ telemetry, notices }: World): boolean =>
  (telemetry.counts.UnreadableRow ?? 0) > 0 || notices.some(({ detailType }) => detailType === 'Run Stuck');

/** The kinds of rows that a working stack reads again, whatever their state. */
const READ_AGAIN: ReadonlySet<string> = new Set(['lane', 'cluster', 'trust', 'pause']);

const moment = fc.record({
  seconds: fc.integer({ min: 0, max: 30 }).map((n) => n * 5),
  row: fc.nat(10_000),
  way: fc.constantFrom(...WAYS),
  place: fc.nat(10_000),
});

it('whatever row is spoiled, however and when: all other nodes are repaired, once, and it is told', async () => {
  const { numRuns, seed } = search('a stored row is spoiled', 1, 80);
  await fc.assert(
    fc.asyncProperty(moment, async ({ seconds, row, way, place }) => {
      const w = runControllerWorld(await table.another());
      await begin(w);
      await w.pass(seconds);
      const done = await spoil(w, row, way, place);
      if (done === undefined) return;
      const { kind, after, before } = done;
      await w.pass(900, 10);
      const [next = '', docker = ''] = w.ids.slice(20);
      w.nodes.set(next, { broken: true, latencyMs: 20_000 });
      await w.signal(next);
      w.nodes.set(docker, { broken: false, latencyMs: 20_000, later: DOCKER });
      await w.signal(docker, 'cri-dockerd');
      await pass(w, 0.5);
      const isBad = after !== undefined && isUnreadable(after);
      if (isBad && READ_AGAIN.has(kind)) expect({ kind, isTold: isTold(w) }).toEqual({ kind, isTold: true });
      // A person sees to a pause that cannot be read.
      if (isBad && kind === 'pause')
        await w.put({ ...before, scope: 'CLUSTER#demo', covers: 'everything', state: 'resumed', at: w.iso() });
      await pass(w, 2);
      const failures = w.failures.length;
      await pass(w, 1);
      expect(w.failures.slice(failures)).toEqual([]);
      const about = isBad && kind === 'node' ? String(before.instanceId) : '';
      const open = [...w.nodes].filter(([id, node]) => (node.broken || node.later !== undefined) && id !== about);
      expect(open).toEqual([]);
      const twice = [...w.ssm.sends('-repair-')].filter(([, n]) => n > 1);
      expect(twice).toEqual([]);
      expect(mostAtOnce(w)).toBeLessThanOrEqual(BUDGET);
      const runs = runsOf(await w.table.scan());
      expect(runs.filter((run) => run.status !== 'ended' || run.outbox.length > 0)).toEqual([]);
      const lanes = await Promise.all(['demo/pause-image', 'demo/cri-dockerd', 'demo/node-check'].map(w.lanes.get));
      expect(lanes.map((lane) => lane?.activeRunId)).toEqual([undefined, undefined, undefined]);
    }),
    { numRuns, seed, endOnFailure: true },
  );
}, 3_600_000);
