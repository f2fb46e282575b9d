import { afterAll, beforeAll, expect, it } from 'vitest';
import { LANES, newInstance, signal, signalIntakeWorld } from '../../test/support/signal-intake-world.ts';
import { sqsEvent } from '../../test/support/sqs-event.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { acceptSignals } from './accept-signals.ts';

let table: TestTable;
let sent: string[] = [];
beforeAll(async () => {
  const own = await startTable();
  const send = async (command: object) => {
    sent.push(command.constructor.name.replace('Command', ''));
    return await own.client.send(command as never);
  };
  table = { ...own, client: { send: send as typeof own.client.send } };
});
afterAll(() => table.stop());

/** The calls of the table that something leads to, by name. */
const callsOf = async (act: () => Promise<unknown>): Promise<Record<string, number>> => {
  sent = [];
  await act();
  const calls: Record<string, number> = {};
  for (const name of sent) calls[name] = (calls[name] ?? 0) + 1;
  return calls;
};

/** A world, and ten nodes that each log a line so many seconds after its start. */
const tenNodes = async () => {
  const world = await signalIntakeWorld(table);
  const start = world.clock.ms;
  const ids = Array.from({ length: 10 }, newInstance);
  const linesAt = (seconds: number) => {
    world.clock.ms = start + seconds * 1000;
    const seen = new Date(world.clock.ms).toISOString();
    return ids.map((instanceId) => signal({ instanceId, firstSeenAt: seen, lastSeenAt: seen }));
  };
  const deliver = (lines: readonly unknown[], receiveCount = 1) =>
    acceptSignals(world.deps, sqsEvent(lines, undefined, receiveCount));
  return { ...world, linesAt, deliver };
};

it('reads the rows of a batch together, and writes those that are new', async () => {
  const { linesAt, deliver } = await tenNodes();
  expect(await callsOf(() => deliver(linesAt(0)))).toEqual({ BatchGet: 1, Put: 10, Update: 1 });
});

it('takes one read for ten nodes that go on logging while they wait, and wakes their lane no more', async () => {
  const { linesAt, deliver, lanes, sqs, counts } = await tenNodes();
  await deliver(linesAt(0));
  await lanes.answerCall('demo/pause-image');
  for (const seconds of [60, 120, 299]) {
    expect(await callsOf(() => deliver(linesAt(seconds)))).toEqual({ BatchGet: 1 });
  }
  expect([sqs.messages(LANES).length, counts.SignalTaken]).toEqual([1, 40]);
  expect(await callsOf(() => deliver(linesAt(300)))).toMatchObject({ BatchGet: 1, Put: 10 });
});

it('wakes the lane for a line that is delivered again, though its row says it already', async () => {
  const { linesAt, deliver, lanes, sqs } = await tenNodes();
  await deliver(linesAt(0));
  await lanes.answerCall('demo/pause-image');
  await deliver(linesAt(60), 2);
  expect(sqs.messages(LANES)).toHaveLength(2);
});

it('returns the records whose rows could not be read, and acknowledges one that needs no row', async () => {
  const { deps, linesAt } = await tenNodes();
  const [line] = linesAt(0);
  const store = { ...deps.store, readRows: () => Promise.reject(new Error('throttled')) };
  const answer = await acceptSignals({ ...deps, store }, sqsEvent([signal({ cluster: 'strange' }), line]));
  expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm1' }] });
});
