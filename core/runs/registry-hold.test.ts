import { describe, expect, it } from 'vitest';
import { aCommand, aRun, at, node, nodes, observed, START, sent, step } from '../../test/support/runs.ts';
import type { CommandState } from '../state/command-state.ts';
import type { ResultRow, Tally } from '../state/results.ts';
import type { RunState } from '../state/run-state.ts';
import { batchTallies } from './batch-results.ts';
import { afterRun, newLane } from './lane.ts';
import { registryWord, silentOf } from './registry-hold.ts';

const silentTally: Partial<Tally> = { outcome: 'NotRepaired', reason: 'RegistryUnreachable', registry: 'silent' };
const closed = (key: string, over: Partial<CommandState> = {}): CommandState =>
  aCommand({ key, status: 'closed', instanceIds: [], versions: [], counts: { NotRepaired: 1 }, ...over });
const ECR = '918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn';
const hold = (over: object = {}) => ({ until: at(900), holds: 1, runId: 'r-0', ...over });

describe('the answer of the registry, by a result', () => {
  it.each<[string, Pick<ResultRow, 'action' | 'outcome' | 'reason' | 'method'>, string | undefined]>([
    [
      'a repair that got no answer',
      { action: 'repair', outcome: 'NotRepaired', reason: 'RegistryUnreachable' },
      'silent',
    ],
    ['a repair that was refused', { action: 'repair', outcome: 'NotRepaired', reason: 'RegistryDenied' }, 'answers'],
    ['a repair for another reason', { action: 'repair', outcome: 'NotRepaired', reason: 'DiskFull' }, undefined],
    ['an image from ECR', { action: 'repair', outcome: 'Repaired', method: 'ecr' }, 'answers'],
    ['an image from the node itself', { action: 'repair', outcome: 'Repaired', method: 'tag' }, undefined],
    ['a check', { action: 'check', outcome: 'Broken', reason: 'RegistryUnreachable' }, undefined],
  ])('%s', (_, row, expected) => {
    expect(registryWord(row)).toBe(expected);
  });

  it.each<[string, readonly Tally['registry'][], number | undefined]>([
    ['nothing', [undefined, undefined], undefined],
    ['that it was silent to two of three', ['silent', undefined, 'silent'], 2],
    ['that it answered one of three', ['silent', 'answers', 'silent'], 0],
  ])('the nodes of a command together say %s', (_, words, expected) => {
    const tallies = words.map((registry, i): [string, Partial<Tally>] => [
      node(i),
      registry === undefined ? {} : { registry },
    ]);
    const of = { remediation: 'pause-image', action: 'repair' } as const;
    expect(silentOf(batchTallies([observed('1', Object.fromEntries(tallies))], of))).toBe(expected);
  });
});

