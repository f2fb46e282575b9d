import type { SQSEvent } from 'aws-lambda';
import { REPLAY_MARK } from '../../functions/adapters/messaging/replay-mark.ts';

/** An SQS batch as the event source mapping hands it over; message ids are m0, m1, … Its messages are old by default. */
export const sqsEvent = (bodies: readonly unknown[], group?: string, receiveCount = 1, sentAtMs = 0): SQSEvent => ({
  Records: bodies.map((body, i) => ({
    messageId: `m${i}`,
    receiptHandle: `r${i}`,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    attributes: {
      ApproximateReceiveCount: String(receiveCount),
      SentTimestamp: String(sentAtMs),
      SenderId: 'test',
      ApproximateFirstReceiveTimestamp: '0',
      ...(group === undefined ? {} : { MessageGroupId: group }),
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:123456789012:test',
    awsRegion: 'us-east-1',
  })),
});

/** The batch as `replay` sends its messages. */
export const replayed = (event: SQSEvent): SQSEvent => ({
  Records: event.Records.map((record) => ({
    ...record,
    messageAttributes: { [REPLAY_MARK]: { stringValue: 'letter', dataType: 'String' } },
  })),
});
