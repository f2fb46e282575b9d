import { afterAll, beforeAll, expect, it } from 'vitest';
import { healthyFacts, runControllerWorld } from '../../test/support/run-controller-world.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { keys } from '../adapters/table/keys.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

type World = ReturnType<typeof runControllerWorld>;
const LANE = 'demo/pause-image';

const world = async (latencyMs = 4000, options: Parameters<typeof runControllerWorld>[1] = {}): Promise<World> => {
  const w = runControllerWorld(await table.another(), options);
  for (const id of w.ids) w.nodes.set(id, { broken: true, latencyMs });
  return w;
};

/** A row that only these requests want. */
const wanted = async (w: World, instanceId: string, requestIds: readonly string[]): Promise<void> => {
  await w.signals.addPending({
    ...{ lane: LANE, cluster: 'demo', instanceId, reason: 'OperatorRequest', source: 'operator' },
    ...{ firstSeenAt: w.iso(), lastSeenAt: w.iso(), signals: 0, because: { kind: 'operator' } },
    requestIds: [...requestIds],
  });
};

const cancelRequest = async (w: World, requestId: string): Promise<void> => {
  const run = (await w.allRuns())[0] ?? { cluster: 'demo', remediation: 'pause-image', action: 'repair' as const };
  const because = { kind: 'operator', firstSeenAt: w.iso(), lastSeenAt: w.iso(), count: 1, source: 'mei' } as const;
  const { cluster, remediation, action } = run;
  const row = { requestId, cluster, remediation, action, because, createdAt: w.iso() };
  await w.requests.cancel(row, { at: w.iso(), by: 'mei', reason: 'no more', force: false });
  await w.requests.tellLane(LANE, requestId);
  await w.signals.touchLane('demo', 'pause-image', w.iso());
  w.queue.push({ kind: 'lane', lane: LANE });
};

it('a node that only cancelled requests wanted gets no command from the run that took it for both', async () => {
  const w = await world(20_000);
  const [first = '', second = '', third = ''] = w.ids;
  for (const id of [first, second, third]) await wanted(w, id, ['q-1', 'q-2']);
  await w.signals.touchLane('demo', 'pause-image', w.iso());
  w.queue.push({ kind: 'lane', lane: LANE });
  await w.pass(5);
  expect(w.ssm.commands).toHaveLength(1);
  await cancelRequest(w, 'q-1');
  await cancelRequest(w, 'q-2');
  await w.pass(240, 10);
  expect(w.ssm.commands).toHaveLength(1);
  const [run] = await w.allRuns();
  expect(run).toMatchObject({ status: 'ended', settled: { Cancelled: 2 } });
});

it('the state of a node is kept for its whole time from the booking on', async () => {
  const w = await world();
  const [id = ''] = w.ids;
  const key = keys.nodeState(id, 'pause-image');
  const { attemptWindowSeconds } = w.settings.policy.limits;
  const soon = Math.floor(w.clock.ms / 1000) + 60;
  await w.put({ ...key, instanceId: id, cluster: 'demo', remediation: 'pause-image', attempts: {}, expiresAt: soon });
  await w.signal(id);
  await w.deliver();
  const [item] = (await w.table.items(key.pk)).filter(({ sk }) => sk === key.sk);
  expect(Object.values(item?.attempts ?? {})).toEqual([{ at: w.iso() }]);
  expect(item?.expiresAt).toBeGreaterThan(soon + attemptWindowSeconds);
});

it('a cancellation that SSM refuses holds up neither the run nor its lane, and is given up', async () => {
  const w = await world(30_000);
  const [id = '', other = ''] = w.ids;
  await w.signal(id);
  await w.pass(5);
  const [run = expect.fail()] = await w.allRuns();
  let calls = 0;
  const refusing = async () => {
    calls++;
    throw new Error('AccessDeniedException: ssm:CancelCommand');
  };
  Object.assign(w.deps, { sender: { ...w.deps.sender, cancel: refusing } });
  await w.cancel(run.runId, true);
  await w.signals.touchLane('demo', 'pause-image', w.iso());
  w.queue.push({ kind: 'lane', lane: LANE });
  await w.pass(60, 10);
  await w.signal(other);
  await w.pass(600, 10);
  expect(w.nodes.get(other)?.broken).toBe(false);
  expect(calls).toBe(5);
  expect(w.telemetry.counts.CancelGivenUp).toBe(1);
  expect((await w.runs.get(run.runId))?.outbox).toEqual([]);
});

it('a cluster that EC2 does not list now keeps its number of nodes, and its run takes its results', async () => {
  const w = await world();
  const [id = ''] = w.ids;
  await w.signal(id);
  await w.deliver();
  w.clock.ms += 600_000;
  const list = async () => {
    throw new Error('RequestLimitExceeded');
  };
  Object.assign(w.deps, { fleet: { ...w.deps.fleet, list } });
  await w.pass(120);
  expect(w.failures).toEqual([]);
  expect((await w.allRuns())[0]).toMatchObject({ status: 'ended' });
  expect((await w.lanes.getCluster('demo')).nodeCount).toBe(40);
});

it('a notice that the bus refuses is counted for its alarm all the same, once', async () => {
  const w = await world();
  const put = async () => {
    throw new Error('the bus is away');
  };
  Object.assign(w.deps, { bus: { put } });
  const [id = ''] = w.ids;
  await w.signal(id);
  await w.pass(600, 10);
  expect(w.telemetry.counts.RunEnded).toBe(1);
});

it('the notice about rows of a cancelled request does not stop the lane where the bus refuses it', async () => {
  const w = await world();
  const [gone = '', id = ''] = w.ids;
  const put = async () => {
    throw new Error('the bus is away');
  };
  Object.assign(w.deps, { bus: { put } });
  w.facts.set(id, healthyFacts(id));
  await wanted(w, gone, ['q-1']);
  await cancelRequest(w, 'q-1');
  await w.signal(id);
  await w.pass(120);
  expect(w.failures).toEqual([]);
  expect([w.nodes.get(gone)?.broken, w.nodes.get(id)?.broken]).toEqual([true, false]);
  expect((await w.lanes.pendingNodes(LANE)).map((row) => row.instanceId)).toEqual([]);
});
