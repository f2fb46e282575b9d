import { unreadTrustNotice } from '../../../core/api/state-notices.ts';
import { isStillTripped } from '../../../core/guards/trust.ts';
import { TrippedRow, TrustRow } from '../../../core/state/trust-state.ts';
import { replaceUnreadable } from './aside.ts';
import { expires, type Item, type Stored, storedOf } from './items.ts';
import { keys } from './keys.ts';
import { noticeWrite } from './notice-store.ts';
import { withZipped } from './packed.ts';
import { createTable, startingWith, type TableOptions } from './table.ts';
import type { Write } from './transaction.ts';

/** The experience with documents, strongly consistent. */
export type TrustStore = {
  /** The experience with a document in a cluster. */
  readonly read: (document: string, cluster: string) => Promise<Stored<TrustRow>>;
  /** In how many other clusters the breaker of a document is open or has not closed again. */
  readonly trippedElsewhere: (document: string, cluster: string, now: string) => Promise<number>;
  /** Puts a row that cannot be read aside, and another in its place, with the notice about it; false where somebody else has. */
  readonly replace: (stored: Item, row: TrustRow, at: string) => Promise<boolean>;
};

const TRUST_DAYS = 30;

/** A row as an item. That of a document which has not run for a month says nothing. */
export const trustItem = (row: TrustRow): Item => ({
  ...keys.trust(row.document, row.cluster),
  // An earlier version starts with canaries again, as without a row. What a breaker says stays as it is.
  ...withZipped(row, ['results'], { results: [] }),
  ...expires(row.results[0]?.at ?? row.breaker?.openUntil ?? '', TRUST_DAYS),
});

/** Whether the breaker of a document is tripped in a cluster, for the document's other clusters. */
export const trippedItem = (row: TrippedRow): Item => ({
  ...keys.tripped(row.document, row.cluster),
  ...row,
  ...expires(row.openUntil, TRUST_DAYS),
});

/** The experience with documents in the audit table. */
export const createTrustStore = (options: TableOptions): TrustStore => {
  const table = createTable(options);
  return {
    read: async (document, cluster) => {
      const { pk, sk } = keys.trust(document, cluster);
      const [item] = await table.items({ key: pk, from: sk, to: sk });
      return storedOf(TrustRow, item);
    },
    trippedElsewhere: async (document, cluster, now) => {
      const own = keys.tripped(document, cluster);
      const { understood, unreadable } = await table.rows(TrippedRow, startingWith(own.pk, keys.trippedPrefix));
      const tripped = understood.filter((row) => row.cluster !== cluster && isStillTripped(row, now));
      // One that cannot be read may be open.
      return tripped.length + unreadable.filter(({ sortKey }) => sortKey !== own.sk).length;
    },
    replace: async (stored, row, at) => {
      const { document, cluster, breaker } = row;
      const others: Write[] = [noticeWrite(unreadTrustNotice(row, at))];
      if (breaker !== undefined) {
        const tripped = trippedItem({ document, cluster, openUntil: breaker.openUntil, isTripped: true });
        others.push({ kind: 'put', item: tripped });
      }
      return await replaceUnreadable(table, TrustRow, stored, trustItem(row), at, Date.parse(at), others);
    },
  };
};
