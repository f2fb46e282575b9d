import { afterAll, beforeAll, expect, it } from 'vitest';
import { defined } from '../../core/model/defined.ts';
import type { ResultRow } from '../../core/state/results.ts';
import { accepted } from '../../test/support/answers.ts';
import { auditQueryPorts } from '../../test/support/audit-query.ts';
import { testSettings } from '../../test/support/settings.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import type { AuditStore } from '../adapters/table/audit-store.ts';
import { inIndex } from '../adapters/table/items.ts';
import { index, keys, RESULT_SHARDS, shardOf, TABLE } from '../adapters/table/keys.ts';
import { createResultStore } from '../adapters/table/result-store.ts';
import { report } from './query.ts';

const DAY = '2026-08-22';
const REASON = 'SandboxImageMissing';
/** Not in the configuration: removed since. */
const REMOVED = 'removed';
const nodeOf = (n: number): string => `i-${String(n).padStart(17, '0')}`;
/** Two results end at each moment. */
const at = (n: number): string => new Date(Date.parse(`${DAY}T23:59:00.000Z`) + Math.floor(n / 2) * 1000).toISOString();
const COUNT = 90;

const resultOf = (n: number, over: Partial<ResultRow> = {}): ResultRow => ({
  ...{
    runId: `r-${n % 3}`,
    cluster: n % 5 === 0 ? REMOVED : 'demo',
    instanceId: nodeOf(n),
    remediation: 'pause-image',
  },
  ...{ action: 'repair', outcome: n % 4 === 0 ? 'NotRepaired' : 'Repaired', reason: REASON, message: 'm' },
  ...{ endedAt: at(n), at: at(n) },
  ...over,
});

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
  const { putResult } = createResultStore({ ...table, limits: testSettings().policy.limits });
  for (let n = 0; n < COUNT; n++) await putResult(resultOf(n));
  await putResult(resultOf(500, { runId: 'r-other', reason: 'DiskFull' }));
  await putResult(resultOf(501, { runId: 'r-other', endedAt: at(200) }));
  for (const cluster of ['demo', REMOVED]) await table.put({ ...keys.digest(at(130), `r-${cluster}`), cluster });
});
afterAll(() => table.stop());

const pages = async (limit: number): Promise<readonly (readonly string[])[]> => {
  const found: string[][] = [];
  let next: string | undefined;
  do {
    const asked = { query: 'reasons', reason: REASON, day: DAY, limit, ...defined({ next }) };
    // The runs end on the next day.
    const ports = auditQueryPorts(table, { now: () => new Date(at(200)) });
    const page = accepted(await report(ports, asked));
    found.push(page.items.map((item) => `${String(item.endedAt)} ${String(item.instanceId)}`));
    next = page.next;
  } while (next !== undefined);
  return found;
};

it.each([[1], [7], [500]])('each result of a reason is shown once, the newest first, %i at a time', async (limit) => {
  const found = await pages(limit);
  const ofDay = Array.from({ length: COUNT }, (_, n) => n).filter((n) => at(n).startsWith(DAY));
  expect(found.flat().toSorted()).toEqual(ofDay.map((n) => `${at(n)} ${nodeOf(n)}`).toSorted());
  const times = found.flat().map((line) => line.split(' ')[0]);
  expect(times).toEqual(times.toSorted().toReversed());
  expect(found.every((page) => page.length <= limit)).toBe(true);
});

it('a repair whose run is long at work is found, and open work of others is not read for it', async () => {
  const { putResult } = createResultStore({ ...table, limits: testSettings().policy.limits });
  const day = '2026-07-01';
  await putResult(resultOf(1, { runId: 'r-long', endedAt: `${day}T01:00:00.000Z` }));
  const ports = auditQueryPorts(table, { now: () => new Date('2026-07-09T00:00:00.000Z') });
  const read: string[] = [];
  const store: AuditStore = {
    ...ports.store,
    rows: (schema, partition) => {
      read.push(partition.key);
      return ports.store.rows(schema, partition);
    },
  };
  const page = accepted(await report({ ...ports, store }, { query: 'reasons', reason: REASON, day, limit: 5 }));
  expect(page.items.map(({ runId }) => runId)).toEqual(['r-long']);
  expect(read.filter((key) => key.startsWith('OPEN#'))).toEqual([]);
});

it('a repair costs no copy in the index by reason, and one that an earlier version has written there is shown once', async () => {
  const items = (await table.scan()).filter(({ pk }) => String(pk).startsWith('RESULT#'));
  const copied = items.filter((item) => item[TABLE.byReason.partitionKey] !== undefined);
  expect(new Set(copied.map(({ outcome }) => outcome))).toEqual(new Set(['NotRepaired']));
  const [before] = items.filter(
    ({ outcome, reason, endedAt }) => outcome === 'Repaired' && reason === REASON && endedAt === at(2),
  );
  const own = index.reasonDay(REASON, DAY, shardOf(String(before?.sk), RESULT_SHARDS));
  await table.put({ ...before, ...inIndex('byReason', own, at(2)) });
  const shown = (await pages(500)).flat();
  expect(shown.filter((line) => line.endsWith(String(before?.sk)))).toHaveLength(1);
});
