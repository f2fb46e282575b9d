import { describe, expect, it } from 'vitest';
import { type FakeInstance, fakeEc2 } from '../../../test/support/fake-ec2.ts';
import { testSettings } from '../../../test/support/settings.ts';
import { createMembers, LIST_LIFE_MS, MAX_CALLS_BY_ID, REMEMBER_MEMBER_MS, REMEMBER_OTHER_MS } from './members.ts';

const cluster = 'demo';
const idOf = (n: number): string => `i-${String(n).padStart(17, '0')}`;
const node = (n: number, over: Partial<FakeInstance> = {}): FakeInstance => ({
  instanceId: idOf(n),
  tags: { 'eks:cluster-name': cluster },
  ...over,
});
const world = (instances: readonly FakeInstance[]) => {
  const ec2 = fakeEc2(instances);
  const clock = { ms: Date.parse('2026-08-22T10:00:00Z') };
  let paced = 0;
  const members = createMembers({
    ec2: ec2.client,
    policy: testSettings().policy,
    now: () => new Date(clock.ms),
    pace: async () => {
      paced++;
    },
  });
  /** Which of the ids are nodes of the cluster. */
  const find = async (ids: readonly number[], of = cluster): Promise<readonly number[]> => {
    const isMember = await members.find(ids.map((n) => ({ cluster: of, instanceId: idOf(n) })));
    return ids.filter((n) => isMember({ cluster: of, instanceId: idOf(n) }));
  };
  return { ...{ ec2, clock, find }, paced: () => paced };
};

describe('the members of a cluster', () => {
  it.each<[string, Partial<FakeInstance>, boolean]>([
    ['whose tag names the cluster', {}, true],
    ['of Karpenter', { tags: { 'eks:eks-cluster-name': cluster } }, true],
    ['of another cluster', { tags: { 'eks:cluster-name': 'watched' } }, false],
    ['without tags', { tags: {} }, false],
    // The policy of the tests does not name this tag.
    ['whose tag the policy does not take as a proof', { tags: { 'kubernetes.io/cluster/demo': 'owned' } }, false],
  ])('have an instance %s: %s', async (_, over, isMember) => {
    const { find } = world([node(1, over)]);
    expect(await find([1, 2])).toEqual(isMember ? [1] : []);
  });

  it('are asked for once, all of a batch together, and remembered longer than the others', async () => {
    const { ec2, find, clock, paced } = world([node(1)]);
    for (const ms of [0, REMEMBER_OTHER_MS - 1]) {
      clock.ms += ms;
      expect(await find([1, 2, 2])).toEqual([1]);
    }
    expect(ec2.calls).toEqual([{ name: 'instance-id', values: [idOf(1), idOf(2)] }]);
    clock.ms += 1;
    ec2.add(node(2));
    expect(await find([1, 2])).toEqual([1, 2]);
    expect(ec2.calls.at(-1)?.values).toEqual([idOf(2)]);
    clock.ms += REMEMBER_MEMBER_MS;
    await find([1]);
    expect([ec2.calls.length, paced()]).toEqual([3, 3]);
  });

  it('of one cluster are none of another', async () => {
    const { find } = world([node(1)]);
    expect([await find([1]), await find([1], 'watched')]).toEqual([[1], []]);
  });

  it('are listed where many are asked for, so that neither a storm nor invented ids cost a call each', async () => {
    const { ec2, find } = world(Array.from({ length: 300 }, (_, i) => node(i)));
    const batches = Array.from({ length: 200 }, (_, b) => Array.from({ length: 10 }, (_, i) => b * 10 + i));
    const found = [];
    for (const batch of batches) found.push(...(await find(batch)));
    expect(found).toEqual(Array.from({ length: 300 }, (_, i) => i));
    const names = ec2.calls.map(({ name }) => name);
    // One list asks for each tag of the policy.
    expect(names.filter((name) => name === 'instance-id')).toHaveLength(MAX_CALLS_BY_ID);
    expect(names).toHaveLength(MAX_CALLS_BY_ID + 2);
  });

  it('that began after a list are found by their id in the next minute', async () => {
    const { ec2, find, clock } = world([node(1)]);
    for (let i = 10; i <= 10 + MAX_CALLS_BY_ID; i++) await find([i]);
    ec2.add(node(2));
    expect(await find([2])).toEqual([]);
    clock.ms += 60_000;
    expect(await find([2])).toEqual([2]);
  });

  it('are listed again when the list is old', async () => {
    const { ec2, find, clock } = world([node(1)]);
    const storm = async () => {
      for (let i = 10; i <= 20 + MAX_CALLS_BY_ID; i++) await find([i]);
    };
    const lists = () => ec2.calls.filter(({ name }) => name === 'tag:eks:cluster-name').length;
    await storm();
    clock.ms += LIST_LIFE_MS - 1;
    await storm();
    expect(lists()).toBe(1);
    clock.ms += 1;
    await storm();
    expect(lists()).toBe(2);
  });

  it('that cannot be read are no others: the call fails, and the next one asks again', async () => {
    const { ec2, find } = world([node(1)]);
    ec2.fail(1);
    await expect(find([1])).rejects.toThrow('RequestLimitExceeded');
    expect(await find([1])).toEqual([1]);
  });
});
