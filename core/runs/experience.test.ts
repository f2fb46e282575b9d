import { describe, expect, it } from 'vitest';
import {
  aCheck,
  aCommand,
  aRun,
  at,
  DOCUMENT,
  LIMITS,
  node,
  nodes,
  observed,
  trustAfter,
} from '../../test/support/runs.ts';
import { isTripped } from '../guards/trust.ts';
import type { CommandState, ObservationRow } from '../state/command-state.ts';
import type { RunState } from '../state/run-state.ts';
import { onObservation } from './command.ts';
import { breakerNotices, experienceOf, hasClosed, hasOpened, type TrustSeen } from './experience.ts';

const [a, b] = nodes(2) as [string, string];
const seenOf = (over: Partial<TrustSeen> = {}): TrustSeen => ({
  trust: new Map(),
  openElsewhere: 0,
  clusterNodes: 100,
  nodeLocal: new Set(['DiskFull']),
  ...over,
});
const command = (over: Partial<CommandState> = {}): CommandState =>
  aCommand({ status: 'sent', instanceIds: [a, b], versions: [], size: 2, documentName: DOCUMENT.name, ...over });
const learned = (run: RunState, observations: readonly ObservationRow[], over: Partial<TrustSeen> = {}) =>
  experienceOf(run, observations, seenOf(over), at(60), LIMITS);
/** The record of each node: its end, and whether it was a canary. */
const ends = (run: RunState, ...observations: ObservationRow[]) =>
  learned(run, observations).flatMap(({ after }) =>
    after.results.map(({ instanceId, end, isCanary }) => [instanceId, end, isCanary]),
  );
const run = (...commands: CommandState[]): RunState => aRun(0, { commands });
const failed = { outcome: 'NotRepaired', reason: 'X' } as const;

describe('the experience with a document', () => {
  it('is the end of each node by its final result, with the time of the observation', () => {
    const [change = expect.fail()] = learned(run(command()), [observed('1', { [a]: {}, [b]: failed })]);
    expect(change.before.results).toEqual([]);
    expect(change.after).toMatchObject({ document: DOCUMENT.name, cluster: 'demo' });
    expect(change.after.results).toEqual([
      { instanceId: b, runId: 'r-1', at: at(20), end: 'failed', isCanary: false },
      { instanceId: a, runId: 'r-1', at: at(20), end: 'repaired', isCanary: false },
    ]);
  });

  it('knows a canary', () => {
    expect(ends(run(command({ isCanary: true })), observed('1', { [a]: {} }))).toEqual([[a, 'repaired', true]]);
  });

  it('grows by a node when it has ended, and by none again', () => {
    const look = observed('1', { [a]: {} }, { final: false, open: [b], grade: 4 });
    expect(ends(run(command()), look)).toEqual([[a, 'repaired', false]]);
    expect(learned(run(command({ open: [b] })), [look])).toEqual([]);
    const end = observed('1', { [a]: {}, [b]: failed });
    expect(ends(run(command({ open: [b] })), end)).toEqual([[b, 'failed', false]]);
  });

  it('is corrected where a node that gave no answer by the hard deadline has given one since', () => {
    const late = observed('1', { [a]: {}, [b]: failed }, { grade: 8 });
    const closed = command({ status: 'closed', instanceIds: [], assumedGrade: 6 });
    expect(ends(run(closed), late)).toEqual([
      [b, 'failed', false],
      [a, 'repaired', false],
    ]);
    expect(ends(run({ ...closed, assumedGrade: 8 }), late)).toEqual([]);
    const { assumedGrade, ...sure } = closed;
    expect(ends(run(sure), late)).toEqual([]);
  });

  it('keeps the time of what was known before a late answer of another node: it is no new proof', () => {
    const close = observed('1', { [a]: {}, [b]: { outcome: 'TimedOut' } }, { assumed: [b], grade: 6 });
    const closed = onObservation(command(), close, run(command())).command;
    const late = observed('1', { [a]: {}, [b]: failed }, { grade: 8 });
    expect(ends(run(closed), late)).toEqual([[b, 'failed', false]]);
    const later = onObservation(closed, late, run(closed)).command;
    expect(ends(run(later), { ...late, grade: 10 })).toEqual([]);
  });

  it('does not grow by a check, a command without a document, an observation of another, or a failure of the node', () => {
    const seen = observed('1', { [a]: {} });
    expect(learned(aCheck(0, { commands: [command()] }), [seen])).toEqual([]);
    const { documentName, ...unnamed } = command();
    expect(learned(run(unnamed), [seen])).toEqual([]);
    expect(learned(run(command({ key: '2' })), [seen])).toEqual([]);
    expect(learned(run(command()), [])).toEqual([]);
    expect(ends(run(command()), observed('1', { [a]: { outcome: 'NotRepaired', reason: 'DiskFull' } }))).toEqual([]);
  });

  it('is kept for each document by itself', () => {
    const commands = [command(), command({ key: '2', instanceIds: [node(7)], documentName: 'older' })];
    const changes = learned(run(...commands), [observed('1', { [a]: {} }), observed('2', { [node(7)]: {} })]);
    expect(changes.map(({ after }) => [after.document, after.results.map((r) => r.instanceId)])).toEqual([
      [DOCUMENT.name, [a]],
      ['older', [node(7)]],
    ]);
  });
});

