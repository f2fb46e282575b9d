import { describe, expect, it } from 'vitest';
import { aCommand, aRun, at, LIMITS, node, nodes, observed, START } from '../../test/support/runs.ts';
import type { ObservationRow } from '../state/command-state.ts';
import type { RunningRun, RunState } from '../state/run-state.ts';
import { heldDecision, holdForRegistry, isLocal, withRegistryNews } from './registry-hold.ts';

const silent = (...ids: string[]): ObservationRow =>
  observed('1', Object.fromEntries(ids.map((id) => [id, { registry: 'silent' as const, at: at(5) }])));
const closed = aCommand({ status: 'closed', instanceIds: [], size: 2, counts: { NotRepaired: 2 } });
const told = (over: Partial<RunningRun>) => {
  const run = aRun(0, { commands: [closed], ...over });
  const [notice] = withRegistryNews(run, [silent(...nodes(2))], at(9), LIMITS).outbox;
  return notice?.kind === 'notice' ? notice.detail.message : undefined;
};

describe('the notice of a hold', () => {
  const rest = `held until ${at(17)}, then up to 3 nodes try it`;
  it.each<[string, Partial<RunningRun>, string]>([
    [
      'names the registry of the image',
      { image: 'a.example/eks/pause:3.5' },
      `the registry a.example did not answer 2 nodes: ${rest}`,
    ],
    ['names none where no image is known', {}, `the registry did not answer 2 nodes: ${rest}`],
    [
      'names none of an image that no registry has',
      { image: 'localhost/pause' },
      `the registry did not answer 2 nodes: ${rest}`,
    ],
    [
      'says what was asked before',
      { preflight: 'ECR has the image' },
      `the registry did not answer 2 nodes (asked by fleetmend before: ECR has the image): ${rest}`,
    ],
  ])('%s', (_, over, message) => {
    expect(told(over)).toBe(message);
  });

  it('names the lane of the run, also where that is a group of its own', () => {
    const { lane, ...asked } = aRun(0, { commands: [closed] });
    for (const run of [asked, { ...asked, lane: 'demo/pause-image', group: 'r-1' }])
      expect(withRegistryNews(run, [silent(...nodes(2))], at(9), LIMITS).outbox).toMatchObject([
        { detail: { lane: 'demo/pause-image' } },
      ]);
  });

  it('names one node in the singular', () => {
    const before = { until: at(8), holds: 1, runId: 'r-0', silentAt: at(-60) };
    const run = aRun(0, { commands: [closed], registryHold: before, registry: { silent: {}, answered: [] } });
    const late = observed('1', { [node(7)]: { registry: 'silent', at: at(9) } });
    expect(withRegistryNews(run, [late], at(9), LIMITS).outbox).toMatchObject([
      { detail: { message: expect.stringMatching(/did not answer 1 node: held/) } },
    ]);
  });
});

it('a decision during a hold names the run that has started it, and when nodes try again', () => {
  expect(heldDecision({ until: at(900), holds: 1, runId: 'r-9', silentAt: START })).toEqual({
    kind: 'skip',
    skipReason: 'RegistryHeld',
    reason: 'RegistryUnreachable',
    message: `the registry did not answer the nodes of run r-9: held until ${at(900)}, then up to 3 nodes try it`,
    notBefore: at(900),
  });
});

it('a node needs no registry where a check found a local method, or no registry has its image', () => {
  expect(isLocal({ localMethod: true })).toBe(true);
  expect(isLocal({ image: 'localhost/kubernetes/pause' })).toBe(true);
  expect([isLocal({ image: 'a.example/localhost/pause' }), isLocal({}), isLocal(undefined)]).toEqual([
    false,
    false,
    false,
  ]);
});

describe('the news of a registry', () => {
  it('are none of a node that shows nothing of it, or that still runs', () => {
    const run = aRun(2, { commands: [closed] });
    expect(
      withRegistryNews(
        run,
        [observed('1', { [node(0)]: { outcome: 'NotRepaired', reason: 'DiskFull' } })],
        at(9),
        LIMITS,
      ),
    ).toBe(run);
    const open = { ...silent(...nodes(2)), final: false, open: nodes(2) };
    expect(withRegistryNews(run, [open], at(9), LIMITS)).toBe(run);
    expect(withRegistryNews(run, [], at(9), LIMITS)).toBe(run);
  });

  it('are kept also where they start no hold', () => {
    const after = withRegistryNews(aRun(2, { commands: [closed] }), [silent(node(0))], at(9), LIMITS);
    expect(after.registry?.silent).toEqual({ [node(0)]: { first: at(5), last: at(5) } });
    expect(after).not.toHaveProperty('registryHold');
    expect(after.outbox).toEqual([]);
  });

  it('start the next hold only once every command is over', () => {
    const registryHold = { until: at(-1), holds: 1, runId: 'r-0', silentAt: at(-60) };
    const news = (commands: RunState['commands']) =>
      withRegistryNews(aRun(0, { registryHold, commands }), [silent(node(0))], at(9), LIMITS).registryHold;
    expect(news([closed])).toMatchObject({ holds: 2 });
    expect(news([closed, aCommand({ key: '2', status: 'sent' })])).toEqual(registryHold);
  });
});

describe('a run that has started a hold', () => {
  const registryHold = { until: at(900), holds: 1, runId: 'r-1', silentAt: START };
  const registry = { silent: {}, answered: [] };
  const held = (over: Partial<RunningRun>) => holdForRegistry(aRun(0, { registryHold, registry, ...over }), at(9));

  it('leaves alone what SSM has, and a planned command of nodes that need no registry', () => {
    const commands = [
      aCommand({ key: '1', status: 'sent' }),
      aCommand({ key: '2', instanceIds: [node(5)], versions: ['v'] }),
    ];
    const run = aRun(0, { registryHold, registry, commands, local: [node(5)] });
    expect(holdForRegistry(run, at(9))).toBe(run);
  });

  it('takes only those nodes out of a planned command that need the registry', () => {
    const commands = [aCommand({ instanceIds: nodes(3), versions: ['a', 'b', 'c'], size: 3 })];
    const { commands: left, settled, outbox } = held({ commands, local: [node(1)] });
    expect(left).toMatchObject([{ status: 'planned', instanceIds: [node(1)], versions: ['b'], size: 1 }]);
    expect(settled).toEqual({ RegistryHeld: 2 });
    expect(outbox[0]).toMatchObject({ kind: 'results', instanceIds: [node(0), node(2)], at: at(9) });
  });

  it('of another run takes out none', () => {
    const run = aRun(2, { registryHold: { ...registryHold, runId: 'r-0' }, registry });
    expect(holdForRegistry(run, at(9))).toBe(run);
  });
});
