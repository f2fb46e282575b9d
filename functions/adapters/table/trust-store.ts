import { TrustRow } from '../../../core/state/trust-state.ts';
import { replaceUnreadable } from './aside.ts';
import { expires, type Item, type Rows } from './items.ts';
import { keys } from './keys.ts';
import { createTable, type Partition, startingWith, type TableOptions } from './table.ts';

/** The experience with documents, strongly consistent. */
export type TrustStore = {
  /** The rows of a document, of every cluster in which it has run. Throws where one of them cannot be read. */
  readonly ofDocument: (document: string) => Promise<readonly TrustRow[]>;
  /** As `ofDocument`, with the rows that are not understood, and the clusters that they are of. */
  readonly read: (
    document: string,
  ) => Promise<Rows<TrustRow> & { readonly broken: readonly { readonly cluster: string; readonly problem: string }[] }>;
  /** Puts a row that cannot be read aside, and another in its place; false where somebody else has. */
  readonly replace: (row: TrustRow, at: string) => Promise<boolean>;
};

const TRUST_DAYS = 30;

/** A row as an item. That of a document which has not run for a month says nothing. */
export const trustItem = (row: TrustRow): Item => ({
  ...keys.trust(row.document, row.cluster),
  ...row,
  ...expires(row.results[0]?.at ?? row.breaker?.openUntil ?? '', TRUST_DAYS),
});

const rowsOfDocument = (document: string): Partition => startingWith(keys.trust(document, '').pk, keys.trustPrefix);

/** The experience with documents in the audit table. */
export const createTrustStore = (options: TableOptions): TrustStore => {
  const table = createTable(options);
  return {
    ofDocument: async (document) => {
      const { understood, unreadable } = await table.rows(TrustRow, rowsOfDocument(document));
      const [first] = unreadable;
      // This experience limits the repairs by the document: without it, nothing may be sent.
      if (first !== undefined) throw new Error(`reading the experience with ${document}: ${first.problem}`);
      return understood;
    },
    read: async (document) => {
      const rows = await table.rows(TrustRow, rowsOfDocument(document));
      const broken = rows.unreadable.map(({ sortKey, problem }) => ({
        cluster: sortKey.slice(keys.trustPrefix.length),
        problem,
      }));
      return { ...rows, broken };
    },
    replace: async (row, at) => {
      const { pk, sk } = keys.trust(row.document, row.cluster);
      const [stored] = await table.items({ key: pk, from: sk, to: sk });
      return stored !== undefined && (await replaceUnreadable(table, TrustRow, stored, trustItem(row), at));
    },
  };
};
