import { ChangeMessageVisibilityCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { backOffSeconds, createReturnSoon, LANES_BACK_OFF, SIGNALS_BACK_OFF } from './failed-records.ts';

const longest = () => 1;
const DELIVERIES = [1, 2, 3, 4, 5, 6, 7, 8, 9];

describe('the back-off of a failed record', () => {
  it('is seconds at first, and ten deliveries of a signal outlast half an hour', () => {
    const waits = DELIVERIES.map((n) => backOffSeconds(SIGNALS_BACK_OFF, n, longest));
    expect(waits).toEqual([2, 6, 18, 54, 162, 486, 600, 600, 600]);
    const shortest = DELIVERIES.map((n) => backOffSeconds(SIGNALS_BACK_OFF, n, () => 0));
    expect(shortest.reduce((sum, wait) => sum + wait)).toBeGreaterThan(20 * 60);
  });

  it('holds a lane for a minute at most', () => {
    expect(DELIVERIES.map((n) => backOffSeconds(LANES_BACK_OFF, n, longest))).toEqual([
      2, 4, 8, 16, 32, 60, 60, 60, 60,
    ]);
  });

  it('is a second at least', () => {
    expect(backOffSeconds(LANES_BACK_OFF, 1, () => 0)).toBe(1);
  });

  it('is asked of SQS for the receipt of this delivery', async () => {
    const sent: unknown[] = [];
    const send = async (command: unknown) => {
      if (command instanceof ChangeMessageVisibilityCommand) sent.push(command.input);
      return {};
    };
    const client = { send: send as SQSClient['send'] };
    const options = { client, queueUrl: 'https://sqs.example/1/signals', backOff: SIGNALS_BACK_OFF, random: longest };
    await createReturnSoon(options)({ receiptHandle: 'r1', attributes: { ApproximateReceiveCount: '3' } });
    expect(sent).toEqual([{ QueueUrl: 'https://sqs.example/1/signals', ReceiptHandle: 'r1', VisibilityTimeout: 18 }]);
  });
});
