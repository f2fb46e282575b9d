import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { batchTallies } from '../../core/runs/batch-results.ts';
import type { Invocation } from '../../core/runs/invocation.ts';
import type { CommandRow } from '../../core/state/command-state.ts';
import { ResultRow } from '../../core/state/results.ts';
import { search } from '../../test/deep.ts';
import { instancesIn, line, TEXTS } from '../../test/support/observer-world.ts';
import { at, LIMITS, node, nodes, START } from '../../test/support/runs.ts';
import { testSettings } from '../../test/support/settings.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { recorder } from '../../test/support/telemetry.ts';
import { rowOf } from '../adapters/table/items.ts';
import { createResultStore } from '../adapters/table/result-store.ts';
import { createRunStore } from '../adapters/table/run-store.ts';
import { createCommandObserver } from './command-observer.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

/** When SSM shows the end of each node, in seconds after the sending, and how; the last one ends after the hard deadline. */
const ENDS = [
  { seconds: 5, status: 'Success', output: line(), outcome: 'Repaired', failed: 0 },
  {
    seconds: 60,
    status: 'Failed',
    output: line({ outcome: 'NotRepaired', reason: 'DiskFull' }),
    outcome: 'NotRepaired',
    failed: 2,
  },
  { seconds: 200, status: 'Success', output: line(), outcome: 'Relapsed', failed: 0 },
  { seconds: 500, status: 'Success', output: line(), outcome: 'Repaired', failed: 0 },
] as const;
const [SOFT, HARD] = [90, 390];
const DIES = new Error('the process dies here');

/** A look, the soft deadline, the end of the node that is slower, the hard deadline, or the last news. */
const Read = fc.record({
  seconds: fc.constantFrom(12, SOFT, 205, HARD, 510),
  /** SSM's lists lag behind: which nodes it still shows as they were. */
  isStale: fc.array(fc.boolean(), { minLength: ENDS.length, maxLength: ENDS.length }),
  /** The process dies after so many requests to the table; SQS or the next tick repeats the read. */
  diesAfter: fc.option(fc.nat(30), { nil: undefined }),
});
type Read = typeof Read extends fc.Arbitrary<infer T> ? T : never;

const visibleAt = ({ seconds, isStale }: Read): readonly boolean[] =>
  ENDS.map((end, i) => end.seconds <= seconds && isStale[i] !== true);

const invocationsAt = (read: Read): Invocation[] =>
  visibleAt(read).map((hasEnded, i) => ({
    instanceId: node(i),
    statusDetails: hasEnded ? (ENDS[i]?.status ?? '') : 'InProgress',
    output: hasEnded ? (ENDS[i]?.output ?? '') : '',
  }));

/** The final rows by the best of the reads alone, whatever their order: the oracle of the test. */
const expectedOf = (reads: readonly Read[]) => {
  const isHard = reads.some(({ seconds }) => seconds >= HARD);
  const known = ENDS.map(({ outcome }, i) => {
    if (reads.some((read) => visibleAt(read)[i])) return { outcome, grade: 2 };
    return isHard ? { outcome: 'TimedOut', grade: 1 } : undefined;
  });
  const isStored = reads.some((read) => read.seconds >= SOFT || visibleAt(read).includes(true));
  const final = known.flatMap((end, i): [string, string][] => (end === undefined ? [] : [[node(i), end.outcome]]));
  return {
    open: isStored ? nodes(ENDS.length).filter((_, i) => known[i] === undefined) : undefined,
    assumed: isStored ? nodes(ENDS.length).filter((_, i) => known[i]?.grade === 1) : undefined,
    results: final,
    attempts: final,
    counted: final,
    quarantined: ENDS.flatMap(({ failed }, i) => (failed === 2 && known[i]?.grade === 2 ? [node(i)] : [])),
  };
};

let worlds = 0;

