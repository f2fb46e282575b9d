import { describe, expect, it } from 'vitest';
import {
  aCheck,
  aCommand,
  aRun,
  at,
  kinds,
  node,
  observed,
  type SeenRun,
  START,
  sent,
  step,
  trustAfter,
} from '../../test/support/runs.ts';
import type { RunningRun, RunState } from '../state/run-state.ts';
import type { RunInputs } from './advance.ts';
import type { SendReport } from './command.ts';
import { nodesInFlight } from './in-flight.ts';

describe('a run that must stop', () => {
  const busy = (over: Partial<RunningRun> = {}): RunningRun => ({
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
    ['NotAllowed', { removed: 'gone' }, { NotAllowed: 3 }, ['defer', 'results']],
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

  it.each([
    ['repair', busy(), ['defer', 'results', 'notice']],
    ['check', { ...busy(), action: 'check' as const, lane: undefined }, ['results', 'notice']],
  ])(
    'because SSM has another document than was built sends nothing more of a %s, and says so once',
    (_, run, written) => {
      const report: SendReport = { key: '3', kind: 'document-refused', message: 'it is another' };
      const { state, effects } = step(run as RunState, { reports: [report] }, at(1));
      expect(effects).toEqual([]);
      expect(state).toMatchObject({
        pending: [],
        stopped: { reason: 'DocumentRefused', at: at(1) },
        settled: { DocumentRefused: 4 },
      });
      expect(state.commands.map((c) => c.status)).toEqual(['sent', 'closed', 'closed']);
      expect(kinds(state)).toEqual(written);
      expect(state.outbox).toContainEqual(
        expect.objectContaining({
          kind: 'results',
          outcome: 'Skipped',
          skipReason: 'DocumentRefused',
          message: 'the run sent no command to this node: it is another',
        }),
      );
      expect(state.outbox.at(-1)).toMatchObject({
        id: 'r-1/document',
        detailType: 'Document Refused',
        detail: { message: 'it is another' },
      });
      const again = step(state, { reports: [report] }, at(2)).state;
      expect(kinds(again).filter((kind) => kind === 'notice')).toHaveLength(1);
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

  it('when the breaker of its document opens, by a failure that it sees or that another run has seen', () => {
    const breaker = { openedAt: START, openUntil: at(900), openings: 1, runId: 'r-0' };
    expect(step(busy(), { trust: trustAfter(0, { breaker }) }, at(1)).state.stopped?.reason).toBe('BreakerOpen');
    expect(
      step(busy(), { trust: trustAfter(3, { breaker }), isAwaited: false }, at(901)).state.stopped,
    ).toBeUndefined();
  });

  it('does not stop a check when its time is over, and stops one that a pause covers', () => {
    const check = step(aCheck(2)).state;
    expect(step(check, {}, at(901)).state.stopped).toBeUndefined();
    expect(step(check, { removed: 'gone' }, at(1)).state.stopped).toBeUndefined();
    expect(step(check, { paused: true }, at(1)).state.stopped?.reason).toBe('Paused');
  });

  it('goes on after its maximum duration while nobody waits', () => {
    expect(step(busy(), { isAwaited: false }, at(901)).state.stopped).toBeUndefined();
    expect(step(busy(), {}, at(901)).state.stopped?.reason).toBe('Yielded');
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

  it('does not stop because its document is not deployed: it tries again, and its nodes wait', () => {
    const { state, effects } = step(aRun(2), { documents: [] });
    expect(effects).toEqual([]);
    expect(state).toMatchObject({
      status: 'active',
      pending: [
        [node(0), `v-${node(0)}`],
        [node(1), `v-${node(1)}`],
      ],
      refusal: { message: 'no document pause-image-repair is deployed', notBefore: at(15) },
    });
    expect(state).not.toHaveProperty('stopped');
  });

  it('can be cancelled while it stops for another reason', () => {
    const paused = step(busy(), { paused: true }, at(1)).state;
    const { state } = step({ ...paused, outbox: [] }, { cancelled: { force: true }, paused: true }, at(2));
    expect(state.stopped?.reason).toBe('Cancelled');
    expect(kinds(state)).toEqual(['cancel']);
  });
});

describe('the slow start', () => {
  /** A run with the experience that its steps add. */
  type Course = { readonly run: SeenRun; readonly trust: RunInputs['trust'] };
  const begin = (): Course => ({ run: step(aRun(40)).state, trust: new Map() });
  const endWith = (
    { run, trust }: Course,
    key: string,
    outcome: 'Repaired' | 'Healthy' | 'NotRepaired',
    seconds: number,
  ): Course => {
    const ids = run.commands.find((c) => c.key === key)?.instanceIds ?? [];
    const sentRun = step(run, { trust, reports: [sent(key, seconds)] }, at(seconds)).state;
    const tallies = Object.fromEntries(ids.map((id) => [id, { outcome, reason: 'DiskFull' }]));
    const seen = observed(key, tallies, { at: at(seconds + 1) });
    const next = step(sentRun, { trust, observations: [seen] }, at(seconds + 1));
    return {
      run: next.state,
      trust: new Map([...trust, ...next.trust.map(({ after }) => [after.document, after] as const)]),
    };
  };

  it('opens its window with repaired nodes: a healthy one gives its place back, and passes nothing', () => {
    const sizes = [begin()];
    for (const [key, outcome] of [
      ['1', 'Repaired'],
      ['2', 'Healthy'],
      ['3', 'Repaired'],
      ['4', 'Repaired'],
      ['5', 'Repaired'],
    ] as const) {
      sizes.push(endWith(sizes.at(-1) ?? begin(), key, outcome, Number(key) * 2));
    }
    expect(sizes.map(({ run }) => nodesInFlight(run))).toEqual([1, 1, 1, 1, 4, 8]);
    expect(sizes.at(-1)?.run.commands.map((c) => c.isCanary)).toEqual([true, true, true, true, false, false]);
  });

  it('sends canaries until enough of them end well', () => {
    let course = begin();
    for (const key of ['1', '2', '3', '4', '5']) course = endWith(course, key, 'NotRepaired', Number(key) * 2);
    expect(nodesInFlight(course.run)).toBe(1);
    expect(course.run.stopped).toBeUndefined();
  });

  it('waits for 8 s after the second canary with an attributable failure, without a notice', () => {
    const failing = (course: Course, key: string, seconds: number) => {
      const [id = ''] = course.run.commands.find((c) => c.key === key)?.instanceIds ?? [];
      const { trust } = course;
      const sentRun = step(course.run, { trust, reports: [sent(key, seconds)] }, at(seconds)).state;
      const seen = observed(key, { [id]: { outcome: 'NotRepaired', reason: 'X' } }, { at: at(seconds) });
      return step(sentRun, { trust, observations: [seen] }, at(seconds));
    };
    const first = failing(begin(), '1', 5);
    expect(first.state.stopped).toBeUndefined();
    const second = failing(
      { run: first.state, trust: new Map(first.trust.map(({ after }) => [after.document, after])) },
      '2',
      9,
    );
    expect(second.state.stopped).toBeUndefined();
    expect(second.effects).toEqual([]);
    expect(second.trust).toMatchObject([{ after: { breaker: { openings: 1, openUntil: at(17) } } }]);
    expect(second.state.outbox.filter((e) => e.kind === 'notice')).toEqual([]);
  });
});

it('a run whose request cannot be read says so in its results', () => {
  const { state } = step(aRun(1), { cancelled: { force: false, why: 'its request cannot be read' } });
  expect(state).toMatchObject({
    end: 'Cancelled',
    stopped: { reason: 'Cancelled', why: 'its request cannot be read' },
  });
  expect(state.outbox).toContainEqual(
    expect.objectContaining({ kind: 'results', message: expect.stringMatching(/: its request cannot be read$/) }),
  );
});
