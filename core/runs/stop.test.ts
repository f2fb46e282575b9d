import { describe, expect, it } from 'vitest';
import { aCheck, aCommand, aRun, at, kinds, node, observed, START, sent, step } from '../../test/support/runs.ts';
import type { RunState } from '../state/run-state.ts';
import { inFlight } from './advance.ts';
import type { SendReport } from './command.ts';

describe('a run that must stop', () => {
  const busy = (over: Partial<RunState> = {}): RunState => ({
    ...aRun(0),
    pending: [
      [node(5), 'v-5'],
      [node(6), ''],
    ],
    commands: [
      aCommand({ key: '1', status: 'sent', commandId: 'c-1', sentAt: START, hardDeadlineAt: at(390) }),
      aCommand({ key: '2', status: 'planned', notBefore: at(30), instanceIds: [node(2)], versions: ['v-2'] }),
      aCommand({ key: '3', status: 'sending', sendingAt: START, instanceIds: [node(3)], versions: ['v-3'] }),
    ],
    ...over,
  });

  it.each([
    ['Paused', { paused: true }, { Paused: 3 }, ['results']],
    ['Cancelled', { cancelled: { force: true } }, { Cancelled: 3 }, ['defer', 'results', 'cancel']],
  ] as const)(
    'because it is %s settles what was not sent, and waits for what was',
    (stopReason, inputs, settled, written) => {
      const { state, effects } = step(busy(), inputs, at(1));
      expect(effects).toEqual([]);
      expect(state).toMatchObject({
        status: 'draining',
        pending: [],
        stopped: { reason: stopReason, at: at(1) },
        settled,
      });
      expect(state.commands.map((c) => c.status)).toEqual(['sent', 'closed', 'sending']);
      expect(kinds(state)).toEqual(written);
    },
  );

  it('after its maximum duration leaves its nodes pending, also those of an operator’s request', () => {
    const { state } = step(busy(), {}, at(901));
    expect(state).toMatchObject({ stopped: { reason: 'Yielded' }, settled: {}, pending: [] });
    expect(state.outbox).toEqual([
      {
        kind: 'enqueue',
        lane: 'demo/pause-image',
        reason: 'OperatorRequest',
        source: 'operator',
        because: { kind: 'log' },
        requestIds: ['r-1'],
        nodes: [[node(6), at(901)]],
      },
    ]);
  });

  it('measures its duration from when it was planned, not from when it was requested', () => {
    const { state } = step(busy({ createdAt: at(-7200), startedAt: START }), {}, at(1));
    expect(state.stopped).toBeUndefined();
  });

  it.each([
    ['two attributable failures', { attributableFailures: 2, size: 10 }, 0, true],
    ['one', { attributableFailures: 1, size: 10 }, 0, false],
    ['one, and one that its lane brought', { attributableFailures: 1, size: 10 }, 1, true],
  ] as const)('after %s', (_, failed, priorAttributableFailures, opens) => {
    const run = busy({ priorAttributableFailures });
    const commands = [
      ...run.commands,
      aCommand({ key: '4', status: 'closed', instanceIds: [], counts: {}, ...failed }),
    ];
    const { state } = step({ ...run, commands }, {}, at(1));
    expect(state.stopped?.reason).toBe(opens ? 'BreakerOpen' : undefined);
  });

  it('does not stop a check at the maximum duration of a repair', () => {
    expect(step(step(aCheck(2)).state, {}, at(901)).state.stopped).toBeUndefined();
  });

  it('stops a check that a pause of everything covers', () => {
    const { state } = step(aCheck(2), { paused: true }, at(1));
    expect(state).toMatchObject({ stopped: { reason: 'Paused' }, settled: { Paused: 2 } });
  });

  it.each([
    { key: '3', kind: 'not-sent', notBefore: at(2) },
    { key: '3', kind: 'not-sent', notBefore: START },
  ] satisfies SendReport[])('sends nothing that comes back as not sent after the stop: %j', (report) => {
    const stopped = step(busy(), { paused: true }, at(1)).state;
    const { state, effects } = step(stopped, { reports: [report] }, at(3));
    expect(effects).toEqual([]);
    expect(state.commands[2]).toMatchObject({ status: 'closed', instanceIds: [] });
    expect(state.settled).toEqual({ Paused: 4 });
  });

  it('cancels each sent command once, including one that is found later', () => {
    const first = step(busy(), { cancelled: { force: true } }, at(1)).state;
    const again = step({ ...first, outbox: [] }, { cancelled: { force: true } }, at(70)).state;
    expect(kinds(again)).toEqual([]);
    const found: SendReport = { key: '3', kind: 'found', commandId: 'c-3', sentAt: START };
    const later = step(again, { cancelled: { force: true }, reports: [found] }, at(151)).state;
    expect(later.outbox.filter((e) => e.kind === 'cancel')).toEqual([{ kind: 'cancel', commandId: 'c-3' }]);
  });

  it('cancels no repair that has started without force, and every one by force, also after a cancel without it', () => {
    const first = step(busy(), { cancelled: { force: false } }, at(1)).state;
    expect(first.stopped).toEqual({ reason: 'Cancelled', at: at(1) });
    expect(kinds(first)).not.toContain('cancel');
    const forced = step({ ...first, outbox: [] }, { cancelled: { force: true } }, at(2)).state;
    expect(kinds(forced)).toEqual(['cancel']);
    expect(kinds(step({ ...forced, outbox: [] }, { cancelled: { force: true } }, at(70)).state)).toEqual([]);
  });

  it('can be cancelled while it stops for another reason', () => {
    const paused = step(busy(), { paused: true }, at(1)).state;
    const { state } = step({ ...paused, outbox: [] }, { cancelled: { force: true }, paused: true }, at(2));
    expect(state.stopped?.reason).toBe('Cancelled');
    expect(kinds(state)).toEqual(['cancel']);
  });
});

describe('the slow start', () => {
  const endWith = (
    run: RunState,
    key: string,
    outcome: 'Repaired' | 'Healthy' | 'NotRepaired',
    seconds: number,
  ): RunState => {
    const ids = run.commands.find((c) => c.key === key)?.instanceIds ?? [];
    const sentRun = step(run, { reports: [sent(key)] }, at(seconds)).state;
    const seen = observed(key, Object.fromEntries(ids.map((id) => [id, { outcome, reason: 'DiskFull' }])));
    return step(sentRun, { observations: [seen] }, at(seconds + 1)).state;
  };

  it('opens its window with repaired nodes, not with healthy ones', () => {
    let run = step(aRun(40)).state;
    run = endWith(run, '1', 'Repaired', 2);
    expect(inFlight(run)).toBe(1);
    run = endWith(run, '2', 'Healthy', 4);
    expect(inFlight(run)).toBe(1);
    run = endWith(run, '3', 'Repaired', 6);
    expect(inFlight(run)).toBe(3);
    run = endWith(run, '4', 'Repaired', 8);
    expect(inFlight(run)).toBe(6);
  });

  it('sends canaries until enough of them end well', () => {
    let run = step(aRun(40)).state;
    for (const key of ['1', '2', '3', '4', '5']) run = endWith(run, key, 'NotRepaired', Number(key) * 2);
    expect(inFlight(run)).toBe(1);
    expect(run.stopped).toBeUndefined();
  });
});