const world = async (scheduler: fc.Scheduler) => {
  const own = await table.another();
  const runId = `r-${++worlds}`;
  const runs = createRunStore({ ...own, retentionDays: 1 });
  const results = createResultStore({ ...own, limits: LIMITS });
  const command: CommandRow = {
    commandId: 'c-1',
    runId,
    key: '1',
    group: 'demo/pause-image',
    cluster: 'demo',
    remediation: 'pause-image',
    action: 'repair',
    instanceIds: nodes(ENDS.length),
    sentAt: START,
    softDeadlineAt: at(SOFT),
    hardDeadlineAt: at(HARD),
  };
  await results.putCommand(command);
  const about = (i: number) => ({ instanceId: node(i), cluster: 'demo', remediation: 'pause-image' });
  await results.recordAttempt(about(1), 'r-a', { at: at(-7200), outcome: 'NotRepaired' });
  await results.recordAttempt(about(1), 'r-b', { at: at(-3600), outcome: 'NotRepaired' });
  await results.recordAttempt(about(2), 'r-a', { at: at(-3600), outcome: 'Repaired' });

  /** One process that reads the command: each of its requests to the table waits for its turn among those of the others. */
  const observe = async (read: Read, diesAfter?: number): Promise<void> => {
    let requests = 0;
    const inTurn = <T>(label: string, request: () => Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        scheduler.scheduleSequence([{ label, builder: () => request().then(resolve, reject) }]);
      });
    const send = async (sent: object, ...more: unknown[]): Promise<unknown> => {
      if (diesAfter !== undefined && requests++ >= diesAfter) throw DIES;
      return await inTurn(
        sent.constructor.name,
        async () => await Reflect.apply(own.client.send, own.client, [sent, ...more]),
      );
    };
    const client = new Proxy(own.client, {
      get: (target, name) => (name === 'send' ? send : Reflect.get(target, name)),
    });
    const observer = createCommandObserver({
      reader: {
        invocations: async () => invocationsAt(read),
        stdout: async () => '',
        byId: async () => undefined,
        find: async () => undefined,
      },
      instances: instancesIn('running'),
      runs: createRunStore({ ...own, client, retentionDays: 1 }),
      results: createResultStore({ ...own, client, limits: LIMITS }),
      limits: LIMITS,
      texts: TEXTS,
      rules: testSettings(),
      log: recorder().log,
      now: () => new Date(at(read.seconds)),
    });
    await observer.observe(command);
  };

  /** The read, repeated until no process dies in it. */
  const deliver = async (read: Read): Promise<void> => {
    try {
      await observe(read, read.diesAfter);
    } catch (thrown) {
      if (!isDeath(thrown)) throw thrown;
      await observe(read);
    }
  };

  const rows = async () => {
    const standing = await runs.observation(runId, '1');
    const written = (await own.items(`RESULT#${runId}`)).map((item) => rowOf(ResultRow, item));
    const states = await results.nodeStates(nodes(ENDS.length), 'pause-image');
    const tallies = standing === undefined ? {} : batchTallies([standing], command);
    const inOrder = (pairs: [string, string][]) => pairs.toSorted(([a], [b]) => a.localeCompare(b));
    return {
      open: standing?.open,
      assumed: standing === undefined ? undefined : (standing.assumed ?? []),
      results: inOrder(written.map((row): [string, string] => [row.instanceId, row.outcome])),
      attempts: inOrder(
        [...states].flatMap(([id, { attempts }]): [string, string][] => {
          const outcome = attempts[runId]?.outcome;
          return outcome === undefined ? [] : [[id, outcome]];
        }),
      ),
      counted: inOrder(
        Object.entries(tallies).flatMap(([id, tally]): [string, string][] =>
          tally.open === true ? [] : [[id, tally.outcome]],
        ),
      ),
      quarantined: [...states].flatMap(([id, state]) => (state.quarantinedAt === undefined ? [] : [id])).toSorted(),
    };
  };
  return { deliver, rows };
};

const isDeath = (thrown: unknown): boolean =>
  thrown === DIES || (thrown instanceof AggregateError && thrown.errors.every((error) => error === DIES));

it('the same news gives the same rows, in any order, repeated or lost, whoever writes at the same time', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(Read, { minLength: 1, maxLength: 5 }), fc.scheduler(), async (reads, scheduler) => {
      const w = await world(scheduler);
      await scheduler.waitFor(Promise.all(reads.map(w.deliver)));
      expect(await w.rows()).toEqual(expectedOf(reads));
    }),
    search('orders of news', 25, 800),
  );
}, 3_600_000);