describe('a breaker', () => {
  const opened = (clusterNodes = 100) =>
    learned(run(command({ isCanary: true })), [observed('1', { [a]: failed, [b]: failed })], { clusterNodes });
  const breaker = { openedAt: at(60), openUntil: at(68), openings: 1, step: 1, nodes: [b, a], runId: 'r-1' };

  it('opens by the failures that a step shows, with the run that has shown them', () => {
    const [change = expect.fail()] = opened();
    expect(change.after.breaker).toEqual(breaker);
    expect([hasOpened(change), hasClosed(change, at(60), LIMITS)]).toEqual([true, false]);
  });

  it('depends on the size of the cluster where the failures were no canaries', () => {
    const of = (clusterNodes: number) =>
      learned(run(command()), [observed('1', { [a]: failed, [b]: failed })], { clusterNodes });
    expect([of(9), of(10)].map(([change]) => change?.after.breaker !== undefined)).toEqual([true, false]);
  });

  it('is told once, with the lane, the document and its end', () => {
    const [change = expect.fail()] = opened();
    const long = { ...change, after: { ...change.after, breaker: { ...breaker, openUntil: at(572) } } };
    const { lane, ...group } = aRun(0, { group: 'demo/pause-image' });
    for (const run of [group, { ...group, lane: 'demo/pause-image', group: 'r-1' }])
      expect(breakerNotices(run, [long], at(60), LIMITS)).toEqual([
        {
          kind: 'notice',
          id: `r-1/breaker/${DOCUMENT.name}`,
          at: at(60),
          detailType: 'Breaker Opened',
          detail: {
            lane: 'demo/pause-image',
            cluster: 'demo',
            remediation: 'pause-image',
            document: DOCUMENT.name,
            runId: 'r-1',
            openUntil: at(572),
            openings: 1,
          },
        },
      ]);
  });

  it('is not told where it is open for seconds', () => {
    expect(breakerNotices(aRun(0), opened(), at(60), LIMITS)).toEqual([]);
  });

  it('is not told where it was open before, or is not open', () => {
    const [{ after } = expect.fail()] = opened();
    const { breaker: none, ...closed } = after;
    expect(breakerNotices(aRun(0), [{ before: after, after: { ...after, version: 2 } }], at(60), LIMITS)).toEqual([]);
    expect(breakerNotices(aRun(0), [{ before: closed, after: closed }], at(60), LIMITS)).toEqual([]);
    expect(hasOpened({ before: after, after: closed })).toBe(false);
  });

  it('is not closed by repairs from before its time whose command has a late answer after it', () => {
    const ids = nodes(4);
    const [silent = '', ...repaired] = ids.toReversed();
    const known = trustAfter(3, { breaker: { ...breaker, openedAt: at(40), openUntil: at(48) } });
    const late = { [silent]: failed, ...Object.fromEntries(repaired.map((id) => [id, {}])) };
    const closed = command({ status: 'closed', instanceIds: [], size: 4, assumedGrade: 10, open: [silent] });
    const [change = expect.fail()] = learned(run(closed), [observed('1', late, { at: at(55), grade: 16 })], {
      trust: known,
    });
    expect(hasClosed(change, at(60), LIMITS)).toBe(false);
    expect(isTripped(change.after, at(60), LIMITS)).toBe(true);
  });

  it('has closed once a full set of canaries was repaired after its time', () => {
    const before =
      trustAfter(2, { breaker: { ...breaker, openedAt: at(-1800), openUntil: at(-900) } }).get(DOCUMENT.name) ??
      expect.fail();
    const after =
      trustAfter(3, { breaker: { ...breaker, openedAt: at(-1800), openUntil: at(-900) } }).get(DOCUMENT.name) ??
      expect.fail();
    expect(hasClosed({ before, after }, at(0), LIMITS)).toBe(true);
    expect(hasClosed({ before, after: before }, at(0), LIMITS)).toBe(false);
    expect(hasClosed({ before: after, after }, at(0), LIMITS)).toBe(false);
    const lane = aRun(0, { group: 'demo/pause-image' });
    expect(breakerNotices(lane, [{ before, after }], at(0), LIMITS)).toMatchObject([
      { id: `r-1/breaker/${DOCUMENT.name}`, detailType: 'Breaker Closed', detail: { lane: 'demo/pause-image' } },
    ]);
  });
});
