import * as z from 'zod';
import { stored } from '../model/stored.ts';

/**
 * How many results a cluster may have on a day (UTC) about nodes that only a signal says are there: Fargate and hybrid nodes,
 * which EC2 does not show. Anybody who may send events can invent them.
 */
export const UNPROVEN_PER_DAY = 100;

const Count = z.number().int().nonnegative().default(0);

/** What signals about nodes that nothing proves have led to in a cluster on a day. */
export const UnprovenDay = stored({
  /** Results that they may lead to. */
  taken: Count,
  /** Signals that led to none, because the day's budget was spent. */
  cut: Count,
});
export type UnprovenDay = z.infer<typeof UnprovenDay>;
