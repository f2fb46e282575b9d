import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { TABLE } from '../../../functions/adapters/table/keys.ts';
import { AwsError } from '../../../lab/aws/aws-error.ts';
import type { TransactInput } from '../../../lab/aws/transact-shapes.ts';
import { createTransactor } from '../../../lab/aws/transactor.ts';
import { serializedWith } from '../transactions.ts';
import { type Item, itemOf, nativeOf } from './values.ts';

type Call = (operation: string, input: unknown) => Promise<Record<string, unknown>>;
type Fields = Readonly<Record<string, unknown>>;

const OPERATIONS: Readonly<Record<string, string>> = {
  ...{ Get: 'GetItem', Put: 'PutItem', Update: 'UpdateItem', Delete: 'DeleteItem', Query: 'Query', Scan: 'Scan' },
  ...{ BatchGet: 'BatchGetItem', BatchWrite: 'BatchWriteItem', TransactWrite: 'TransactWriteItems' },
};

/** The fields that hold an item, and those that hold lists of items. */
const ITEMS = new Set([
  'Item',
  'Key',
  'ExclusiveStartKey',
  'ExpressionAttributeValues',
  'Attributes',
  'LastEvaluatedKey',
]);
const LISTS = new Set(['Items', 'Keys']);

/** The same input or answer with each of its items converted. */
const converted = (fields: Fields, convert: (item: never) => unknown): Record<string, unknown> => {
  const within = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(within);
    return typeof value === 'object' && value !== null ? converted(value as Fields, convert) : value;
  };
  const list = (items: unknown): unknown => (items as never[]).map(convert);
  const field = (name: string, value: unknown): unknown => {
    if (value === undefined || name === 'ExpressionAttributeNames') return value;
    if (ITEMS.has(name)) return convert(value as never);
    if (LISTS.has(name)) return list(value);
    if (name !== 'Responses') return within(value);
    return Object.fromEntries(Object.entries(value as Fields).map(([table, items]) => [table, list(items)]));
  };
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, field(name, value)]));
};

const thrownOf = ({ code, message, status, members }: AwsError): Error =>
  Object.assign(new Error(message), {
    name: code,
    $fault: 'client',
    $metadata: { httpStatusCode: status },
    ...members,
  });

/** A document client of a table in memory: what the audit table's helper sends, without the SDK and the wire protocol. */
export const memoryClient = (call: Call): Pick<DynamoDBDocumentClient, 'send'> => {
  const keyNames = [TABLE.partitionKey, TABLE.sortKey];
  const transactor = createTransactor({ call, now: Date.now, keyNamesOf: () => keyNames });
  const run = serializedWith(transactor);
  const send = async (command: { readonly input: Fields }): Promise<object> => {
    const name = OPERATIONS[command.constructor.name.replace(/Command$/u, '')];
    if (name === undefined) throw new Error(`the table in memory takes no ${command.constructor.name}`);
    const input = converted(command.input, itemOf);
    try {
      const answer =
        name === 'TransactWriteItems'
          ? await transactor.transact(input as TransactInput)
          : await run(name, input, () => call(name, input));
      return { $metadata: { httpStatusCode: 200 }, ...converted(answer, (item: Item) => nativeOf(item)) };
    } catch (error) {
      throw error instanceof AwsError ? thrownOf(error) : error;
    }
  };
  return { send: send as DynamoDBDocumentClient['send'] };
};
