import { describe, expect, it } from 'vitest';
import type { NodeRef } from '../../../core/signals/node-ref.ts';
import { type FakeInstance, fakeEc2 } from '../../../test/support/fake-ec2.ts';
import { testSettings } from '../../../test/support/settings.ts';
import {
  createMembers,
  MAX_CALLS_BY_ID,
  MIN_LIST_INTERVAL_MS,
  REMEMBER_MEMBER_MS,
  REMEMBER_NAME_MS,
  REMEMBER_OTHER_MS,
  SHOWN_WITHIN_MS,
} from './members.ts';

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
  const ask = async (nodes: readonly NodeRef[], agoMs = 0, of = cluster): Promise<readonly string[]> => {
    const found = await members.find(nodes.map((node) => ({ cluster: of, node, receivedMs: clock.ms - agoMs })));
    return found.map((answer) => (answer.as === 'member' ? `member ${answer.instanceIds.join(' ')}` : answer.as));
  };
  /** The answers about the names. */
  const named = (names: readonly string[], agoMs = 0, of = cluster): Promise<readonly string[]> =>
    ask(
      names.map((name) => ({ kind: 'private-dns', name })),
      agoMs,
      of,
    );
  /** The answers about the ids, whose signals arrived `agoMs` ago. */
  const answers = (ids: readonly number[], agoMs = 0, of = cluster): Promise<readonly string[]> =>
    ask(
      ids.map((n) => ({ kind: 'instance-id', id: idOf(n) })),
      agoMs,
      of,
    );
  /** Which of the ids are nodes of the cluster. */
  const find = async (ids: readonly number[], of = cluster): Promise<readonly number[]> => {
    const found = await answers(ids, 0, of);
    return ids.filter((_, i) => found[i]?.startsWith('member') === true);
  };
  return { ...{ ec2, clock, answers, named, find }, paced: () => paced };
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

  it('that are younger than the list are no strangers: by their id in the next minute they are found', async () => {
    const { ec2, answers, clock } = world([node(1)]);
    for (let i = 10; i <= 10 + MAX_CALLS_BY_ID; i++) await answers([i]);
    ec2.add(node(2));
    expect(await answers([2])).toEqual(['not-yet']);
    clock.ms += 59_999;
    expect(await answers([2], 59_999)).toEqual(['not-yet']);
    clock.ms += 1;
    expect(await answers([2], 60_000)).toEqual([`member ${idOf(2)}`]);
  });

  it('are listed again where a signal waits for a younger list, which then decides about all that waits', async () => {
    const { ec2, answers, clock } = world([node(1)]);
    const storm = async (agoMs: number) => {
      for (let i = 10; i < 10 + MAX_CALLS_BY_ID; i++) await answers([i], agoMs);
      return await answers([1, 2, 99], agoMs);
    };
    const lists = () => ec2.calls.filter(({ name }) => name === 'tag:eks:cluster-name').length;
    expect(await storm(0)).toEqual([`member ${idOf(1)}`, 'not-yet', 'not-yet']);
    ec2.add(node(2));
    clock.ms += MIN_LIST_INTERVAL_MS - 1;
    expect(await answers([2], MIN_LIST_INTERVAL_MS - 1)).toEqual(['not-yet']);
    expect(lists()).toBe(1);
    clock.ms += 1;
    expect(await storm(MIN_LIST_INTERVAL_MS)).toEqual([`member ${idOf(1)}`, `member ${idOf(2)}`, 'not-yet']);
    expect(lists()).toBe(2);
    clock.ms += MIN_LIST_INTERVAL_MS;
    expect(await storm(SHOWN_WITHIN_MS)).toEqual([`member ${idOf(1)}`, `member ${idOf(2)}`, 'stranger']);
    expect(lists()).toBe(3);
  });

  it.each<[string, Partial<FakeInstance>, string]>([
    ['of another cluster is one at once', { tags: { 'eks:cluster-name': 'watched' } }, 'stranger'],
    ['whose tags EC2 does not show yet is none', { tags: {} }, 'not-yet'],
  ])('have no strangers among them: an instance %s', async (_, over, answer) => {
    const { answers } = world([node(1, over)]);
    expect(await answers([1, 2])).toEqual([answer, 'not-yet']);
  });

  it('are told from a stranger only by an answer that EC2 gave late enough after the signal', async () => {
    const { answers, clock } = world([]);
    expect(await answers([1], SHOWN_WITHIN_MS - 1)).toEqual(['not-yet']);
    clock.ms += REMEMBER_OTHER_MS - 1;
    expect(await answers([1], SHOWN_WITHIN_MS + REMEMBER_OTHER_MS - 2)).toEqual(['not-yet']);
    clock.ms += 1;
    expect(await answers([1], SHOWN_WITHIN_MS)).toEqual(['stranger']);
  });

  it('are listed less often where a list takes many calls', async () => {
    const { ec2, answers, clock } = world(Array.from({ length: 12 }, (_, i) => node(i)));
    ec2.pagesOf(1);
    const ask = async () => {
      for (let i = 20; i <= 20 + MAX_CALLS_BY_ID; i++) await answers([i]);
      return ec2.calls.filter(({ name }) => name.startsWith('tag:')).length;
    };
    // 12 pages of one tag, and one of the other.
    expect(await ask()).toBe(13);
    clock.ms += 13 * 6000 - 1;
    expect(await ask()).toBe(13);
    clock.ms += 1;
    expect(await ask()).toBe(26);
  });

  it('that cannot be read are no others: the call fails, and the next one asks again', async () => {
    const { ec2, find } = world([node(1)]);
    ec2.fail(1);
    await expect(find([1])).rejects.toThrow('RequestLimitExceeded');
    expect(await find([1])).toEqual([1]);
  });

  describe('by private DNS name', () => {
    const [full, bare] = ['ip-10-0-1-2.ec2.internal', 'ip-10-0-1-2'];
    const at = (n: number, over: Partial<FakeInstance> = {}) => node(n, { privateDnsName: full, ...over });
    const foreign = { tags: { 'eks:cluster-name': 'watched' } };

    it.each<[string, readonly FakeInstance[], string]>([
      ['are the one instance', [at(1)], `member ${idOf(1)}`],
      [
        'are the one whose tags name the cluster, where another network has the name',
        [at(1, foreign), at(2)],
        `member ${idOf(2)}`,
      ],
      ['are all that have the name', [at(1), at(2)], `member ${idOf(1)} ${idOf(2)}`],
      ['are none of another cluster', [at(1, foreign)], 'stranger'],
      [
        'are none whose tag the policy does not take as a proof',
        [at(1, { tags: { 'kubernetes.io/cluster/demo': 'owned' } })],
        'stranger',
      ],
      ['are none whose name only begins alike', [at(1, { privateDnsName: 'ip-10-0-1-23.ec2.internal' })], 'stranger'],
    ])('%s', async (_, instances, answer) => {
      const { named } = world(instances);
      expect(await named([full, bare], SHOWN_WITHIN_MS)).toEqual([answer, answer]);
    });

    it('may be young: another network may have had the name before', async () => {
      const { ec2, named, clock } = world([at(1, foreign)]);
      expect(await named([full])).toEqual(['not-yet']);
      ec2.add(at(2));
      clock.ms += REMEMBER_OTHER_MS;
      expect(await named([full], REMEMBER_OTHER_MS)).toEqual([`member ${idOf(2)}`]);
    });

    it('are asked for again sooner than by id, because an address may be given to another node', async () => {
      const { ec2, named, clock } = world([at(1)]);
      await named([full]);
      clock.ms += REMEMBER_NAME_MS - 1;
      await named([full]);
      expect(ec2.calls).toEqual([{ name: 'private-dns-name', values: [full] }]);
      clock.ms += 1;
      await named([full]);
      expect(ec2.calls).toHaveLength(2);
    });

    it('are found in the list, with and without the domain, where invented names take the calls', async () => {
      const { ec2, named } = world([at(1)]);
      for (let i = 0; i < 50; i++) await named([`ip-10-9-9-${i}.ec2.internal`]);
      expect(await named([full, bare])).toEqual([`member ${idOf(1)}`, `member ${idOf(1)}`]);
      expect(ec2.calls).toHaveLength(MAX_CALLS_BY_ID + 2);
    });
  });
});
