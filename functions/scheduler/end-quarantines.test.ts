import type { Instance, InstanceStateName } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { accepted } from '../../test/support/answers.ts';
import { auditQueryPorts } from '../../test/support/audit-query.ts';
import { at, LIMITS, node } from '../../test/support/runs.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { recorder } from '../../test/support/telemetry.ts';
import type { Chunks } from '../adapters/pages.ts';
import { createNoticeStore } from '../adapters/table/notice-store.ts';
import { createQuarantineStore } from '../adapters/table/quarantine-store.ts';
import { createResultStore } from '../adapters/table/result-store.ts';
import { createTable } from '../adapters/table/table.ts';
import { report } from '../audit-query/query.ts';
import { countQuarantines, endQuarantines } from './end-quarantines.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

const quarantine = async (options: TestTable, n: number): Promise<void> => {
  const results = createResultStore({ ...options, limits: LIMITS });
  const about = { instanceId: node(n), cluster: 'demo', remediation: 'pause-image' };
  const state = await results.recordAttempt(about, 'r-1', { at: at(n) });
  await results.quarantine(state, { runId: 'r-1', at: at(n) }, 'replace the node');
};

/** A scheduler over EC2 that shows these instances, and does not answer about the others that are named. */
const world = (options: TestTable, shown: Readonly<Record<string, InstanceStateName>>, unanswered: string[] = []) => {
  const trouble = { failsOn: '', secondsEach: 0 };
  let seconds = 3600;
  const telemetry = recorder();
  const tables = createTable(options);
  const asked: string[][] = [];
  const problem = 'EC2 DescribeInstances: Throttling';
  return {
    telemetry,
    asked,
    trouble,
    end: () => {
      const ends = seconds + 60;
      const store = createQuarantineStore(tables, { retentionDays: 365 });
      const ports = {
        quarantines: {
          ...store,
          release: async (...words: Parameters<typeof store.release>) => {
            seconds += trouble.secondsEach;
            if (words[0].instanceId === trouble.failsOn) throw new Error('throttled');
            return await store.release(...words);
          },
        },
        instances: {
          byIdWhereRead: async (ids: readonly string[]): Promise<Chunks<Instance>> => {
            asked.push([...ids]);
            return {
              found: Object.entries(shown).map(([InstanceId, Name]) => ({ InstanceId, State: { Name } })),
              unread: new Map(unanswered.map((id) => [id, { kind: 'retry', problem }])),
            };
          },
        },
        ...{ log: telemetry.log, count: telemetry.count },
        now: () => new Date(at(seconds)),
        newId: () => 'e-1',
      };
      return endQuarantines(ports, () => (ends - seconds) * 1000);
    },
    quarantined: async () => {
      const { items } = accepted(
        await report(auditQueryPorts(options, { count: telemetry.count }), { query: 'quarantine' }),
      );
      return items.map((item) => item.instanceId);
    },
    historyOf: async (instanceId: string) =>
      accepted(await report(auditQueryPorts(options, { count: telemetry.count }), { query: 'node', instanceId })).items,
  };
};

it("ends the quarantine of terminated instances alone, by EC2's own answer, with a record in the node's history", async () => {
  const own = await table.another();
  for (const n of [1, 2, 3, 4, 5, 6]) await quarantine(own, n);
  const states = {
    [node(1)]: 'terminated',
    [node(3)]: 'running',
    [node(4)]: 'shutting-down',
    [node(5)]: 'stopped',
  } as const;
  const w = world(own, states, [node(6)]);
  await w.end();
  expect(w.asked).toEqual([[1, 2, 3, 4, 5, 6].map(node)]);
  expect(await w.quarantined()).toEqual([3, 4, 5, 6].map(node));
  expect(await w.historyOf(node(1))).toMatchObject([
    { kind: 'node', attempts: {} },
    { kind: 'release', by: 'fleetmend', reason: 'the instance was terminated', quarantinedAt: at(1), at: at(3600) },
  ]);
  expect(await w.historyOf(node(2))).toMatchObject([
    { kind: 'node' },
    { kind: 'release', by: 'fleetmend', reason: 'EC2 shows no such instance: it was terminated' },
  ]);
  expect(w.telemetry.lines.filter(({ level }) => level === 'warn')).toMatchObject([
    { fields: { problem: 'EC2 DescribeInstances: Throttling' } },
  ]);
  const released = async () =>
    (await createNoticeStore(own).due(at(3600))).understood.filter(({ detailType }) => detailType === 'Node Released');
  expect((await released()).map(({ detail, at: when }) => [detail.instanceId, detail.reason, when])).toEqual([
    [node(1), 'the instance was terminated', at(3600)],
    [node(2), 'EC2 shows no such instance: it was terminated', at(3600)],
  ]);
  await w.end();
  expect(await w.quarantined()).toEqual([3, 4, 5, 6].map(node));
  expect(await released()).toHaveLength(2);
});

it('leaves a quarantine whose row is not understood, and says so', async () => {
  const own = await table.another();
  await quarantine(own, 1);
  await createTable(own).put({
    pk: `NODE#${node(2)}`,
    sk: 'STATE#pause-image',
    instanceId: node(2),
    attempts: 'a newer format',
    duePk: 'QUARANTINE',
    dueSk: at(2),
  });
  const w = world(own, {});
  await w.end();
  expect(w.asked).toEqual([[node(1)]]);
  expect(w.telemetry.lines).toMatchObject([
    { level: 'warn', fields: { problem: expect.stringContaining(node(2)) } },
    { level: 'info', fields: { instanceId: node(1), outcome: 'released' } },
  ]);
});

it('counts the nodes in quarantine at each tick, and the last that left as well', async () => {
  const options = await table.another();
  const { count, counts } = recorder();
  const quarantines = createQuarantineStore(createTable(options), { retentionDays: 365 });
  await countQuarantines({ quarantines, count });
  expect(counts.NodesQuarantined).toBe(0);
  for (const n of [1, 2]) await quarantine(options, n);
  await countQuarantines({ quarantines, count });
  expect(counts.NodesQuarantined).toBe(2);
});

it('ends the others where one cannot be ended, and counts it; it is tried at the next sweep', async () => {
  const own = await table.another();
  for (const n of [1, 2, 3]) await quarantine(own, n);
  const w = world(own, {});
  w.trouble.failsOn = node(2);
  await w.end();
  expect([await w.quarantined(), w.telemetry.counts.FailedRecords]).toEqual([[node(2)], 1]);
  w.trouble.failsOn = '';
  await w.end();
  expect(await w.quarantined()).toEqual([]);
});

it('leaves what it has no time for to the next sweep: a tick that runs out of time would fail, and be repeated', async () => {
  const own = await table.another();
  for (const n of [1, 2, 3]) await quarantine(own, n);
  const w = world(own, {});
  w.trouble.secondsEach = 24;
  await w.end();
  expect(await w.quarantined()).toEqual([node(3)]);
  expect(w.telemetry.lines.at(-1)).toMatchObject({ level: 'warn', fields: { left: 1 } });
  await w.end();
  expect(await w.quarantined()).toEqual([]);
});
