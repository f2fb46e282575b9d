import { describe, expect, it } from 'vitest';
import { factsOf, nodesSeen, pendingRow, rules } from '../../test/support/rules.ts';
import { aRun, at, node } from '../../test/support/runs.ts';
import { RunningRun } from '../state/run-state.ts';
import { newLane } from './lane.ts';
import { type IdleSeen, idleStep } from './lane-step.ts';
import { putOffBy } from './plan.ts';

describe('rows of nodes about which a fact could not be read', () => {
  const unread = { kind: 'retry', problem: 'EC2 DescribeInstances: Throttling: slow down' } as const;
  const unreadOf = (n: number): [string, ReturnType<typeof factsOf>] => [node(n), { ...factsOf(node(n)), unread }];
  const [first, second] = [pendingRow(node(1)), pendingRow(node(2))];
  const seen = (over: Partial<IdleSeen>): IdleSeen => ({
    lane: newLane('demo/pause-image'),
    rows: [first, second],
    gone: [],
    cluster: { cluster: 'demo', version: 1, slots: {} },
    nodes: nodesSeen([], { facts: new Map([unreadOf(1), unreadOf(2)]) }),
    newRunId: 'r-new',
    rules: rules(),
    now: at(10),
    ...over,
  });

  it('are put off without a run, in a lane for checks too', () => {
    for (const lane of [newLane('demo/pause-image'), newLane('demo/node-check')]) {
      const step = idleStep(seen({ lane }));
      expect(step).toMatchObject({ effects: [{ kind: 'look-again' }], isDone: false });
      expect(step).not.toHaveProperty('commit');
      const [effect] = step.effects;
      const entries = effect?.kind === 'look-again' ? effect.entries : [];
      expect(entries.flatMap(({ rows }) => rows).toSorted()).toEqual([
        [node(1), first.version],
        [node(2), second.version],
      ]);
      for (const { notBefore } of entries) expect(notBefore > at(10)).toBe(true);
    }
  });

  it('are put off by the run of the others', () => {
    const facts = new Map([[node(1), factsOf(node(1))] as const, unreadOf(2)]);
    const run = idleStep(seen({ nodes: nodesSeen([], { facts }) })).commit?.run?.after;
    expect(run).toMatchObject({
      pending: [[node(1), first.version]],
      outbox: [{ kind: 'defer', rows: [[node(2), second.version]] }],
    });
  });

  it('are put off by the run where it has more to say', () => {
    const defer = { kind: 'defer', lane: 'demo/pause-image', rows: [[node(1), first.version]], notBefore: at(60) };
    const notice = { kind: 'notice', id: 'n', detailType: 'Run Stuck', detail: {} };
    const outboxOf = (...outbox: readonly object[]) => putOffBy(RunningRun.parse({ ...aRun(0), outbox }));
    expect(outboxOf(defer, notice)).toEqual([]);
    expect(outboxOf(defer)).toEqual([defer]);
  });

  it('end in a run where the fact was refused: that is a decision', () => {
    const refused = { ...factsOf(node(1)), unread: { ...unread, kind: 'refused' as const } };
    const run = idleStep(seen({ rows: [first], nodes: nodesSeen([], { facts: new Map([[node(1), refused]]) }) }));
    expect(run.commit?.run?.after).toMatchObject({ settled: { Unreadable: 1 } });
  });
});
