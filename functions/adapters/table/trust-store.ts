import { TrustRow } from '../../../core/state/trust-state.ts';
import { keys } from './keys.ts';
import { createTable, startingWith, type TableOptions } from './table.ts';

/** The experience with documents, strongly consistent. */
export type TrustStore = {
  /** The rows of a document, of every cluster in which it has run. */
  readonly ofDocument: (document: string) => Promise<readonly TrustRow[]>;
};

/** The experience with documents in the audit table. */
export const createTrustStore = (options: TableOptions): TrustStore => {
  const table = createTable(options);
  return {
    ofDocument: async (document) => {
      const { understood, unreadable } = await table.rows(
        TrustRow,
        startingWith(keys.trust(document, '').pk, keys.trustPrefix),
      );
      const [first] = unreadable;
      // This experience limits the repairs by the document: without it, nothing may be sent.
      if (first !== undefined) throw new Error(`reading the experience with ${document}: ${first.problem}`);
      return understood;
    },
  };
};
