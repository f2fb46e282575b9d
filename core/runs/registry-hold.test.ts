import { describe, expect, it } from 'vitest';
import { aCommand, anEndedRun, aRun, at, node, nodes, observed, START, sent, step } from '../../test/support/runs.ts';
import type { CommandState, ObservationRow } from '../state/command-state.ts';
import type { RegistryHold } from '../state/lane-state.ts';
import type { Tally } from '../state/results.ts';
import type { RunningRun, RunState } from '../state/run-state.ts';
import { afterRun, newLane } from './lane.ts';

type Word = 'silent' | 'answers' | undefined;

const tally = (word: Word, seconds: number): Partial<Tally> => ({
  at: at(seconds),
  ...(word === undefined ? { outcome: 'NotRepaired', reason: 'DiskFull' } : { registry: word }),
});
const closed = (key: string, over: Partial<CommandState> = {}): CommandState =>
  aCommand({ key, status: 'closed', instanceIds: [], versions: [], counts: { NotRepaired: 1 }, ...over });

/** Commands that have ended, one after the other, with the words of their nodes: node 10 and so on. */
const ended = (
  ...said: readonly (readonly Word[])[]
): Pick<RunState, 'commands'> & { observations: ObservationRow[] } => ({
  commands: said.map((_, i) => closed(String(i + 1))),
  observations: said.map((words, i) =>
    observed(
      String(i + 1),
      Object.fromEntries(words.map((word, n) => [node(10 * (i + 1) + n), tally(word, -100 + i)])),
    ),
  ),
});
const stepAfter = (run: RunningRun, said: readonly (readonly Word[])[], more: Partial<RunningRun> = {}, slots = 50) => {
  const { commands, observations } = ended(...said);
  return step({ ...run, ...more, commands: [...commands, ...run.commands] }, { observations, slots });
};
const ECR = '918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn';
const hold = (over: Partial<RegistryHold> = {}): RegistryHold => ({
  until: at(900),
  holds: 1,
  runId: 'r-0',
  silentAt: at(-200),
  ...over,
});

