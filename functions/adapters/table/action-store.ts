import { type ActionRow, authorKey } from '../../../core/api/action-row.ts';
import { expires, inIndex } from './items.ts';
import { index, keys } from './keys.ts';
import { createTable, type TableOptions } from './table.ts';

/** The record of people's actions, refused ones too. */
export type ActionStore = {
  /** Adds a row. No row of the record is ever replaced. */
  readonly add: (row: ActionRow, id: string) => Promise<void>;
};

/** The record in the audit table: by day, by cluster and by author. */
export const createActionStore = ({
  retentionDays,
  ...options
}: TableOptions & { readonly retentionDays: number }): ActionStore => {
  const table = createTable(options);
  return {
    add: async (row, id) => {
      const key = keys.action(row.at, id, row.event === 'asked' ? 1 : 2);
      const { cluster, author } = row;
      const isNew = await table.putNew({
        ...key,
        ...row,
        ...(cluster === undefined ? {} : inIndex('byOwner', index.actionsOf(cluster), key.sk)),
        ...inIndex('byOutcome', index.actionsBy(authorKey(author)), key.sk),
        ...expires(row.at, retentionDays),
      });
      if (!isNew) throw new Error(`recording the action ${key.sk}: there is such a record already`);
    },
  };
};
