import type { LettersRow } from '../../../core/state/letters-row.ts';
import { expires, inIndex } from './items.ts';
import { index, keys } from './keys.ts';
import { createTable, type TableOptions } from './table.ts';

/** The records of actions on dead letters. */
export type LetterRecords = {
  /** Stores the record of one action; a second put of the same id replaces it. */
  readonly put: (row: LettersRow, id: string) => Promise<void>;
};

/** The records in the audit table, by time in the index by owner. */
export const createLetterRecords = ({
  retentionDays,
  ...options
}: TableOptions & { readonly retentionDays: number }): LetterRecords => {
  const table = createTable(options);
  return {
    put: async (row, id) => {
      await table.put({
        ...keys.lettersAction(id),
        ...row,
        ...inIndex('byOwner', index.letters, `${row.at}#${id}`),
        ...expires(row.at, retentionDays),
      });
    },
  };
};
