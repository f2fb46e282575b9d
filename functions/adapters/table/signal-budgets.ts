import { fnv1a } from '../../../core/model/hash.ts';
import type { DayBudget } from '../../../core/signals/unproven.ts';
import { createCounter } from './counter.ts';
import { absent, allOf, anyOf, below } from './expressions.ts';
import { expiresIn } from './items.ts';
import { keys } from './keys.ts';
import { createTable, type TableOptions } from './table.ts';

/** How many foreign signals a minute may have: of one source, and of all sources of the bus together. */
export type SignalBudget = { readonly perSource: number; readonly perBus: number };
/** A budget that is spent. */
export type SpentBudget = 'source-spent' | 'bus-spent';

/** A signal about a node that nothing proves: its source, its time, and what the cluster may have of them on a day. */
export type Unproven = { readonly source: string; readonly now: string; readonly budget: DayBudget };

/** Counts what signals may lead to. */
export type SignalBudgets = {
  /** Takes one from the budgets of this minute: that of the source, and that of the whole bus. Names the spent one. */
  readonly takeFromBudget: (source: string, now: string, budget: SignalBudget) => Promise<'taken' | SpentBudget>;
  /** Takes one from a cluster's budget of the day; counts the signal as cut where it is spent. */
  readonly takeFromDay: (cluster: string, unproven: Unproven) => Promise<boolean>;
};

const COUNTER_LIFE_SECONDS = 7200;
const DAY_LIFE_SECONDS = 3 * 86_400;

/** Counters of the audit table. */
export const createSignalBudgets = (options: TableOptions): SignalBudgets => {
  const table = createTable(options);
  const take = createCounter(table, COUNTER_LIFE_SECONDS);
  return {
    // The source first, so that a source beyond its share takes nothing from the others.
    takeFromBudget: async (source, now, { perSource, perBus }) => {
      const [minute, nowMs] = [now.slice(0, 16), Date.parse(now)];
      if (!(await take(`source#${source}`, minute, nowMs, perSource))) return 'source-spent';
      return (await take('bus', minute, nowMs, perBus)) ? 'taken' : 'bus-spent';
    },

    takeFromDay: async (cluster, { source, now, budget }) => {
      const key = keys.unprovenDay(cluster, now);
      const set = expiresIn(Date.parse(now), DAY_LIFE_SECONDS);
      // Short, so that the row stays one unit to write, whatever sources call themselves.
      const ofSource = `by${fnv1a(source).toString(36)}`;
      const isLeft = (name: string, max: number) => anyOf(absent(name), below(name, max));
      const hasRoom = allOf(isLeft('taken', budget.perDay), isLeft(ofSource, budget.perSource));
      if ((await table.update(key, { set, add: { taken: 1, [ofSource]: 1 } }, hasRoom)) !== undefined) return true;
      await table.update(key, { set, add: { cut: 1 } });
      return false;
    },
  };
};
