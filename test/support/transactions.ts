import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { TABLE } from '../../functions/adapters/table/keys.ts';
import { AwsError } from '../../lab/aws/aws-error.ts';
import type { Dynalite } from '../../lab/aws/dynalite.ts';
import type { Call, WireAnswer } from '../../lab/aws/service.ts';
import { createTransactor, type Transactor, transactOperation } from '../../lab/aws/transactor.ts';
import { jsonWire } from '../../lab/aws/wire.ts';

type Item = Readonly<Record<string, unknown>>;
type Request = { readonly headers: Readonly<Record<string, string>>; readonly body: Uint8Array };
type Body = { readonly TableName: string; readonly Item?: Item; readonly Key?: Item };
type Write = { readonly PutRequest?: { readonly Item: Item }; readonly DeleteRequest?: { readonly Key: Item } };
type Batch = { readonly RequestItems: Readonly<Record<string, readonly Write[]>> };

const SINGLE_WRITES = ['PutItem', 'UpdateItem', 'DeleteItem'];
const CALL: Call = { principal: { kind: 'user', arn: '', principalArn: '', policies: [] }, requestId: 'test' };

const itemsOf = ({ RequestItems }: Batch) =>
  Object.entries(RequestItems).flatMap(([table, writes]) =>
    writes.map((write) => [table, write.PutRequest?.Item ?? write.DeleteRequest?.Key ?? {}] as const),
  );

/** Runs a call of the table after, or refused by, the transactions that hold its items. */
export const serializedWith =
  (transactor: Transactor) =>
  async <Answer>(name: string, input: unknown, forward: () => Promise<Answer>): Promise<Answer> => {
    if (name === 'BatchWriteItem') return await transactor.serialized(itemsOf(input as Batch), forward);
    const { TableName, Item, Key } = input as Body;
    if (SINGLE_WRITES.includes(name)) return await transactor.single(TableName, Item ?? Key ?? {}, forward);
    return name === 'GetItem' ? await transactor.serialized([[TableName, Key ?? {}]], forward) : await forward();
  };

/** Adds the lab's transactions to a client of dynalite; its other calls are serialized with them. */
export const addTransactions = (client: DynamoDBClient, dynalite: Dynalite): void => {
  const wire = jsonWire('DynamoDB_20120810', '1.0', 'com.amazonaws.dynamodb.v20120810');
  const transactor = createTransactor({
    call: dynalite.call,
    now: Date.now,
    keyNamesOf: () => [TABLE.partitionKey, TABLE.sortKey],
  });
  const transact = transactOperation(transactor);
  const run = serializedWith(transactor);
  const answered = ({ status, headers, body }: WireAnswer) => ({
    response: { statusCode: status, headers, body: Readable.from([Buffer.from(body)]) },
  });
  client.middlewareStack.add(
    (next) => async (args) => {
      const { headers, ...request } = args.request as Request;
      const body = new TextDecoder().decode(request.body);
      const name = headers['x-amz-target']?.split('.')[1] ?? '';
      try {
        if (name === 'TransactWriteItems')
          return answered(wire.write(name, await transact(JSON.parse(body)).run(CALL), CALL.requestId)) as never;
        return await run(name, JSON.parse(body), () => next(args));
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        // A refusal takes a turn of the event loop, as it does over a network: a caller that loops lets others work.
        await setImmediate();
        return answered(wire.writeError(error, CALL.requestId)) as never;
      }
    },
    { step: 'deserialize', priority: 'low', name: 'transactions' },
  );
};
