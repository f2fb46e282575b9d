import { LaneState } from '../../../core/state/lane-state.ts';
import { allOf, type Condition, isStored } from './expressions.ts';
import { type Item, inIndex, storedOf } from './items.ts';
import { DUE_SHARDS, index, keys, shardOf } from './keys.ts';
import type { Table } from './table.ts';
import { wholeLane } from './whole-lane.ts';

/** Makes lanes due, so that scheduler finds them. */
export type LaneTouch = {
  /** Makes a lane due, on a condition; false where it does not hold, or the row lacks what every row of a lane has. */
  readonly touch: (name: string, now: string, condition: Condition, set?: Item) => Promise<boolean>;
  /** Makes a lane due whose row cannot be read, so that run-controller finds it; false for any other. */
  readonly touchUnreadable: (lane: string, now: string, item: Item | undefined) => Promise<boolean>;
};

/** The lanes of a table, to be made due. */
export const laneTouch = (table: Pick<Table, 'update'>): LaneTouch => {
  const dueNow = (lane: string, now: string) => ({
    dueAt: now,
    ...inIndex('byDue', index.open(shardOf(lane, DUE_SHARDS)), now),
  });
  return {
    touch: async (name, now, condition, set = {}) => {
      const { setIfAbsent, isWhole } = wholeLane(name);
      const change = { setIfAbsent, set: { ...dueNow(name, now), ...set }, add: { news: 1 } };
      return (await table.update(keys.lane(name), change, allOf(isWhole, condition))) !== undefined;
    },
    touchUnreadable: async (lane, now, item) => {
      if (storedOf(LaneState, item).kind !== 'unreadable') return false;
      await table.update(keys.lane(lane), { set: dueNow(lane, now) }, isStored);
      return true;
    },
  };
};
