import * as z from 'zod';
import { defined } from '../../core/model/defined.ts';
import { AwsError } from './aws-error.ts';
import type { LabClock } from './clock.ts';
import type { Dynalite } from './dynalite.ts';
import { BatchKeys, Common, Conditional, Item, Keyed, Query, WriteRequest } from './dynamodb-shapes.ts';
import type { Table, TableStore, WireItem } from './dynamodb-tables.ts';
import type { Faults } from './faults.ts';
import type { AccessRequest } from './iam.ts';
import { type PartitionMeter, THROUGHPUT_MESSAGE } from './partition-load.ts';
import { createUses } from './partition-uses.ts';
import type { Random } from './random.ts';
import { rowKindsOf } from './row-kinds.ts';
import { operation, type Service } from './service.ts';
import { createTransactor, transactOperation } from './transactor.ts';
import { jsonWire } from './wire.ts';

const MAX_BATCH_WRITES = 25;

const keyText = (value: unknown): string => {
  const [text] = Object.values((value ?? {}) as Record<string, unknown>);
  return String(text ?? '');
};

/** The value that a key condition requires for a partition key: `#pk = :v`, with or without names. */
const queriedKey = (input: z.infer<typeof Query>, partitionKey: string): string => {
  for (const [, name = '', value = ''] of input.KeyConditionExpression.matchAll(/([#\w.-]+)\s*=\s*(:\w+)/g)) {
    if ((input.ExpressionAttributeNames?.[name] ?? name) === partitionKey)
      return keyText(input.ExpressionAttributeValues?.[value]);
  }
  throw new AwsError('ValidationException', `Query condition missed key schema element: ${partitionKey}`);
};

/** The dependencies of the DynamoDB service. */
export type DynamoOptions = {
  readonly dynalite: Dynalite;
  readonly clock: LabClock;
  readonly tables: TableStore;
  readonly faults: Faults;
  readonly random: Random;
  readonly meter: PartitionMeter;
};

/** DynamoDB, AWS JSON 1.0, before dynalite: access, lagging indexes and partly processed batches. */
export const createDynamo = ({ dynalite, clock, tables, faults, random, meter }: DynamoOptions): Service => {
  const tableOf = (name: string): Table => {
    const table = tables.get(name);
    if (table === undefined) throw new AwsError('ResourceNotFoundException', 'Requested resource not found');
    return table;
  };
  const { writesOf, readsOf } = createUses(keyText);
  const transactor = createTransactor({
    call: dynalite.call,
    now: clock.now,
    keyNamesOf: (name) => tableOf(name).keyNames,
    strikesConflict: () => faults.transactionConflictRate > 0 && random() < faults.transactionConflictRate,
    admits: ({ tableName, key }) => meter.admits('writes', writesOf(tableOf(tableName), key, 2)),
    written: (name, key, item) => tableOf(name).written(key, item),
  });
  const access = (action: string, table: Table, keys: readonly (WireItem | undefined)[]): AccessRequest => {
    const partitionKey = table.partitionKey() ?? '';
    return {
      action: `dynamodb:${action}`,
      resource: table.arn,
      context: { 'dynamodb:LeadingKeys': [...new Set(keys.map((k) => keyText(k?.[partitionKey])))] },
    };
  };
  const current = async (table: Table, key: WireItem): Promise<WireItem | undefined> => {
    const only = Object.fromEntries(table.keyNames.map((k) => [k, key[k]]));
    const { Item: item } = await dynalite.call('GetItem', { TableName: table.name, Key: only, ConsistentRead: true });
    return item as WireItem | undefined;
  };
  /** dynalite ignores ReturnValuesOnConditionCheckFailure; the item is added to its error here. */
  const write = async (
    name: string,
    input: z.infer<z.ZodObject<typeof Conditional>>,
    key: WireItem,
  ): Promise<Record<string, unknown>> => {
    const { ReturnValuesOnConditionCheckFailure: onFailure, ...rest } = input;
    try {
      return await transactor.single(input.TableName, key, () => dynalite.call(name, rest));
    } catch (error) {
      if (!(error instanceof AwsError) || error.code !== 'ConditionalCheckFailedException' || onFailure !== 'ALL_OLD')
        throw error;
      const item = await current(tableOf(input.TableName), key);
      throw new AwsError(error.code, error.message, error.status, defined({ Item: item }));
    }
  };
  /** Splits a batch's requests into those that are processed and those that are left; one is always processed. */
  const leave = <T>(requests: readonly T[], admits: (request: T) => boolean = () => true) => {
    const refused = requests.filter((request) => !admits(request));
    const more = requests.slice(1).filter((r) => !refused.includes(r) && random() < faults.unprocessedRate);
    const left = faults.unprocessedRate === 0 ? refused : [...refused, ...more];
    if (refused.length === requests.length) throw new AwsError('ThrottlingException', THROUGHPUT_MESSAGE);
    return { done: requests.filter((r) => !left.includes(r)), left };
  };

  const operations: Service['operations'] = {
    GetItem: operation(Keyed, {
      access: (input) => [access('GetItem', tableOf(input.TableName), [input.Key])],
      run: (input) =>
        transactor.serialized([[input.TableName, input.Key]], async () => {
          const table = tableOf(input.TableName);
          const key = keyText(input.Key[table.partitionKey() ?? '']);
          meter.admit('reads', readsOf(table, key, undefined, input.ConsistentRead === true, []));
          const answer = await dynalite.call('GetItem', { ...input, TableName: table.name });
          meter.add(
            'reads',
            readsOf(table, key, undefined, input.ConsistentRead === true, [(answer.Item ?? {}) as WireItem]),
          );
          return answer;
        }),
    }),
    PutItem: operation(z.strictObject({ ...Conditional, Item }), {
      access: (input) => [access('PutItem', tableOf(input.TableName), [input.Item])],
      items: (input) => {
        const copies = tableOf(input.TableName).copies(Object.keys(input.Item));
        // An item that is replaced, and whose place in an index moves, is deleted there and written again.
        const isReplaced = copies > 0 && /^(?!.*attribute_not_exists).*=/.test(input.ConditionExpression ?? '');
        return 1 + copies + (isReplaced ? 1 : 0);
      },
      run: async (input) => {
        meter.admit('writes', writesOf(tableOf(input.TableName), input.Item));
        const answer = await write('PutItem', input, input.Item);
        tableOf(input.TableName).written(input.Item, input.Item);
        return answer;
      },
    }),
    DeleteItem: operation(z.strictObject({ ...Conditional, Key: Item }), {
      access: (input) => [access('DeleteItem', tableOf(input.TableName), [input.Key])],
      run: async (input) => {
        meter.admit('writes', writesOf(tableOf(input.TableName), input.Key));
        const answer = await write('DeleteItem', input, input.Key);
        tableOf(input.TableName).written(input.Key, undefined);
        return answer;
      },
    }),
    UpdateItem: operation(z.strictObject({ ...Conditional, Key: Item, UpdateExpression: z.string().optional() }), {
      access: (input) => [access('UpdateItem', tableOf(input.TableName), [input.Key])],
      items: (input) => 1 + tableOf(input.TableName).copies(Object.values(input.ExpressionAttributeNames ?? {})),
      run: async (input) => {
        const table = tableOf(input.TableName);
        const asks = input.ReturnValues ?? 'NONE';
        meter.admit('writes', writesOf(table, input.Key));
        const answer = await write(
          'UpdateItem',
          asks === 'NONE' ? { ...input, ReturnValues: 'ALL_NEW' } : input,
          input.Key,
        );
        const sees = asks === 'NONE' || asks === 'ALL_NEW';
        table.written(input.Key, sees ? (answer.Attributes as WireItem) : await current(table, input.Key));
        // The size and the places in indexes are known now; the one unit of above is part of them.
        if (sees) meter.add('writes', writesOf(table, answer.Attributes as WireItem, 1, 1));
        if (asks !== 'NONE') return answer;
        const { Attributes: _, ...rest } = answer;
        return rest;
      },
    }),
    Query: operation(Query, {
      access: (input) => {
        const table = tableOf(input.TableName);
        const partitionKey = table.partitionKey(input.IndexName);
        if (partitionKey === undefined)
          throw new AwsError(
            'ValidationException',
            `The table does not have the specified index: ${input.IndexName ?? ''}`,
          );
        const resource = input.IndexName === undefined ? table.arn : `${table.arn}/index/${input.IndexName}`;
        return [
          {
            action: 'dynamodb:Query',
            resource,
            context: { 'dynamodb:LeadingKeys': [queriedKey(input, partitionKey)] },
          },
        ];
      },
      run: async (input) => {
        const table = tableOf(input.TableName);
        if (input.IndexName !== undefined && input.ConsistentRead === true) {
          throw new AwsError('ValidationException', 'Consistent reads are not supported on global secondary indexes');
        }
        const partition = queriedKey(input, table.partitionKey(input.IndexName) ?? '');
        const isConsistent = input.ConsistentRead === true;
        meter.admit('reads', readsOf(table, partition, input.IndexName, isConsistent, []));
        const answer = await dynalite.call('Query', {
          ...input,
          TableName: input.IndexName === undefined ? table.name : table.indexSource(),
        });
        meter.add('reads', readsOf(table, partition, input.IndexName, isConsistent, answer.Items as WireItem[]));
        return answer;
      },
    }),
    Scan: operation(
      z.strictObject({
        ...Common,
        FilterExpression: z.string().optional(),
        ExpressionAttributeValues: Item.optional(),
        ConsistentRead: z.boolean().optional(),
        ExclusiveStartKey: Item.optional(),
        Limit: z.number().int().min(1).optional(),
      }),
      {
        access: (input) => [{ action: 'dynamodb:Scan', resource: tableOf(input.TableName).arn }],
        run: (input) => dynalite.call('Scan', input),
      },
    ),
    BatchGetItem: operation(
      z.strictObject({ RequestItems: z.record(z.string(), BatchKeys), ReturnConsumedCapacity: z.string().optional() }),
      {
        access: (input) =>
          Object.entries(input.RequestItems).map(([name, request]) =>
            access('BatchGetItem', tableOf(name), request.Keys),
          ),
        items: (input) => Object.values(input.RequestItems).reduce((n, r) => n + r.Keys.length, 0),
        run: async (input) => {
          const asked: Record<string, unknown> = {};
          const unprocessed: Record<string, unknown> = {};
          for (const [name, request] of Object.entries(input.RequestItems)) {
            const { done, left } = leave(request.Keys);
            asked[name] = { ...request, Keys: done };
            if (left.length > 0) unprocessed[name] = { ...request, Keys: left };
          }
          return {
            ...(await dynalite.call('BatchGetItem', { ...input, RequestItems: asked })),
            UnprocessedKeys: unprocessed,
          };
        },
      },
    ),
    BatchWriteItem: operation(
      z.strictObject({
        RequestItems: z.record(z.string(), z.array(WriteRequest).min(1)),
        ReturnConsumedCapacity: z.string().optional(),
      }),
      {
        access: (input) =>
          Object.entries(input.RequestItems).map(([name, requests]) =>
            access(
              'BatchWriteItem',
              tableOf(name),
              requests.map((r) => r.PutRequest?.Item ?? r.DeleteRequest?.Key),
            ),
          ),
        items: (input) => Object.values(input.RequestItems).reduce((n, r) => n + r.length, 0),
        run: async (input) => {
          const count = Object.values(input.RequestItems).reduce((n, r) => n + r.length, 0);
          if (count > MAX_BATCH_WRITES)
            throw new AwsError('ValidationException', 'Too many items requested for the BatchWriteItem call');
          const asked: Record<string, readonly z.infer<typeof WriteRequest>[]> = {};
          const unprocessed: Record<string, unknown> = {};
          for (const [name, requests] of Object.entries(input.RequestItems)) {
            const { done, left } = leave(requests, (r) =>
              meter.admits('writes', writesOf(tableOf(name), r.PutRequest?.Item ?? r.DeleteRequest?.Key ?? {})),
            );
            asked[name] = done;
            if (left.length > 0) unprocessed[name] = left;
          }
          const items = Object.entries(asked).flatMap(([name, requests]) =>
            requests.map((r) => [name, r.PutRequest?.Item ?? r.DeleteRequest?.Key ?? {}] as const),
          );
          const answer = await transactor.serialized(items, () =>
            dynalite.call('BatchWriteItem', { ...input, RequestItems: asked }),
          );
          for (const [name, requests] of Object.entries(asked)) {
            for (const { PutRequest: put, DeleteRequest: del } of requests) {
              if (put !== undefined) tableOf(name).written(put.Item, put.Item);
              else if (del !== undefined) tableOf(name).written(del.Key, undefined);
            }
          }
          return { ...answer, UnprocessedItems: unprocessed };
        },
      },
    ),
    TransactWriteItems: transactOperation(
      transactor,
      ({ permission, tableName, key }) => [access(permission, tableOf(tableName), [key])],
      // A transaction writes each item twice: once to prepare it, once to commit it; a check costs the same.
      ({ permission, tableName, key, input }) =>
        2 +
        (permission === 'ConditionCheckItem'
          ? 0
          : tableOf(tableName).copies([
              ...Object.keys(key),
              ...Object.values((input.ExpressionAttributeNames ?? {}) as Record<string, string>),
            ])),
    ),
    DescribeTable: operation(z.strictObject({ TableName: z.string() }), {
      access: (input) => [{ action: 'dynamodb:DescribeTable', resource: tableOf(input.TableName).arn }],
      run: (input) => dynalite.call('DescribeTable', input),
    }),
  };
  const wire = jsonWire('DynamoDB_20120810', '1.0', 'com.amazonaws.dynamodb.v20120810');
  return { name: 'dynamodb', operations, about: rowKindsOf, ...wire };
};
