import type { Limits } from '../model/policy.ts';
import { isAnswered, type PendingNode } from '../state/pending-node.ts';
import { UNPROVEN_PER_DAY } from '../state/unproven-day.ts';

/** How many of them signals may lead to on a day: of one source, and of all. */
export type DayBudget = { readonly perSource: number; readonly perDay: number };

/** The budget of each cluster: one source leaves a part of it to the others. */
export const dayBudgetOf = ({ foreignSourcePercent }: Pick<Limits, 'foreignSourcePercent'>): DayBudget => ({
  perSource: Math.max(1, Math.floor((UNPROVEN_PER_DAY * foreignSourcePercent) / 100)),
  perDay: UNPROVEN_PER_DAY,
});

/**
 * Whether a signal about such a node takes one from the day's budget: it leads to another result, because no row of the node
 * waits for one already.
 */
export const takesFromDay = (row: PendingNode | undefined): boolean => row === undefined || isAnswered(row);
