import { NoticeRow } from '../../../core/state/notice-row.ts';
import { allOf, equals, isStored } from './expressions.ts';
import { expires, inIndex, type Rows, rowsOf } from './items.ts';
import { index, keys, TABLE } from './keys.ts';
import { createTable, type TableOptions } from './table.ts';
import type { Write } from './transaction.ts';

/** Notices that wait to be sent. */
export type NoticeStore = {
  /** What is due, the longest first. The read is eventually consistent. */
  readonly due: (now: string) => Promise<Rows<NoticeRow>>;
  /**
   * Claims a notice until it is tried again, so that two copies do not both send it; false where another copy did, or where
   * another notice has taken its place.
   */
  readonly claim: (row: NoticeRow, dueAt: string) => Promise<boolean>;
  /** Removes a notice that was sent or given up, unless another one has taken its place. */
  readonly remove: (row: NoticeRow) => Promise<void>;
  /** Takes a notice that cannot be read out of what is due. Its row stays as it is, for a person. */
  readonly putAside: (partitionKey: string) => Promise<void>;
};

/** A notice that nobody could send is kept for so long after it was due. */
const KEPT_DAYS = 14;

/** The write that stores a notice, for the transaction that stores what it is about. */
export const noticeWrite = (row: NoticeRow): Write => ({
  kind: 'put',
  item: {
    ...keys.notice(row.key),
    ...row,
    ...inIndex('byDue', index.notices, row.dueAt),
    ...expires(row.dueAt, KEPT_DAYS),
  },
});

/** The write that takes a notice back. */
export const noNotice = (key: string): Write => ({ kind: 'remove', key: keys.notice(key) });

/** The notices in the audit table. */
export const createNoticeStore = (options: TableOptions): NoticeStore => {
  const table = createTable(options);
  const { partitionKey: duePk, sortKey: dueSk } = TABLE.byDue;
  return {
    due: async (now) => rowsOf(NoticeRow, await table.items({ index: 'byDue', key: index.notices, to: now })),
    claim: async ({ key, id, dueAt: readAt, tries = 0 }, dueAt) => {
      const change = { set: { dueAt, [dueSk]: dueAt, tries: tries + 1 } };
      return (
        (await table.update(keys.notice(key), change, allOf(equals('id', id), equals('dueAt', readAt)))) !== undefined
      );
    },
    remove: async ({ key, id }) => {
      await table.remove(keys.notice(key), equals('id', id));
    },
    putAside: async (partitionKey) => {
      const key = { pk: partitionKey, sk: keys.notice('').sk };
      await table.update(key, { remove: [duePk, dueSk] }, isStored);
    },
  };
};
