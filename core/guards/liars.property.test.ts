import fc from 'fast-check';
import { expect, it } from 'vitest';
import { search } from '../../test/deep.ts';
import { at, LIMITS, node } from '../../test/support/runs.ts';
import { placesOf } from './places.ts';
import { type Final, failedLast, isCanary, newTrust, openingOf, withResults } from './trust.ts';

const HARD_DEADLINE_SECONDS = 390;
/** A course goes on second by second until then, and minute by minute after that. */
const FINE_SECONDS = 1200;

/** How the document ends on a node, after how many seconds; `mute` is shown by nothing but the hard deadline. */
type End = { readonly end: 'repaired' | 'failed' | 'mute'; readonly seconds: number };
type Sent = {
  readonly instanceId: string;
  readonly isCanary: boolean;
  readonly sentAt: number;
  readonly endsAt: number;
};
type Course = { readonly reached: readonly number[]; readonly repairedAt: ReadonlyMap<string, number> };

/**
 * A document in one cluster, second by second at first, by the guards alone: results open the breaker, and places are taken in the order
 * of the nodes. Each node is sent to once. Ends after so many seconds, or once nothing is left to do.
 */
const course = (ends: readonly End[], clusterNodes: number, maxSeconds: number): Course => {
  const endOf = new Map(ends.map((end, n) => [node(n), end]));
  const budget = Math.max(1, Math.min(50, Math.floor(clusterNodes / 10)));
  let trust = newTrust('doc', 'demo');
  let waiting = [...endOf.keys()].map((instanceId) => ({ instanceId }));
  let inFlight: readonly Sent[] = [];
  const reached: number[] = [];
  const repairedAt = new Map<string, number>();
  for (
    let seconds = 0;
    seconds < maxSeconds && waiting.length + inFlight.length > 0;
    seconds += seconds < FINE_SECONDS ? 1 : 60
  ) {
    const now = at(seconds);
    const ended = inFlight.filter(({ endsAt }) => endsAt <= seconds);
    inFlight = inFlight.filter(({ endsAt }) => endsAt > seconds);
    const finals = ended.map((sent): Final => {
      const end = endOf.get(sent.instanceId)?.end;
      if (end === 'repaired') repairedAt.set(sent.instanceId, seconds);
      return { ...sent, runId: 'r-1', at: now, end: end === 'mute' || end === undefined ? 'other' : end };
    });
    trust = withResults(trust, finals, now);
    const breaker = openingOf(trust, { runId: 'r-1', clusterNodes, openElsewhere: 0 }, now, LIMITS);
    if (breaker !== undefined) trust = { ...trust, breaker };
    const context = { budget, nodesToRepair: waiting.length + inFlight.length, openElsewhere: 0 };
    const sentAt = Math.max(...inFlight.map((sent) => sent.sentAt));
    const own = { own: inFlight.length, left: 0, lastSentAt: inFlight.length === 0 ? undefined : at(sentAt) };
    const free = Math.max(0, placesOf(trust, context, own, now, LIMITS).free);
    expect(inFlight.length + free).toBeLessThanOrEqual(Math.max(budget, inFlight.length));
    const chosen = failedLast(trust, waiting).slice(0, free);
    const canary = isCanary(trust, context, now, LIMITS);
    waiting = waiting.filter((n) => !chosen.includes(n));
    reached.push(...chosen.map(() => seconds));
    inFlight = [
      ...inFlight,
      ...chosen.map(({ instanceId }) => {
        const { end, seconds: takes = 0 } = endOf.get(instanceId) ?? {};
        const endsAt = seconds + (end === 'mute' ? HARD_DEADLINE_SECONDS : takes);
        return { instanceId, isCanary: canary, sentAt: seconds, endsAt };
      }),
    ];
  }
  return { reached, repairedAt };
};

/** A node that lies in its results: it fails at any time, or answers nothing. */
const ALiar = fc.record({
  end: fc.constantFrom('failed' as const, 'mute' as const),
  seconds: fc.integer({ min: 1, max: 300 }),
});
const AnHonestNode = fc.record({ end: fc.constant('repaired' as const), seconds: fc.integer({ min: 1, max: 60 }) });

/** How much later the last honest node is repaired because liars are sent to at these places of the order. */
const delayBy = (liars: readonly { readonly liar: End; readonly place: number }[], honest: readonly End[]) => {
  const order: End[] = [...honest];
  for (const { liar, place } of liars) order.splice(Math.min(place, order.length), 0, liar);
  const lastOf = (nodes: readonly End[]): number => {
    const { repairedAt } = course(nodes, 300, 7200);
    expect(repairedAt.size).toBe(honest.length);
    return Math.max(...repairedAt.values());
  };
  const truth = lastOf(honest);
  return { truth, delay: lastOf(order) - truth };
};

// After a hold the canaries begin again: three of up to a minute each, of which the last is sent to after 80 s of silence.
it.each([
  [1, 30],
  [2, 180],
  [3, 700],
])('%i liars delay the other nodes by at most %i s, or as much as they take themselves', (count, bound) => {
  const Liars = fc.array(fc.record({ liar: ALiar, place: fc.nat(6) }), { minLength: count, maxLength: count });
  fc.assert(
    fc.property(Liars, fc.array(AnHonestNode, { minLength: 3, maxLength: 30 }), (liars, honest) => {
      const { truth, delay } = delayBy(liars, honest);
      expect(delay).toBeLessThanOrEqual(Math.max(bound, truth));
    }),
    { ...search(`${count} liars`, 5 * RUNS), endOnFailure: true },
  );
});

const Seconds = fc.integer({ min: 1, max: 300 });
const NODES = 20;
const RUNS = 8;

it.each([
  ['after the same time on each node', Seconds.map((seconds) => Array<number>(NODES).fill(seconds)), [6, 6, 9]],
  ['at any time', fc.array(Seconds, { minLength: NODES, maxLength: NODES }), [6, 7, 10]],
])('a document that always fails, %s, reaches few nodes in nine minutes, an hour and a day', (_, times, few) => {
  fc.assert(
    fc.property(times, fc.constantFrom(20, 100, 10_000), (seconds, clusterNodes) => {
      const ends = seconds.map((it) => ({ end: 'failed' as const, seconds: it }));
      const { reached } = course(ends, clusterNodes, 86_400);
      for (const [i, within] of [540, 3600, 86_400].entries())
        expect(reached.filter((time) => time < within).length).toBeLessThanOrEqual(few[i] ?? 0);
    }),
    { ...search('a document that always fails', RUNS), endOnFailure: true },
  );
});
