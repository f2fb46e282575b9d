import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { BAD, LANES, NOW, signal, signalIntakeWorld } from '../../test/support/signal-intake-world.ts';
import { sqsEvent } from '../../test/support/sqs-event.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { acceptSignals } from './accept-signals.ts';
import type { SignalIntakePorts } from './ports.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

const world = (limits = {}) => signalIntakeWorld(table, limits);

describe('signal-intake sends a signal', () => {
  it.each([
    ['of log-classifier to its lane where policy repairs', {}, 'fleetmend.logs', 'demo/pause-image'],
    [
      'that only predicts the fault to the checks',
      { hint: true, reason: 'ImageGCPressure' },
      'fleetmend.logs',
      'demo/node-check',
    ],
    ['of another source to the checks', {}, 'acme.alarms', 'demo/node-check'],
    ['of a source with a similar name to the checks', {}, 'fleetmend.logs2', 'demo/node-check'],
    ['of an observed cluster to the checks', { cluster: 'watched' }, 'fleetmend.logs', 'watched/node-check'],
    [
      'for a disruptive repair to its lane where policy allows it',
      { reason: 'CRIDockerdDown' },
      'fleetmend.logs',
      'demo/cri-dockerd',
    ],
    [
      'for a disruptive repair to the checks where it does not',
      { cluster: 'careful', reason: 'CRIDockerdDown' },
      'fleetmend.logs',
      'careful/node-check',
    ],
  ])('%s', async (_, over, source, lane) => {
    const { deps, sqs, pendingNodes } = await world();
    const event = signal(over, source);
    expect(await acceptSignals(deps, sqsEvent([event]))).toEqual({ batchItemFailures: [] });
    const rows = (await pendingNodes(lane)).filter((row) => row.instanceId === event.detail.instanceId);
    expect(rows).toMatchObject([{ lane, reason: event.detail.reason, source, signals: 3 }]);
    expect(sqs.messages(LANES).map((m) => [m.group, JSON.parse(m.body)])).toEqual([[lane, { kind: 'lane', lane }]]);
    expect(sqs.messages(BAD)).toEqual([]);
  });
});

