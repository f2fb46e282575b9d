import {
  BatchGetCommand,
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import type * as z from 'zod';
import { defined } from '../../../core/model/defined.ts';
import { type Sleep, sleep } from '../sleep.ts';
import { anyOf, type Change, type Condition, expressionsOf, isAtVersion, isNew } from './expressions.ts';
import { isTooLarge, tooLarge } from './item-size.ts';
import { type Item, type Rows, rowOf, rowsOf, type Stored, storedOf, versioned, versionedChange } from './items.ts';
import { type IndexName, type Key, TABLE } from './keys.ts';
import { isPassing, namesOf, refusalOf, type Transacted, transactionOf, type Write } from './transaction.ts';

/** One partition of the table or of an index; with `from` and `to`, its sort keys between them, both included. */
export type Partition = {
  readonly index?: IndexName;
  readonly key: string;
  readonly from?: string;
  readonly to?: string;
};

/** How a partition is read, page by page. `after` is the key of the item before the page's first one. */
export type PageOptions = {
  readonly order: 'ascending' | 'descending';
  readonly limit?: number;
  readonly after?: Item | undefined;
};

/** Up to a megabyte of items, and where the next page starts where there may be more. */
export type Page = { readonly items: readonly Item[]; readonly next?: Item };

/** Access to the audit table. No other file sends DynamoDB a request. */
export type Table = {
  /** The row under a key, strongly consistent; throws where it does not fit its schema. */
  readonly get: <S extends z.ZodType>(schema: S, key: Key) => Promise<z.output<S> | undefined>;
  /** The item under a key with its key attributes, strongly consistent. */
  readonly getItem: (key: Key) => Promise<Item | undefined>;
  /** As `get`, for whoever goes on where the row does not fit its schema. */
  readonly read: <S extends z.ZodType>(schema: S, key: Key) => Promise<Stored<z.output<S>>>;
  /**
   * The rows that are stored under any number of keys, in no order, strongly consistent. A row that is not understood is
   * named with the reason, and hides no other.
   */
  readonly rowsAt: <S extends z.ZodType>(schema: S, keys: readonly Key[]) => Promise<Rows<z.output<S>>>;
  /** Stores an item; false where the condition does not hold. Throws {@link ItemTooLargeError} above 400 KB. */
  readonly put: (item: Item, condition?: Condition) => Promise<boolean>;
  /** Stores an item if its key is free; false if the key is taken. */
  readonly putNew: (item: Item) => Promise<boolean>;
  /** Stores an item as `version + 1` over the version that was read, or if another condition holds; else false. */
  readonly putVersion: (item: Item, version: number, ...orIf: readonly Condition[]) => Promise<boolean>;
  /** Changes an item; returns all of it as it is then, or undefined where the condition does not hold. */
  readonly update: (key: Key, change: Change, condition?: Condition) => Promise<Item | undefined>;
  /** Deletes an item; false where the condition does not hold. */
  readonly remove: (key: Key, condition?: Condition) => Promise<boolean>;
  /**
   * Stores all writes, or none where a condition fails. Waits and tries again where other writers or a throttle came first;
   * throws {@link ContentionError} where they always do. At most 100 writes, each of another item.
   */
  readonly transact: (writes: readonly Write[]) => Promise<Transacted>;
  /** One page of a partition: strongly consistent in the table, eventually in an index. */
  readonly page: (partition: Partition, options: PageOptions) => Promise<Page>;
  /** Every item of a partition, in ascending order. */
  readonly items: (partition: Partition) => Promise<readonly Item[]>;
  /** Every row of a partition, in ascending order: those that fit the schema, and those that do not. */
  readonly rows: <S extends z.ZodType>(schema: S, partition: Partition) => Promise<Rows<z.output<S>>>;
};

/** The client and the name of the table. */
export type TableOptions = {
  readonly client: Pick<DynamoDBDocumentClient, 'send'>;
  readonly tableName: string;
};

/** Other writers or a throttle came first each time: nothing was stored. Whoever is woken next reads and decides again. */
export class ContentionError extends Error {
  override readonly name = 'ContentionError';
}

/** BatchGetItem takes at most 100 keys, and answers at most 16 MB. Source: DynamoDB API reference, BatchGetItem. */
const BATCH_KEYS = 100;
const BATCH_ATTEMPTS = 6;
const TRANSACTION_ATTEMPTS = 6;
const FIRST_WAIT_MS = 50;

const FIRST_SORT_KEY = ' ';
const LAST_SORT_KEY = '\u{10FFFF}';

/** The names of the key attributes of the table, or of an index. */
export const keyNames = (index: IndexName | undefined): { readonly hash: string; readonly range: string } =>
  index === undefined
    ? { hash: TABLE.partitionKey, range: TABLE.sortKey }
    : { hash: TABLE[index].partitionKey, range: TABLE[index].sortKey };

/** The part of a partition whose sort keys start with a prefix. */
export const startingWith = (key: string, prefix: string): Partition => ({
  key,
  from: prefix,
  to: `${prefix}${LAST_SORT_KEY}`,
});

const between =
  ({ index, key, from = FIRST_SORT_KEY, to = LAST_SORT_KEY }: Partition): Condition =>
  ({ name, value }) => {
    const { hash, range } = keyNames(index);
    return `${name(hash)} = ${value(key)} AND ${name(range)} BETWEEN ${value(from)} AND ${value(to)}`;
  };

const isConflict = (thrown: unknown): boolean =>
  thrown instanceof Error && thrown.name === 'TransactionConflictException';

const isConditionFailed = (thrown: unknown): boolean =>
  thrown instanceof Error && thrown.name === 'ConditionalCheckFailedException';

const versionedWrite = (write: Write): Write => {
  if (write.kind === 'put') return { ...write, item: versioned(write.item) };
  return write.kind === 'update' ? { ...write, change: versionedChange(write.change) } : write;
};

/** The table behind a client. `wait` passes the time between attempts, of which `random` draws a share. */
export const createTable = ({
  client,
  tableName: TableName,
  wait = sleep,
  random = Math.random,
}: TableOptions & { readonly wait?: Sleep; readonly random?: () => number }): Table => {
  /** A write's answer, or undefined where its condition did not hold. */
  const write = async <Answer>(send: () => Promise<Answer>, key: Item, values: Item): Promise<Answer | undefined> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await send();
      } catch (thrown) {
        if (isConditionFailed(thrown)) return undefined;
        // A transaction is at work on the item; the SDK does not try again.
        if (!isConflict(thrown) || attempt === TRANSACTION_ATTEMPTS)
          throw isTooLarge(thrown) ? tooLarge(key, values, thrown) : thrown;
        await wait(random() * FIRST_WAIT_MS * 2 ** attempt);
      }
    }
  };

  const getItem = async (key: Key): Promise<Item | undefined> =>
    (await client.send(new GetCommand({ TableName, Key: key, ConsistentRead: true }))).Item;

  const put = async (item: Item, condition?: Condition): Promise<boolean> => {
    const command = new PutCommand({ TableName, Item: versioned(item), ...expressionsOf({ condition }) });
    return (await write(() => client.send(command), item, item)) !== undefined;
  };

  const transact = async (writes: readonly Write[]): Promise<Transacted> => {
    if (writes.length === 0) return { ok: true };
    const input = transactionOf(writes.map(versionedWrite), TableName);
    for (let attempt = 1; ; attempt++) {
      try {
        await client.send(new TransactWriteCommand(input));
        return { ok: true };
      } catch (thrown) {
        if (!isPassing(thrown)) return refusalOf(writes, thrown);
        if (attempt === TRANSACTION_ATTEMPTS) {
          const message = `storing ${namesOf(writes)}: other writers or a throttle came first ${attempt} times; the wake is repeated`;
          throw new ContentionError(message, { cause: thrown });
        }
        // Full jitter: two writers that met once do not meet again.
        await wait(random() * FIRST_WAIT_MS * 2 ** attempt);
      }
    }
  };

  const getBatch = async (keys: readonly Key[]): Promise<readonly Item[]> => {
    const found: Item[] = [];
    let wanted: Item[] = keys.map((key) => ({ ...key }));
    for (let attempt = 1; ; attempt++) {
      const { Responses, UnprocessedKeys } = await client.send(
        new BatchGetCommand({ RequestItems: { [TableName]: { Keys: wanted, ConsistentRead: true } } }),
      );
      found.push(...(Responses?.[TableName] ?? []));
      const left = UnprocessedKeys?.[TableName]?.Keys ?? [];
      if (left.length === 0) break;
      // DynamoDB leaves keys out when it throttles and when an answer reaches 16 MB; the latter makes progress.
      if (left.length < wanted.length) attempt = 0;
      if (attempt === BATCH_ATTEMPTS) {
        throw new Error(`reading ${keys.length} items: ${left.length} keys were left unprocessed ${attempt} times`);
      }
      wanted = left;
      await wait(FIRST_WAIT_MS * 2 ** attempt);
    }
    return found;
  };

  const page = async (partition: Partition, { order, limit, after }: PageOptions): Promise<Page> => {
    const { Items, LastEvaluatedKey } = await client.send(
      new QueryCommand({
        TableName,
        // An index has no strongly consistent reads.
        ...(partition.index === undefined ? { ConsistentRead: true } : { IndexName: TABLE[partition.index].name }),
        ...expressionsOf({ key: between(partition) }),
        ScanIndexForward: order === 'ascending',
        ...defined({ Limit: limit, ExclusiveStartKey: after }),
      }),
    );
    return { items: Items ?? [], ...defined({ next: LastEvaluatedKey }) };
  };

  const items = async (partition: Partition): Promise<readonly Item[]> => {
    const found: Item[] = [];
    let next: Item | undefined;
    do {
      const read = await page(partition, { order: 'ascending', after: next });
      found.push(...read.items);
      next = read.next;
    } while (next !== undefined);
    return found;
  };

  const itemsAt = async (asked: readonly Key[]): Promise<readonly Item[]> => {
    const found: Item[] = [];
    // DynamoDB refuses a batch that names a key twice.
    const keys = [...new Map(asked.map((key) => [`${key.pk}\n${key.sk}`, key])).values()];
    for (let start = 0; start < keys.length; start += BATCH_KEYS) {
      found.push(...(await getBatch(keys.slice(start, start + BATCH_KEYS))));
    }
    return found;
  };

  return {
    getItem,
    get: async (schema, key) => {
      const item = await getItem(key);
      return item === undefined ? undefined : rowOf(schema, item);
    },
    read: async (schema, key) => storedOf(schema, await getItem(key)),
    rowsAt: async (schema, asked) => rowsOf(schema, await itemsAt(asked)),
    put,
    putNew: (item) => put(item, isNew),
    putVersion: (item, version, ...orIf) =>
      put({ ...item, version: version + 1 }, anyOf(isAtVersion(version), ...orIf)),
    update: async (key, change, condition) => {
      const command = new UpdateCommand({
        TableName,
        Key: key,
        ...expressionsOf({ change: versionedChange(change), condition }),
        ReturnValues: 'ALL_NEW',
      });
      const answer = await write(() => client.send(command), key, { ...change.set, ...change.setEntries });
      return answer === undefined ? undefined : (answer.Attributes ?? {});
    },
    remove: async (key, condition) => {
      const command = new DeleteCommand({ TableName, Key: key, ...expressionsOf({ condition }) });
      return (await write(() => client.send(command), key, {})) !== undefined;
    },
    transact,
    page,
    items,
    rows: async (schema, partition) => rowsOf(schema, await items(partition)),
  };
};