describe('a repair run', () => {
  it.each<[string, readonly (number | undefined)[], boolean]>([
    ['after one silence', [1], false],
    ['after two', [1, 1], true],
    ['after two at once', [2], true],
    ['after two with something else between', [1, undefined, 1], true],
    ['after two with an answer between', [1, 0, 1], false],
    ['after two and an answer', [2, 0], false],
  ])('%s', (_, said, expected) => {
    const commands = said.map((silent, i) => closed(String(i + 1), silent === undefined ? {} : { silent }));
    const { state } = step(aRun(3, { commands, local: [node(1)] }), { slots: 0 });
    expect(state.registryHold !== undefined).toBe(expected);
    expect(state.pending.map(([id]) => id)).toEqual(expected ? [node(1)] : nodes(3));
  });

  it('defers the nodes that need the registry with a reason, and continues with the others', () => {
    const before = aRun(4, {
      image: `${ECR}/eks/pause:3.5`,
      preflight: 'ECR has the image',
      commands: [closed('1', { silent: 2 })],
      local: [node(1)],
      pending: [
        [node(0), 'v-0'],
        [node(1), 'v-1'],
        [node(2), 'v-2'],
        [node(3), ''],
      ],
    });
    const { state, effects } = step(before);
    const message = `the registry ${ECR} did not answer 2 nodes (asked by fleetmend before: ECR has the image): held until ${at(900)}, then one node tries it`;
    expect(state.registryHold).toEqual({ until: at(900), holds: 1, runId: 'r-1' });
    expect(state.settled).toEqual({ BlockedBy: 3 });
    expect(state.outbox).toMatchObject([
      {
        kind: 'notice',
        id: 'r-1/registry',
        detailType: 'Registry Hold',
        detail: { until: at(900), holds: 1, message },
      },
      {
        kind: 'results',
        outcome: 'Skipped',
        skipReason: 'BlockedBy',
        reason: 'RegistryUnreachable',
        message,
        instanceIds: [node(0), node(2), node(3)],
      },
      {
        kind: 'defer',
        notBefore: at(900),
        skipReason: 'BlockedBy',
        rows: [
          [node(0), 'v-0'],
          [node(2), 'v-2'],
        ],
      },
      { kind: 'enqueue', source: 'operator', notBefore: at(900), nodes: [[node(3), START]] },
    ]);
    expect(effects).toEqual([{ kind: 'send', key: '2' }]);
    expect(state.commands.at(-1)?.instanceIds).toEqual([node(1)]);
  });

  it('also removes the nodes from a command that SSM throttled', () => {
    const thrown = aCommand({
      key: '2',
      instanceIds: nodes(3),
      versions: ['a', 'b', 'c'],
      size: 5,
      notBefore: at(60),
    });
    const { state } = step(aRun(0, { commands: [closed('1', { silent: 2 }), thrown], local: [node(1)] }));
    expect(state.commands[1]).toMatchObject({ instanceIds: [node(1)], versions: ['b'], size: 3, status: 'planned' });
    const none = step(aRun(0, { commands: [closed('1', { silent: 2 }), thrown] })).state;
    expect(none.commands[1]).toMatchObject({ instanceIds: [], status: 'closed' });
    expect(none).toMatchObject({ status: 'ended', settled: { BlockedBy: 3 } });
  });

  it('counts registry timeouts and holds in the same step', () => {
    const sending = aCommand({ instanceIds: [node(8)], status: 'sending', sendingAt: START });
    const run = aRun(2, { commands: [closed('0', { silent: 1 }), sending] });
    const { state } = step(run, { reports: [sent('1')], observations: [observed('1', { [node(8)]: silentTally })] });
    expect(state).toMatchObject({ status: 'ended', pending: [], settled: { BlockedBy: 2 } });
  });

  it('starts the next hold, twice as long, as soon as the one node that tries gets no answer', () => {
    const { state } = step(
      aRun(2, { commands: [closed('1', { silent: 1 })], registryHold: hold({ until: START, holds: 2 }) }),
    );
    expect(state.registryHold).toEqual({ until: at(3600), holds: 3, runId: 'r-1' });
  });

  it('does not extend a hold that is in force', () => {
    const before = aRun(1, { commands: [closed('1', { silent: 1 })], registryHold: hold(), local: [node(0)] });
    expect(step(before).state.registryHold).toEqual(hold());
  });
});

describe('a lane', () => {
  const LANE = newLane('demo/pause-image');
  const leaves = (run: Partial<RunState>, before?: object) =>
    afterRun(
      { ...LANE, activeRunId: 'r-1', ...(before === undefined ? {} : { registryHold: hold(before) }) },
      aRun(0, { status: 'ended', ...run }),
    ).registryHold;

  it.each<[string, Partial<RunState>, object | undefined, object | undefined]>([
    ['takes over the hold that its run began', { registryHold: hold({ runId: 'r-1' }) }, undefined, { runId: 'r-1' }],
    ['keeps its hold after a run that says nothing', { registryHold: hold() }, {}, { runId: 'r-0' }],
    [
      'forgets it once the registry has answered',
      { registryHold: hold(), commands: [closed('1', { silent: 0 })] },
      {},
      undefined,
    ],
    ['has none where none began', { commands: [closed('1', { silent: 1 })] }, undefined, undefined],
  ])('%s', (_, run, before, expected) => {
    if (expected === undefined) expect(leaves(run, before)).toBeUndefined();
    else expect(leaves(run, before)).toMatchObject(expected);
  });
});
