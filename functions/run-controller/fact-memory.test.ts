import { expect, it } from 'vitest';
import type { NodeFacts } from '../../core/guards/decide-node.ts';
import { healthyFacts, instanceIds } from '../../test/support/run-controller-world.ts';
import { createFactMemory } from './fact-memory.ts';

/** A memory over a fleet that notes each call, on the test's clock. */
const world = (over: Readonly<Record<string, NodeFacts | undefined>> = {}) => {
  const clock = { ms: 0 };
  const calls: [string, readonly string[]][] = [];
  const fleet = {
    describe: async (cluster: string, ids: readonly string[]) => {
      calls.push([cluster, ids]);
      const facts = ids.flatMap((id) => (id in over ? (over[id] ?? []) : healthyFacts(id)));
      return new Map(facts.map((node) => [node.instanceId, node]));
    },
  };
  return { clock, calls, over, memory: createFactMemory({ fleet, now: () => new Date(clock.ms) }) };
};
const ids = instanceIds(120);

it('one call describes the nodes that come soon too, as many as SSM describes at a time', async () => {
  const { memory, calls } = world();
  for (let from = 0; from < 100; from += 5) {
    const facts = await memory.of('demo', ids.slice(from, from + 5), ids.slice(from));
    expect([...facts.keys()]).toEqual(ids.slice(from, from + 5));
  }
  expect(calls).toEqual([
    ['demo', ids.slice(0, 50)],
    ['demo', ids.slice(50, 100)],
  ]);
});

it('asks about nodes that are known only after a minute, and in another cluster', async () => {
  const { memory, calls, clock } = world();
  const asked = ids.slice(0, 1);
  await memory.of('demo', asked);
  clock.ms = 59_999;
  await memory.of('demo', asked);
  expect(calls).toHaveLength(1);
  await memory.of('other', asked);
  clock.ms = 60_000;
  await memory.of('demo', asked);
  expect(calls.map(([cluster]) => cluster)).toEqual(['demo', 'other', 'demo']);
});

it('does not ask because of a node that comes soon', async () => {
  const { memory, calls } = world();
  await memory.of('demo', ids.slice(0, 1));
  await memory.of('demo', ids.slice(0, 1), ids);
  expect(calls).toHaveLength(1);
});

it('asks again about a node that was not shown or could not be read', async () => {
  const [gone = '', unread = ''] = ids;
  const problem = 'EC2 DescribeInstances: Throttling';
  const throttled = { ...healthyFacts(unread), unread: { kind: 'retry', problem } } as const;
  const { memory, calls, over } = world({ [gone]: undefined, [unread]: throttled });
  expect(await memory.of('demo', [gone, unread])).toEqual(new Map([[unread, throttled]]));
  Object.assign(over, { [gone]: healthyFacts(gone), [unread]: healthyFacts(unread) });
  const facts = await memory.of('demo', [gone, unread]);
  expect(facts).toEqual(new Map([gone, unread].map((id) => [id, healthyFacts(id)])));
  expect(calls).toHaveLength(2);
});

it.each<[string, Partial<NodeFacts>]>([
  ['has a tag that forbids repairs', { modeTag: 'observe' }],
  ['is stopped', { state: 'stopped' }],
  ['is offline', { ssm: { pingStatus: 'ConnectionLost', platformType: 'Linux', platformName: 'Amazon Linux' } }],
  ['names another cluster', { inCluster: false }],
])('asks again about a node that %s', async (_, facts) => {
  const [id = ''] = ids;
  const { memory, over } = world({ [id]: { ...healthyFacts(id), ...facts } });
  expect((await memory.of('demo', [id])).get(id)).toMatchObject(facts);
  Object.assign(over, { [id]: healthyFacts(id) });
  expect(await memory.of('demo', [id])).toEqual(new Map([[id, healthyFacts(id)]]));
});

it('gives the node groups and AMIs that it remembers, and reads none', async () => {
  const [first = '', second = ''] = ids;
  const place = { nodegroup: 'workers-0', ami: 'ami-1' };
  const { calls, memory } = world({ [first]: { ...healthyFacts(first), ...place } });
  expect(memory.placesOf('demo', [first])).toEqual({});
  await memory.of('demo', [first, second]);
  expect(memory.placesOf('demo', [first, second])).toEqual({ [first]: place });
  expect(calls).toHaveLength(1);
});
