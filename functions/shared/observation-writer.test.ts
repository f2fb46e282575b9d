import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CommandRow, ObservationRow } from '../../core/state/command-state.ts';
import type { Reading } from '../../core/state/results.ts';
import { ResultRow } from '../../core/state/results.ts';
import { texts } from '../../ssm-documents/remediations.ts';
import { instancesIn } from '../../test/support/observer-world.ts';
import { at, LIMITS, node, START } from '../../test/support/runs.ts';
import { testSettings } from '../../test/support/settings.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { recorder } from '../../test/support/telemetry.ts';
import { rowOf } from '../adapters/table/items.ts';
import { createNoticeStore } from '../adapters/table/notice-store.ts';
import { createResultStore } from '../adapters/table/result-store.ts';
import { createRunStore } from '../adapters/table/run-store.ts';
import { createCommandObserver } from './command-observer.ts';
import { createObservationWriter } from './observation-writer.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

const stores = async () => {
  const own = await table.another();
  return {
    own,
    runs: createRunStore({ ...own, retentionDays: 1 }),
    results: createResultStore({ ...own, limits: LIMITS }),
    written: async () => (await own.items('RESULT#r-1')).map((i) => rowOf(ResultRow, i)),
    due: async (commandId: string) => (await own.items(`COMMAND#${commandId}`))[0]?.dueSk,
  };
};

const command = (over: Partial<CommandRow> = {}): CommandRow => ({
  commandId: 'c-1',
  runId: 'r-1',
  key: '1',
  group: 'r-1',
  cluster: 'demo',
  remediation: 'pause-image',
  action: 'repair',
  instanceIds: [node(1)],
  sentAt: START,
  softDeadlineAt: at(90),
  hardDeadlineAt: at(390),
  ...over,
});

const observation = (
  { runId, key, part, parts, commandId }: CommandRow,
  closedBy: ObservationRow['closedBy'],
  reading: Reading,
): ObservationRow => ({
  runId,
  key,
  ...(part === undefined ? {} : { part, parts }),
  commandId,
  final: closedBy !== 'soft-deadline',
  closedBy,
  at: reading.endedAt,
  grade: { look: 0, 'soft-deadline': 1, 'not-sent': 2, 'hard-deadline': 2, end: 4 }[closedBy],
  open: [],
  ...(closedBy === 'hard-deadline' ? { assumed: [node(1)] } : {}),
  nodes: { [node(1)]: reading },
});

const SLOW: Reading = { outcome: 'TimedOut', message: 'SSM never ended the invocation', endedAt: at(390) };

it('a function that is slow with the hard deadline leaves the result and the attempt of the end', async () => {
  const { runs, results, written } = await stores();
  const fast = createObservationWriter({ runs, results, limits: LIMITS, texts, rules: testSettings() });
  const end = observation(command(), 'end', { outcome: 'Repaired', title: 't', method: 'ecr', endedAt: at(80) });
  let hasEnded = false;
  const slow = createObservationWriter({
    runs,
    results: {
      ...results,
      putResult: async (row) => {
        if (!hasEnded) {
          hasEnded = true;
          await fast.write(command(), () => end);
        }
        return await results.putResult(row);
      },
    },
    limits: LIMITS,
    texts,
    rules: testSettings(),
  });
  expect(await slow.write(command(), () => observation(command(), 'hard-deadline', SLOW))).toBe('complete');
  expect((await written()).map((row) => row.outcome)).toEqual(['Repaired']);
  const state = (await results.nodeStates([node(1)], 'pause-image')).get(node(1));
  expect(state?.attempts).toEqual({ 'r-1': { at: at(80), outcome: 'Repaired', grade: 2 } });
});

it.each(['goes on', 'dies'])('a command whose batch is completed meanwhile stays due: its observer %s', async (how) => {
  const { runs, results, written, due } = await stores();
  const check = { remediation: 'node-check', action: 'check', parts: 2 } as const;
  const first = command({ ...check, key: '1.1', part: 1 });
  const second = command({ ...check, key: '1.2', part: 2, commandId: 'c-2' });
  await results.putCommand(first);
  const runController = createObservationWriter({ runs, results, limits: LIMITS, rules: testSettings() });
  const refused: Reading = { outcome: 'Unknown', reason: 'CommandRefused', message: 'refused', endedAt: at(20) };
  let isRefused = false;
  let isKilled = how === 'dies';
  let now = at(20);
  const { observe } = createCommandObserver({
    log: recorder().log,
    rules: testSettings(),
    instances: instancesIn('running'),
    reader: {
      invocations: async () => [
        {
          instanceId: node(1),
          statusDetails: 'Failed',
          output: JSON.stringify({
            v: 2,
            remediation: 'node-check',
            action: 'check',
            part: 1,
            parts: 2,
            outcome: 'Broken',
            reason: 'SandboxImageMissing',
            title: 't',
            startedAt: at(1),
            endedAt: at(5),
          }),
        },
      ],
      stdout: async () => '',
      byId: async () => undefined,
      find: async () => undefined,
    },
    runs: {
      ...runs,
      observation: async (runId, key) => {
        const read = await runs.observation(runId, key);
        if (key === '1.2' && !isRefused) {
          isRefused = true;
          const { commandId, ...unsent } = observation(second, 'not-sent', refused);
          expect(await runController.write(second, () => unsent)).toBe('complete');
        }
        return read;
      },
    },
    results: {
      ...results,
      setCommandDue: async (...words) => {
        const isSet = await results.setCommandDue(...words);
        if (isKilled) throw new Error('killed');
        return isSet;
      },
    },
    limits: LIMITS,
    texts,
    now: () => new Date(now),
  });
  if (isKilled) await expect(observe(first)).rejects.toThrow('killed');
  else expect(await observe(first)).toBe('incomplete');
  expect(await due('c-1')).toBe(at(20));
  // Scheduler reads what is due.
  isKilled = false;
  now = at(80);
  expect(await observe(first)).toBe('complete');
  expect([(await written()).map((row) => row.outcome), await due('c-1')]).toEqual([['Broken'], undefined]);
});

it('a node that goes into quarantine has one notice, with the advice', async () => {
  const { own, runs, results } = await stores();
  const { write } = createObservationWriter({
    ...{ runs, results, texts, rules: testSettings() },
    limits: { ...LIMITS, quarantineAttempts: 1 },
  });
  const failed: Reading = { outcome: 'NotRepaired', title: 't', reason: 'DiskFull', endedAt: at(80) };
  await write(command(), () => observation(command(), 'hard-deadline', failed));
  await write(command(), () => observation(command(), 'end', failed));
  const { understood } = await createNoticeStore(own).due(at(3600));
  expect(understood).toMatchObject([
    {
      detailType: 'Node Quarantined',
      id: `r-1/quarantined/${node(1)}`,
      detail: {
        instanceId: node(1),
        cluster: 'demo',
        remediation: 'pause-image',
        reason: 'DiskFull',
        advice: expect.stringMatching(/\w/),
      },
    },
  ]);
});