describe('signal-intake', () => {
  it('makes one row of twenty deliveries, and wakes the lane once until the lane answers', async () => {
    const { deps, sqs, lanes, pendingNodes } = await world();
    const event = signal();
    for (let i = 0; i < 2; i++) await acceptSignals(deps, sqsEvent(Array.from({ length: 10 }, () => event)));
    const rows = (await pendingNodes('demo/pause-image')).filter((row) => row.instanceId === event.detail.instanceId);
    expect(rows).toMatchObject([{ signals: 3 }]);
    expect(sqs.messages(LANES)).toHaveLength(1);
    await lanes.answerCall('demo/pause-image');
    await acceptSignals(deps, sqsEvent([event]));
    expect(sqs.messages(LANES)).toHaveLength(2);
  });

  it('calls a lane again after two minutes without an answer', async () => {
    const { deps, sqs, clock } = await world();
    for (const seconds of [0, 60, 61]) {
      clock.ms += seconds * 1000;
      await acceptSignals(deps, sqsEvent([signal()]));
    }
    expect(sqs.messages(LANES)).toHaveLength(2);
  });

  it('wakes each lane of a batch once', async () => {
    const { deps, sqs } = await world();
    await acceptSignals(deps, sqsEvent([signal(), signal(), signal({}, 'acme')]));
    expect(sqs.messages(LANES).map((m) => m.group)).toEqual(['demo/pause-image', 'demo/node-check']);
  });

  it('counts and acknowledges a cluster that the policy does not list', async () => {
    const { deps, sqs, counts, pendingNodes } = await world();
    expect(await acceptSignals(deps, sqsEvent([signal({ cluster: 'strange' })]))).toEqual({ batchItemFailures: [] });
    expect(counts).toEqual({ SignalNotManaged: 1 });
    expect([sqs.messages(BAD), sqs.messages(LANES), await pendingNodes('strange/node-check')]).toEqual([[], [], []]);
  });

  it.each([
    ['a body that is not JSON', '{', /not JSON/],
    ['a number', 1, /reading the signal/],
    [
      'a hostile id',
      { ...signal(), detail: { ...signal().detail, instanceId: 'i-1; reboot' } },
      /field detail.instanceId: not an EC2 instance id/,
    ],
    ['an unknown field', { ...signal(), detail: { ...signal().detail, command: 'rm' } }, /field detail: .*command/],
    ['a hostile cluster', { ...signal(), detail: { ...signal().detail, cluster: 'a/b' } }, /field detail.cluster/],
    ['another detail type', { ...signal(), 'detail-type': 'Other' }, /field detail-type/],
    [
      'an unknown reason',
      signal({ reason: 'Gremlins' }),
      /field detail.reason: Gremlins is not one of CRIDockerdDown, DiskFull/,
    ],
    ['a reason that is a property of Object', signal({ reason: 'HasOwnProperty' }), /HasOwnProperty is not one of/],
    ['firstSeenAt after lastSeenAt', signal({ firstSeenAt: '2026-08-22T11:00:00.000Z' }), /field detail.firstSeenAt/],
  ])('sends %s to the bad-input queue with the field named, and accepts the good signal', async (_, body, reason) => {
    const { deps, sqs } = await world();
    expect(await acceptSignals(deps, sqsEvent([body, signal()]))).toEqual({ batchItemFailures: [] });
    expect(sqs.messages(BAD)).toHaveLength(1);
    expect(sqs.messages(BAD)[0]?.attributes.reason).toMatch(reason);
    expect(sqs.messages(LANES)).toHaveLength(1);
  });

  it('limits the rate of another source, and stores the excess in the dead-letter queue', async () => {
    const limits = { maxForeignSignalsPerMinute: 6 };
    const { deps, sqs, counts } = await signalIntakeWorld(await table.another(), limits);
    await acceptSignals(deps, sqsEvent([...Array.from({ length: 5 }, () => signal({}, 'storm')), signal()]));
    expect(counts).toMatchObject({ SignalTaken: 4, SignalOverBudget: 2 });
    expect(sqs.messages(BAD).map((m) => m.attributes.reason)).toEqual(
      Array.from({ length: 2 }, () => expect.stringMatching(/^OverBudget: more than 3 signals a minute from storm/)),
    );
  });

  it('limits the rate of all other sources together', async () => {
    const limits = { maxForeignSignalsPerMinute: 6 };
    const { deps, sqs, counts } = await signalIntakeWorld(await table.another(), limits);
    for (let i = 0; i < 30; i += 10) {
      await acceptSignals(deps, sqsEvent(Array.from({ length: 10 }, (_, k) => signal({}, `source-${i + k}`))));
    }
    expect(counts).toMatchObject({ SignalTaken: 6, SignalOverBudget: 24 });
    expect(sqs.messages(BAD).map((m) => m.attributes.reason)).toEqual(
      Array.from({ length: 24 }, () =>
        expect.stringMatching(/^OverBudget: more than 6 signals a minute from all sources/),
      ),
    );
  });

  it('replaces a time in the future by now', async () => {
    const { deps, pendingNodes } = await world();
    const event = signal({ lastSeenAt: '2027-01-01T00:00:00Z' });
    await acceptSignals(deps, sqsEvent([event]));
    const rows = (await pendingNodes('demo/pause-image')).filter((row) => row.instanceId === event.detail.instanceId);
    expect(rows).toMatchObject([{ lastSeenAt: NOW }]);
  });

  it('does not acknowledge a signal whose wake failed, and wakes at the redelivery', async () => {
    const { deps, sqs, returned, counts } = await world();
    const event = signal();
    sqs.fail(1);
    expect(await acceptSignals(deps, sqsEvent([event]))).toEqual({ batchItemFailures: [{ itemIdentifier: 'm0' }] });
    expect([returned, counts.FailedRecords]).toEqual([['r0'], 1]);
    expect(sqs.messages(LANES)).toEqual([]);
    await acceptSignals(deps, sqsEvent([event], undefined, 2));
    expect(sqs.messages(LANES)).toHaveLength(1);
  });

  it('returns only the signals whose lane could not be called', async () => {
    const { deps, sqs, returned } = await world();
    const store: SignalIntakePorts['store'] = {
      ...deps.store,
      callLane: (lane, now, stale) =>
        lane === 'demo/node-check' ? Promise.reject(new Error('throttled')) : deps.store.callLane(lane, now, stale),
    };
    const answer = await acceptSignals({ ...deps, store }, sqsEvent([signal({}, 'acme'), signal()]));
    expect([answer, returned]).toEqual([{ batchItemFailures: [{ itemIdentifier: 'm0' }] }, ['r0']]);
    expect(sqs.messages(LANES).map((m) => m.group)).toEqual(['demo/pause-image']);
  });

  it('wakes a lane for a redelivered signal that has a new one of its lane behind it', async () => {
    const { deps, sqs } = await world();
    await acceptSignals(deps, sqsEvent([signal()]));
    const [again, fresh] = [sqsEvent([signal()], undefined, 2), sqsEvent([signal()])];
    const behind = fresh.Records.map((record) => ({ ...record, messageId: 'm1' }));
    await acceptSignals(deps, { Records: [...again.Records, ...behind] });
    expect(sqs.messages(LANES)).toHaveLength(2);
  });

  it('parses the body of each record once', async () => {
    const { deps } = await world();
    const event = sqsEvent([signal(), signal({}, 'acme.alarms'), 1]);
    const bodies = event.Records.map(({ body }) => body);
    const parse = vi.spyOn(JSON, 'parse');
    try {
      await acceptSignals(deps, event);
      const parsed = parse.mock.calls.map(([text]) => text).filter((text) => bodies.includes(text));
      expect(parsed.toSorted()).toEqual(bodies.toSorted());
    } finally {
      parse.mockRestore();
    }
  });

  it('returns only the signal whose row could not be written', async () => {
    const { deps, sqs } = await world();
    const bad = signal();
    const store: SignalIntakePorts['store'] = {
      ...deps.store,
      addPending: (news) =>
        news.instanceId === bad.detail.instanceId
          ? Promise.reject(new Error('throttled'))
          : deps.store.addPending(news),
    };
    const answer = await acceptSignals({ ...deps, store }, sqsEvent([bad, signal()]));
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm0' }] });
    expect(sqs.messages(LANES)).toHaveLength(1);
  });
});