describe('a repair run', () => {
  it.each<[string, readonly (readonly Word[])[], boolean]>([
    ['after one silent node', [['silent']], false],
    ['after two', [['silent'], ['silent']], true],
    ['after two at once', [['silent', 'silent']], true],
    ['after two at once, of which the registry answered a third', [['silent', 'silent', 'answers']], false],
    ['after two with something else between', [['silent'], [undefined], ['silent']], true],
    ['after two with an answer between', [['silent'], ['answers'], ['silent']], false],
    ['after two and an answer', [['silent', 'silent'], ['answers']], false],
  ])('%s', (_, said, expected) => {
    const { state } = stepAfter(aRun(3, { local: [node(1)] }), said, {}, 0);
    expect(state.registryHold !== undefined).toBe(expected);
    expect(state.pending.map(([id]) => id)).toEqual(expected ? [node(1)] : nodes(3));
  });

  it('defers the nodes that need the registry with a reason, and continues with the others', () => {
    const before = aRun(4, {
      image: `${ECR}/eks/pause:3.5`,
      preflight: 'ECR has the image',
      local: [node(1)],
      pending: [
        [node(0), 'v-0'],
        [node(1), 'v-1'],
        [node(2), 'v-2'],
        [node(3), ''],
      ],
    });
    const { state, effects } = stepAfter(before, [['silent', 'silent']]);
    const message = `the registry ${ECR} did not answer 2 nodes (asked by fleetmend before: ECR has the image): held until ${at(8)}, then up to 3 nodes try it`;
    expect(state.registryHold).toEqual({ until: at(8), holds: 1, runId: 'r-1', silentAt: at(-100) });
    expect(state.settled).toEqual({ RegistryHeld: 3 });
    expect(state.outbox).toMatchObject([
      {
        kind: 'notice',
        id: `r-1/registry/${at(8)}`,
        detailType: 'Registry Hold',
        detail: { until: at(8), holds: 1, message },
      },
      {
        kind: 'results',
        outcome: 'Skipped',
        skipReason: 'RegistryHeld',
        reason: 'RegistryUnreachable',
        message,
        instanceIds: [node(0), node(2), node(3)],
      },
      {
        kind: 'defer',
        notBefore: at(8),
        skipReason: 'RegistryHeld',
        rows: [
          [node(0), 'v-0'],
          [node(2), 'v-2'],
        ],
      },
      { kind: 'enqueue', source: 'operator', notBefore: at(8), nodes: [[node(3), START]] },
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
    const silent = [['silent', 'silent']] as const;
    const { state } = stepAfter(aRun(0, { commands: [thrown], local: [node(1)] }), silent);
    expect(state.commands[1]).toMatchObject({ instanceIds: [node(1)], versions: ['b'], size: 3, status: 'planned' });
    const none = stepAfter(aRun(0, { commands: [thrown] }), silent).state;
    expect(none.commands[1]).toMatchObject({ instanceIds: [], status: 'closed' });
    expect(none).toMatchObject({ status: 'ended', settled: { RegistryHeld: 3 } });
  });

  it('learns of the registry and holds in the same step', () => {
    const { commands, observations } = ended(['silent']);
    const sending = aCommand({ key: '2', instanceIds: [node(8)], status: 'sending', sendingAt: START });
    const { state } = step(aRun(2, { commands: [...commands, sending] }), {
      reports: [sent('2')],
      observations: [...observations, observed('2', { [node(8)]: tally('silent', 10) })],
    });
    expect(state).toMatchObject({ status: 'ended', pending: [], settled: { RegistryHeld: 2 } });
  });

  it('does not count a node that still runs', () => {
    const { commands, observations } = ended(['silent', 'silent']);
    const [first = expect.fail()] = observations;
    const open = { ...first, final: false, open: [node(10)] };
    const { state } = step(aRun(2, { commands }), { observations: [open], slots: 0 });
    expect(state.registryHold).toBeUndefined();
    expect(Object.keys(state.registry?.silent ?? {})).toEqual([node(11)]);
  });

  it('says nothing new by the same observations', () => {
    const { commands, observations } = ended(['silent', 'silent']);
    const { state } = step(aRun(2, { commands }), { observations });
    const later = step({ ...state, outbox: [] }, { observations }).state;
    expect(later.outbox).toEqual([]);
    expect(later.registry).toBe(state.registry);
  });

  it('learns it when it has stopped too', () => {
    const { commands, observations } = ended(['silent', 'silent']);
    const run = aRun(2, { commands, stopped: { reason: 'Paused', at: at(-200) } });
    const { state } = step(run, { observations, paused: true });
    expect(state.registryHold).toMatchObject({ holds: 1, runId: 'r-1' });
    expect(state.settled).not.toHaveProperty('RegistryHeld');
  });

  describe('at the end of a hold', () => {
    const over = { registryHold: hold({ until: at(-150), holds: 2 }) };

    it('starts the next one, a step longer, once all nodes that try had no answer', () => {
      expect(stepAfter(aRun(1), [['silent']], over, 0).state.registryHold).toEqual(over.registryHold);
      const { state } = stepAfter(aRun(0), [['silent'], ['silent']], over);
      expect(state.registryHold).toEqual({ until: at(512), holds: 3, runId: 'r-1', silentAt: at(-99) });
      expect(state.outbox).toMatchObject([{ detailType: 'Registry Hold', detail: { holds: 3 } }, {}]);
    });

    it('does not wait for nodes that need no registry', () => {
      const { state } = stepAfter(aRun(2, { local: nodes(2) }), [['silent']], over, 0);
      expect(state.registryHold).toMatchObject({ holds: 3 });
      expect(state.pending).toHaveLength(2);
    });

    it('starts one of 8 s without a notice if only the same node had no answer again', () => {
      const registry = { silent: { [node(10)]: { first: at(-300), last: at(-300) } }, answered: [] };
      const { state } = stepAfter(aRun(0), [['silent']], { ...over, registry });
      expect(state.registryHold).toMatchObject({ until: at(8), holds: 2 });
      expect(state.outbox).toMatchObject([{ detailType: 'Run Ended' }]);
    });

    it('ends it at an answer to one of them', () => {
      expect(stepAfter(aRun(1), [['silent'], ['answers']], over, 0).state.registryHold).toBeUndefined();
    });
  });

  it('does not extend a hold that is in force', () => {
    const { state } = stepAfter(aRun(1, { local: [node(0)] }), [['silent']], { registryHold: hold() });
    expect(state.registryHold).toEqual(hold());
  });

  it('that checks learns nothing of the registry', () => {
    const { commands, observations } = ended(['silent', 'silent']);
    expect(step(aRun(1, { action: 'check', commands }), { observations }).state.registry).toBeUndefined();
  });
});

it('a lane has the news and the hold of its last run, and its own after a run that was never planned', () => {
  const registry = { silent: { [node(1)]: { first: at(1), last: at(1) } }, answered: [] };
  const lane = { ...newLane('demo/pause-image'), activeRunId: 'r-1', registry, registryHold: hold() };
  const run = anEndedRun();
  expect(afterRun(lane, run)).toMatchObject({ registry, registryHold: { holds: 1 } });
  const prolonged = afterRun(lane, { ...run, registry, registryHold: hold({ holds: 2 }) });
  expect(prolonged.registryHold).toMatchObject({ holds: 2 });
  const next = { ...registry, silent: {} };
  const after = afterRun(lane, { ...run, registry: next });
  expect(after.registry).toEqual(next);
  expect(after.registryHold).toBeUndefined();
});
