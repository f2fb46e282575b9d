import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { NodeRef } from '../../../core/signals/node-ref.ts';
import { search } from '../../../test/deep.ts';
import { type FakeInstance, fakeEc2 } from '../../../test/support/fake-ec2.ts';
import { testSettings } from '../../../test/support/settings.ts';
import { backOffSeconds, SIGNALS_BACK_OFF } from '../messaging/failed-records.ts';
import { createMembers, MAX_CALLS_BY_ID, MIN_LIST_INTERVAL_MS, SHOWN_WITHIN_MS } from './members.ts';

const CLUSTER = 'demo';
const COPIES = 3;
/** The queue gives a message up after so many deliveries. */
const MAX_DELIVERIES = 10;
/** One list asks for each tag of the policy. */
const CALLS_OF_A_LIST = 2;
const LAST_CHANCE_MS = 900_000;

/** A signal of a batch of its own: of a node that EC2 shows `hiddenMs` later, or of an id or a name that nothing has. */
type Step = {
  readonly gapMs: number;
  readonly ids: number;
  readonly hiddenMs: number | undefined;
  readonly isByName: boolean;
};
type Message = {
  readonly node: NodeRef;
  readonly receivedMs: number;
  readonly isReal: boolean;
  deliveries: number;
  visibleMs: number;
};

const step = fc.record({
  gapMs: fc.integer({ min: 0, max: 30_000 }),
  ids: fc.integer({ min: 1, max: 3 }),
  isByName: fc.boolean(),
  hiddenMs: fc.option(fc.integer({ min: 0, max: SHOWN_WITHIN_MS - 1 }), { nil: undefined, freq: 2 }),
});

/** Plays the steps over copies with a memory each, as SQS delivers and delivers again. */
const play = async (steps: readonly Step[], random: () => number) => {
  const clock = { ms: Date.parse('2026-08-22T10:00:00Z') };
  const appear: { readonly atMs: number; readonly instance: FakeInstance }[] = [];
  const copies = Array.from({ length: COPIES }, () => {
    const ec2 = fakeEc2([]);
    const options = { ec2: ec2.client, policy: testSettings().policy, pace: async () => {} };
    return { ec2, members: createMembers({ ...options, now: () => new Date(clock.ms) }), callTimes: [] as number[] };
  });
  const queue: Message[] = [];
  const ended: { readonly isReal: boolean; readonly answer: string; readonly deliveries: number }[] = [];
  let next = 0;
  const deliver = async (): Promise<void> => {
    for (const { atMs, instance } of appear.splice(0)) {
      if (atMs > clock.ms) appear.push({ atMs, instance });
      else for (const { ec2 } of copies) ec2.add(instance);
    }
    for (const message of queue.splice(0)) {
      if (message.visibleMs > clock.ms) {
        queue.push(message);
        continue;
      }
      const copy = copies[Math.floor(random() * COPIES) % COPIES];
      if (copy === undefined) throw new Error('no such copy');
      const before = copy.ec2.calls.length;
      const [found] = await copy.members.find([{ cluster: CLUSTER, ...message }]);
      const answer = found?.as ?? 'none';
      copy.callTimes.push(...copy.ec2.calls.slice(before).map(() => clock.ms));
      message.deliveries++;
      if (answer !== 'not-yet') ended.push({ isReal: message.isReal, answer, deliveries: message.deliveries });
      else {
        message.visibleMs = clock.ms + backOffSeconds(SIGNALS_BACK_OFF, message.deliveries, random) * 1000;
        queue.push(message);
      }
    }
  };
  for (const { gapMs, ids, hiddenMs, isByName } of steps) {
    clock.ms += gapMs;
    for (let i = 0; i < ids; i++) {
      const instanceId = `i-${String(++next).padStart(17, '0')}`;
      const isReal = hiddenMs !== undefined;
      const privateDnsName = `ip-10-0-${next >> 8}-${next & 255}.ec2.internal`;
      const tags = { 'eks:cluster-name': CLUSTER };
      if (isReal) appear.push({ atMs: clock.ms + hiddenMs, instance: { instanceId, privateDnsName, tags } });
      const node: NodeRef = isByName
        ? { kind: 'private-dns', name: privateDnsName }
        : { kind: 'instance-id', id: instanceId };
      queue.push({ node, receivedMs: clock.ms, isReal, deliveries: 0, visibleMs: clock.ms });
    }
    await deliver();
  }
  for (const endMs = clock.ms + LAST_CHANCE_MS; queue.length > 0 && clock.ms < endMs; clock.ms += 1000) await deliver();
  return { ended, waiting: queue.length, callTimes: copies.map((copy) => copy.callTimes), signals: next };
};

const mostInAMinute = (times: readonly number[]): number =>
  Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + 60_000).length));

it('loses no young node and believes no invented id, in any order, within bounds of calls and deliveries', async () => {
  const stormy = fc.array(step, { minLength: 1, maxLength: 40 });
  const chances = fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true }));
  let waited = 0;
  await fc.assert(
    fc.asyncProperty(stormy, chances, async (steps, stream) => {
      const random = (): number => stream.next().value ?? 0;
      const { ended, waiting, callTimes, signals } = await play(steps, random);
      expect([ended.length, waiting]).toEqual([signals, 0]);
      for (const { isReal, answer, deliveries } of ended) {
        expect(answer).toBe(isReal ? 'member' : 'stranger');
        expect(deliveries).toBeLessThan(MAX_DELIVERIES);
        if (isReal && deliveries > 1) waited++;
      }
      // Two minutes of the budget and a list each may touch any 60 seconds.
      const lists = Math.ceil(60_000 / MIN_LIST_INTERVAL_MS);
      for (const times of callTimes) {
        expect(mostInAMinute(times)).toBeLessThanOrEqual(2 * MAX_CALLS_BY_ID + lists * CALLS_OF_A_LIST);
      }
    }),
    search('young nodes and invented ids', 60),
  );
  expect(waited).toBeGreaterThan(0);
}, 120_000);
