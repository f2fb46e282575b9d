import fc from 'fast-check';
import { expect, it } from 'vitest';
import { search } from '../../test/deep.ts';
import { aCheck, anEndedRun, at, because, LIMITS, node } from '../../test/support/runs.ts';
import type { EndedRun, QueuedRun } from '../state/run-state.ts';
import { earlySweepsAfter, MAX_EARLY_SWEEPS } from './early-sweep.ts';
import { sweepOf, withLastLooks } from './last-looks.ts';

const DAY_MINUTES = 1440;
/** A sweep of these nodes takes less. */
const SWEEP_SECONDS = 30;
const NODES = 8;

/** A node: in which of two node groups it is, and for how many minutes it is well and then broken, again and again. */
type Course = { readonly isBlue: boolean; readonly well: number; readonly broken: number };
const isBroken = ({ well, broken }: Course, minute: number): boolean => minute % (well + broken) >= well;

const courses = fc.array(
  fc.record({
    isBlue: fc.boolean(),
    well: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constant(10 * DAY_MINUTES)),
    broken: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(10 * DAY_MINUTES)),
  }),
  { minLength: 1, maxLength: NODES },
);

type Look = { readonly minute: number; readonly nodegroup: string; readonly turn: number; readonly of: string };

/** The early sweeps of so many minutes of a cluster that is swept at its interval, by the rule alone. */
const day = (all: readonly Course[], everyMinutes: number, minutes: number): readonly Look[] => {
  const groupOf = (n: number) => (all[n]?.isBlue === true ? 'blue' : 'green');
  const found = (run: EndedRun, minute: number) => {
    const nodes = [...all.keys()].filter((n) => run.early === undefined || groupOf(n) === run.early.nodegroup);
    const broken = nodes.filter((n) => isBroken(all[n] ?? expect.fail(), minute));
    const notes = broken.map((n) => ({
      ...{ instanceId: node(n), at: run.endedAt, outcome: 'Broken' as const, remediation: 'pause-image' },
      nodegroup: groupOf(n),
    }));
    const healthy = new Set(nodes.filter((n) => !broken.includes(n)).map(node));
    return { notes, seen: { healthy, ailing: new Set(broken.map(node)) } };
  };
  const looks: Look[] = [];
  const over = { end: 'Done', status: 'ended' } as const;
  let queued: QueuedRun[] = [];
  let last: EndedRun | undefined;
  for (let minute = 0; minute < minutes; minute++) {
    const times = { startedAt: at(minute * 60), endedAt: at(minute * 60 + SWEEP_SECONDS) };
    const end = (run: EndedRun): EndedRun => {
      const asked = { everyMinutes, limits: LIMITS };
      const { sweeps, raised } = earlySweepsAfter(run, found(run, minute), asked, run.endedAt);
      queued.push(...sweeps.filter(({ runId }) => !looks.some((look) => look.of === runId)));
      return { ...run, raised };
    };
    const due = queued.filter(({ dueAt }) => dueAt <= times.startedAt);
    queued = queued.filter((run) => !due.includes(run));
    for (const { early, runId } of due) {
      if (early === undefined) expect.fail();
      looks.push({ minute, nodegroup: early.nodegroup, turn: early.turn, of: runId });
      end(anEndedRun({ ...over, ...times, runId, requestId: runId, action: 'check', early }));
    }
    if (minute % everyMinutes !== 0) continue;
    const runId = `r-${minute}`;
    const why = because('sweep', { detectedWithinSeconds: everyMinutes * 60 });
    const planned = aCheck(NODES, { runId, requestId: runId, because: why, startedAt: times.startedAt });
    const before =
      last === undefined
        ? []
        : [sweepOf({ ...last, startedAt: last.startedAt ?? '' }, found(last, minute - everyMinutes).seen)];
    const run = withLastLooks(planned, before, times.startedAt);
    last = end(anEndedRun({ ...run, pending: [], ...over, ...times }));
  }
  return looks;
};

it('whatever the nodes do, early sweeps are few: by interval, by node group, and by node and day', () => {
  fc.assert(
    fc.property(courses, fc.constantFrom(5, 10, 30, 60), (all, everyMinutes) => {
      const looks = day(all, everyMinutes, DAY_MINUTES);
      for (const nodegroup of ['blue', 'green']) {
        const own = looks.filter((look) => look.nodegroup === nodegroup);
        const members = all.filter(({ isBlue }) => isBlue === (nodegroup === 'blue')).length;
        // Each asks for one by a sweep at its interval, and for one by an early sweep, whose news the other does not have.
        expect(own.length).toBeLessThanOrEqual(2 * members);
        for (const in1 of Map.groupBy(own, ({ minute }) => Math.floor(minute / everyMinutes)).values())
          expect(in1.length).toBeLessThanOrEqual(MAX_EARLY_SWEEPS);
      }
      expect(new Set(looks.map(({ of }) => of)).size).toBe(looks.length);
    }),
    search('early sweeps', 60),
  );
});

it('a fault that stays brings one sweep forward, and a cluster without one none', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300 }), (well) => {
      const stays = { isBlue: true, well, broken: 10 * DAY_MINUTES };
      const works = { isBlue: false, well: 10 * DAY_MINUTES, broken: 1 };
      expect(day([stays, works], 30, 400).map(({ nodegroup }) => nodegroup)).toEqual(['blue']);
      expect(day([works], 30, 400)).toEqual([]);
    }),
    search('faults that stay', 20),
  );
});
