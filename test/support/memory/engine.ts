import { setImmediate } from 'node:timers/promises';
import { defined } from '../../../core/model/defined.ts';
import { TABLE } from '../../../functions/adapters/table/keys.ts';
import { AwsError } from '../../../lab/aws/aws-error.ts';
import { conditionOf, holdChanges, invalid, type Terms, updated, updateOf } from './expressions.ts';
import {
  compareKeys,
  createRows,
  holdItem,
  INDEX_KEYS,
  type KeyNames,
  keyNamesOf,
  rowId,
  sizeOf,
  type TableRows,
  textOf,
} from './rows.ts';
import { compareTexts, type Item } from './values.ts';

type Input = Readonly<Record<string, unknown>>;
type Answer = Record<string, unknown>;
type Operation = (rows: TableRows, input: Input) => Answer;

const KEYS = [TABLE.partitionKey, TABLE.sortKey];
const PAGE_BYTES = 1024 * 1024;
const MAX_KEYS = 100;
const MAX_WRITES = 25;

const termsOf = (input: Input): Terms => ({
  names: (input.ExpressionAttributeNames ?? {}) as Terms['names'],
  values: (input.ExpressionAttributeValues ?? {}) as Terms['values'],
});

/** Every name and value that is given stands in an expression. */
const holdAliases = ({ names, values }: Terms, ...used: readonly ReadonlySet<string>[]): void => {
  for (const alias of [...Object.keys(names), ...Object.keys(values)]) {
    if (used.every((aliases) => !aliases.has(alias)))
      throw invalid(`Value provided in ExpressionAttributeNames or Values unused in expressions: keys: {${alias}}`);
  }
};

/** Throws unless the condition of a write holds; returns its aliases. */
const holdCondition = (input: Input, present: Item | undefined): ReadonlySet<string> => {
  if (input.ConditionExpression === undefined) return new Set();
  const { meaning, aliases } = conditionOf(String(input.ConditionExpression));
  if (!meaning(present ?? {}, termsOf(input)))
    throw new AwsError('ConditionalCheckFailedException', 'The conditional request failed');
  return aliases;
};

const getItem: Operation = (rows, input) => defined({ Item: rows.get(rowId(input.Key as Item)) });

const putItem: Operation = (rows, input) => {
  const item = input.Item as Item;
  const id = rowId(item, true);
  holdItem(item, '');
  holdAliases(termsOf(input), holdCondition(input, rows.get(id)));
  rows.store(id, item);
  return {};
};

const deleteItem: Operation = (rows, input) => {
  const id = rowId(input.Key as Item);
  holdAliases(termsOf(input), holdCondition(input, rows.get(id)));
  rows.store(id, undefined);
  return {};
};

const updateItem: Operation = (rows, input) => {
  const id = rowId(input.Key as Item);
  const terms = termsOf(input);
  const { meaning, aliases } = updateOf(String(input.UpdateExpression));
  holdChanges(meaning, KEYS, INDEX_KEYS, terms);
  holdAliases(terms, aliases, holdCondition(input, rows.get(id)));
  const item = updated(meaning, rows.get(id) ?? (input.Key as Item), terms);
  holdItem(item, 'to update ');
  rows.store(id, item);
  return input.ReturnValues === 'ALL_NEW' ? { Attributes: item } : {};
};

