import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { TABLE } from '../../functions/adapters/table/keys.ts';
import { AwsError } from '../../lab/aws/aws-error.ts';
import type { Dynalite } from '../../lab/aws/dynalite.ts';
import type { Call, WireAnswer } from '../../lab/aws/service.ts';
import { createTransactor, transactOperation } from '../../lab/aws/transactor.ts';
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

/** Adds the lab's transactions to a client of dynalite; its other calls are serialized with them. */
export const addTransactions = (client: DynamoDBClient, dynalite: Dynalite): void => {
  const wire = jsonWire('DynamoDB_20120810', '1.0', 'com.amazonaws.dynamodb.v20120810');
  const transactor = createTransactor({
    call: dynalite.call,
    now: Date.now,
    keyNamesOf: () => [TABLE.partitionKey, TABLE.sortKey],
  });
  const transact = transactOperation(transactor);
  const answered = ({ status, headers, body }: WireAnswer) => ({
    response: { statusCode: status, headers, body: Readable.from([Buffer.from(body)]) },
  });
  client.middlewareStack.add(
    (next) => async (args) => {
      const { headers, ...request } = args.request as Request;
      const body = new TextDecoder().decode(request.body);
      const name = headers['x-amz-target']?.split('.')[1] ?? '';
      const forward = () => next(args);
      try {
        if (name === 'TransactWriteItems')
          return answered(wire.write(name, await transact(JSON.parse(body)).run(CALL), CALL.requestId)) as never;
        if (name === 'BatchWriteItem') return await transactor.serialized(itemsOf(JSON.parse(body) as Batch), forward);
        const { TableName, Item, Key } = JSON.parse(body) as Body;
        if (SINGLE_WRITES.includes(name)) return await transactor.single(TableName, Item ?? Key ?? {}, forward);
        return name === 'GetItem' ? await transactor.serialized([[TableName, Key ?? {}]], forward) : await forward();
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
