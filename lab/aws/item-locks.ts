import { AwsError } from './aws-error.ts';

/** Which items ongoing transactions and single writes hold. An item is named by its table and its key. */
export type ItemLocks = {
  /** Those of the items that an ongoing transaction holds. */
  readonly held: (ids: readonly string[]) => readonly string[];
  /** Runs a transaction on items that no other one holds, after the single writes to them that have begun. */
  readonly transaction: <T>(ids: readonly string[], work: () => Promise<T>) => Promise<T>;
  /** Runs a write of one item; TransactionConflictException while a transaction holds the item. */
  readonly single: <T>(id: string, work: () => Promise<T>) => Promise<T>;
  /** Runs work that DynamoDB serializes with transactions without refusing it: reads of one item, and batches. */
  readonly serialized: <T>(ids: readonly string[], work: () => Promise<T>) => Promise<T>;
};

/** DynamoDB's text of a transaction conflict. */
export const CONFLICT_MESSAGE = 'Transaction is ongoing for the item';

/** Creates the locks of one DynamoDB. */
export const createItemLocks = (): ItemLocks => {
  const transactions = new Map<string, Promise<unknown>>();
  const singles = new Map<string, Set<Promise<unknown>>>();

  const track = async <T>(ids: readonly string[], work: () => Promise<T>): Promise<T> => {
    const running = work();
    for (const id of ids) singles.set(id, (singles.get(id) ?? new Set()).add(running));
    try {
      return await running;
    } finally {
      for (const id of ids) {
        const left = singles.get(id);
        left?.delete(running);
        if (left?.size === 0) singles.delete(id);
      }
    }
  };
  return {
    held: (ids) => ids.filter((id) => transactions.has(id)),
    transaction: async (ids, work) => {
      const before = ids.flatMap((id) => [...(singles.get(id) ?? [])]);
      const running = Promise.allSettled(before).then(work);
      for (const id of ids) transactions.set(id, running);
      try {
        return await running;
      } finally {
        for (const id of ids) transactions.delete(id);
      }
    },
    single: (id, work) => {
      if (transactions.has(id)) throw new AwsError('TransactionConflictException', CONFLICT_MESSAGE);
      return track([id], work);
    },
    serialized: async (ids, work) => {
      for (let held = ids.filter((id) => transactions.has(id)); held.length > 0; ) {
        await Promise.allSettled(held.map((id) => transactions.get(id)));
        held = ids.filter((id) => transactions.has(id));
      }
      return await track(ids, work);
    },
  };
};
