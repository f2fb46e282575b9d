import { above, absent, anyOf, below } from './expressions.ts';
import { keys } from './keys.ts';
import { laneTouch } from './lane-touch.ts';
import { createTable, type TableOptions } from './table.ts';

/** Calls lanes. */
export type LaneCalls = {
  /**
   * Makes the lane due now, so that scheduler finds it even where the wake is lost; false where a wake is under way already, so
   * that a thousand signals wake the lane once. A call from before `stale` counts as lost.
   */
  readonly callLane: (lane: string, now: string, stale: string) => Promise<boolean>;
};

/** The lanes of the audit table, to be called. */
export const createLaneCalls = (options: TableOptions): LaneCalls => {
  const table = createTable(options);
  const { touch, touchUnreadable } = laneTouch(table);
  return {
    // A lane is called where it is not due, or no call of the last while is unanswered.
    callLane: async (lane, now, stale) => {
      const isUncalled = anyOf(absent('dueAt'), above('dueAt', now), absent('calledAt'), below('calledAt', stale));
      if (await touch(lane, now, isUncalled, { calledAt: now })) return true;
      return await touchUnreadable(lane, now, await table.getItem(keys.lane(lane)));
    },
  };
};
