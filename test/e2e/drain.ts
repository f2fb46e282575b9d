import * as z from 'zod';
import type { Lab } from '../../lab/aws/lab.ts';

const MINUTE_MS = 60_000;

/** The parts of a scene that tell whether work is left. */
type Drained = {
  readonly lab: Lab;
  readonly report: (query: Readonly<Record<string, unknown>>) => Promise<readonly unknown[]>;
  readonly items: () => Promise<readonly { readonly pk: string; readonly sk: string }[]>;
};

const SweepToCome = z.looseObject({
  status: z.literal('queued'),
  because: z.looseObject({ kind: z.literal('sweep') }),
  dueAt: z.string(),
});
/** A sweep waits for its place in the interval; with sweeps on there is nearly always one. */
const isSweepToCome = (item: unknown, nowMs: number): boolean => {
  const run = SweepToCome.safeParse(item);
  return run.success && Date.parse(run.data.dueAt) > nowMs;
};

const LaneAside = z.looseObject({ kind: z.literal('lane'), dueAt: z.string() });
/** A lane that has said once a day what a Fargate or hybrid node is: its row takes up further signals until then. */
const isAsideForToday = (item: unknown, nowMs: number): boolean => {
  const lane = LaneAside.safeParse(item);
  return lane.success && Date.parse(lane.data.dueAt) > nowMs + 12 * 60 * MINUTE_MS;
};

const Due = z.looseObject({ dueAt: z.iso.datetime() });
/** The most minutes for which nobody asks what is open. */
const UNASKED_MINUTES = 10;
/**
 * How many minutes it takes until the first of these items is due, at least one: no function and no node is at work, and before that
 * the minutes would only be asked for, at the price of a turn of audit-query each.
 */
const minutesToWait = (open: readonly unknown[], nowMs: number): number => {
  const dues = open.map((item) => Due.safeParse(item).data?.dueAt);
  const minutes = dues.map((dueAt) => (dueAt === undefined ? 1 : Math.floor((Date.parse(dueAt) - nowMs) / MINUTE_MS)));
  return Math.max(1, Math.min(UNASKED_MINUTES, ...minutes));
};

/** Builds `drain` of a scene. */
export const drainOf =
  ({ lab, report, items }: Drained) =>
  async (maxMinutes = 45, sweeps: 'all' | 'not-to-come' = 'all'): Promise<void> => {
    const waiting = (): readonly string[] =>
      lab.queues.all().flatMap(({ settings: { name }, depth }) => {
        const { visible, inFlight, delayed } = depth();
        const count = visible + inFlight + delayed;
        return !name.includes('dlq') && count > 0 ? [`${name}: ${count}`] : [];
      });
    for (let minute = 0; ; ) {
      await lab.settle();
      const open = (await report({ query: 'open' })).filter(
        (item) => !isAsideForToday(item, lab.now()) && (sweeps === 'all' || !isSweepToCome(item, lab.now())),
      );
      const queued = waiting();
      const left = [...queued, ...open.map((item) => JSON.stringify(item))];
      if (left.length === 0) return;
      if (minute >= maxMinutes) {
        const rows = (await items()).filter((item) => item.pk.startsWith('LANE#') && item.sk !== 'STATE');
        const waits = [...left, ...rows.map((row) => JSON.stringify(row))].join('\n');
        throw new Error(`draining the scene: after ${maxMinutes} min of lab time there is still ${waits}`);
      }
      const wait = queued.length > 0 ? 1 : Math.min(minutesToWait(open, lab.now()), maxMinutes - minute);
      await lab.advance(wait * MINUTE_MS);
      minute += wait;
    }
  };