const PARTITION = /^(#\w+) = (:\w+) AND (#\w+) BETWEEN (:\w+) AND (:\w+)$/u;

/** The partition of a query, and its first and last sort key. */
const partitionOf = (input: Input, { partitionKey, sortKey }: KeyNames) => {
  const { names, values } = termsOf(input);
  const text = String(input.KeyConditionExpression);
  const [, hash = '', key = '', range = '', from = '', to = ''] = PARTITION.exec(text) ?? [];
  if (names[hash] !== partitionKey || names[range] !== sortKey)
    throw invalid(`Query condition missed key schema element: ${text}`);
  const [keyText, first, last] = [key, from, to].map((alias) => String(values[alias]?.S ?? ''));
  if (!keyText || !first || !last)
    throw invalid(
      'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value.',
    );
  if (compareTexts(first, last) > 0)
    throw invalid('The BETWEEN operator requires upper bound to be greater than or equal to lower bound');
  return { key: keyText, first, last };
};

const paged = (items: readonly Item[], { Limit }: Input, keyNames: readonly string[]): Answer => {
  const page: Item[] = [];
  let bytes = 0;
  const isFull = () => page.length >= Number(Limit ?? Number.POSITIVE_INFINITY) || bytes >= PAGE_BYTES;
  for (const item of items) {
    if (isFull()) break;
    page.push(item);
    bytes += sizeOf(item);
  }
  const last = page.at(-1);
  const next =
    isFull() && last !== undefined ? Object.fromEntries(keyNames.map((name) => [name, last[name]])) : undefined;
  return { Items: page, Count: page.length, ScannedCount: page.length, ...defined({ LastEvaluatedKey: next }) };
};

const query: Operation = (rows, input) => {
  const place = keyNamesOf(input.IndexName);
  if (place !== TABLE && input.ConsistentRead === true)
    throw invalid('Consistent reads are not supported on global secondary indexes');
  if (input.Limit !== undefined && Number(input.Limit) < 1)
    throw invalid("Value at 'limit' failed to satisfy constraint");
  const { key, first, last } = partitionOf(input, place);
  const keyNames = [...new Set([...KEYS, place.partitionKey, place.sortKey])];
  const start = input.ExclusiveStartKey as Item | undefined;
  if (start !== undefined) {
    const isWhole = Object.keys(start).length === keyNames.length && keyNames.every((name) => start[name]?.S);
    if (!isWhole) throw invalid('The provided starting key is invalid');
    rowId(start, true);
    const at = textOf(start, place.sortKey);
    if (textOf(start, place.partitionKey) !== key || compareTexts(at, first) < 0 || compareTexts(at, last) > 0)
      throw invalid('The provided starting key does not match the range key predicate');
  }
  const isDescending = input.ScanIndexForward === false;
  const items = rows.sorted(place, key).filter((item) => {
    const at = textOf(item, place.sortKey);
    if (compareTexts(at, first) < 0 || compareTexts(at, last) > 0) return false;
    if (start === undefined) return true;
    const order = compareKeys(item, start, place);
    return isDescending ? order < 0 : order > 0;
  });
  return paged(isDescending ? items.toReversed() : items, input, keyNames);
};

const scan: Operation = (rows, input) => paged(rows.all(), input, KEYS);

/** DynamoDB in memory, as far as the audit table's helper and the tests use it. */
export const startMemory = () => {
  const tables = new Map<string, TableRows>();
  const rowsOf = (name: unknown): TableRows => {
    const rows = tables.get(String(name));
    if (rows === undefined) throw new AwsError('ResourceNotFoundException', 'Requested resource not found');
    return rows;
  };
  const SINGLE: Readonly<Record<string, Operation>> = {
    ...{ GetItem: getItem, PutItem: putItem, DeleteItem: deleteItem, UpdateItem: updateItem, Query: query, Scan: scan },
    DescribeTable: (_, { TableName }) => ({
      Table: {
        TableName,
        TableStatus: 'ACTIVE',
        KeySchema: KEYS.map((AttributeName) => ({ AttributeName })),
        AttributeDefinitions: KEYS.map((AttributeName) => ({ AttributeName })),
      },
    }),
  };
  const batchGet = (asked: Readonly<Record<string, { readonly Keys: readonly Item[] }>>): Answer => {
    const all = Object.entries(asked).flatMap(([name, { Keys }]) => Keys.map((key) => `${name} ${rowId(key)}`));
    if (all.length > MAX_KEYS) throw invalid('Too many items requested for the BatchGetItem call');
    if (new Set(all).size < all.length) throw invalid('Provided list of item keys contains duplicates');
    const found = Object.entries(asked).map(([name, { Keys }]) => {
      const items = Keys.map((key) => rowsOf(name).get(rowId(key))).filter((item) => item !== undefined);
      return [name, items] as const;
    });
    return { Responses: Object.fromEntries(found), UnprocessedKeys: {} };
  };
  type BatchWrite = { readonly PutRequest?: { readonly Item: Item }; readonly DeleteRequest?: { readonly Key: Item } };
  const batchWrite = (asked: Readonly<Record<string, readonly BatchWrite[]>>): Answer => {
    if (Object.values(asked).flat().length > MAX_WRITES)
      throw invalid('Too many items requested for the BatchWriteItem call');
    for (const [name, writes] of Object.entries(asked)) {
      for (const { PutRequest, DeleteRequest } of writes) {
        if (PutRequest !== undefined) putItem(rowsOf(name), PutRequest);
        else deleteItem(rowsOf(name), { Key: DeleteRequest?.Key });
      }
    }
    return { UnprocessedItems: {} };
  };
  const perform = (operation: string, input: Input): Answer => {
    if (operation === 'CreateTable') tables.set(String(input.TableName), createRows());
    if (operation === 'CreateTable') return {};
    if (operation === 'BatchGetItem') return batchGet(input.RequestItems as Parameters<typeof batchGet>[0]);
    if (operation === 'BatchWriteItem') return batchWrite(input.RequestItems as Parameters<typeof batchWrite>[0]);
    const single = SINGLE[operation];
    if (single === undefined) throw new Error(`the table in memory has no ${operation}`);
    return single(rowsOf(input.TableName), input);
  };
  /** Calls an operation. An answer takes a turn of the event loop, as over a network. */
  const call = async (operation: string, input: unknown): Promise<Answer> => {
    try {
      return perform(operation, input as Input);
    } finally {
      await setImmediate();
    }
  };
  return { call };
};
