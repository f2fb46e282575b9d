import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { type Sleep, sleep } from '../messaging/partial-failure.ts';
import { isConditionFailed } from './items.ts';
import { keys } from './keys.ts';

/** Waits until one more call may be made; throws where that would take too long, so that the input comes again. */
export type Pace = () => Promise<void>;

/** The counter that every function's EC2 calls share. */
export const EC2_COUNTER = 'calls-of-ec2';

const MAX_WAIT_MS = 30_000;
const COUNTER_LIFE_SECONDS = 600;

/**
 * A pace over all copies of all functions: each call takes one from its second's counter in the table, and waits for the
 * next second where that is spent. It costs one small write a call, and holds however many functions run at once.
 */
export const createPace = ({
  client,
  tableName,
  counter,
  maxPerSecond,
  now,
  wait = sleep,
}: {
  readonly client: Pick<DynamoDBDocumentClient, 'send'>;
  readonly tableName: string;
  readonly counter: string;
  readonly maxPerSecond: number;
  readonly now: () => Date;
  readonly wait?: Sleep;
}): Pace => {
  const take = async (ms: number): Promise<boolean> => {
    try {
      await client.send(
        new UpdateCommand({
          TableName: tableName,
          Key: keys.rate(counter, new Date(ms).toISOString().slice(0, 19)),
          UpdateExpression: 'SET expiresAt = :expiry ADD taken :one',
          ConditionExpression: 'attribute_not_exists(taken) OR taken < :max',
          ExpressionAttributeValues: {
            ':one': 1,
            ':max': maxPerSecond,
            ':expiry': Math.floor(ms / 1000) + COUNTER_LIFE_SECONDS,
          },
        }),
      );
      return true;
    } catch (thrown) {
      if (isConditionFailed(thrown)) return false;
      throw thrown;
    }
  };
  return async () => {
    const startedMs = now().getTime();
    for (let waitedMs = 0; ; ) {
      const ms = startedMs + waitedMs;
      const nowMs = Math.max(ms, now().getTime());
      if (await take(nowMs)) return;
      const toNextSecondMs = 1000 - (nowMs % 1000);
      waitedMs = nowMs - startedMs + toNextSecondMs;
      if (waitedMs > MAX_WAIT_MS) {
        throw new Error(
          `waiting for a turn (${counter}): more than ${MAX_WAIT_MS / 1000} s at ${maxPerSecond} calls a second; it will come again`,
        );
      }
      await wait(toNextSecondMs);
    }
  };
};
