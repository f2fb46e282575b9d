import { ChangeMessageVisibilityCommand, type SQSClient } from '@aws-sdk/client-sqs';

/** The waiting time before a failed message is delivered again, by the number of its deliveries. */
export type BackOff = {
  readonly firstSeconds: number;
  readonly factor: number;
  readonly maxSeconds: number;
};

/**
 * A transient failure costs seconds, and ten deliveries last for about half an hour, so that an outage of a service makes no
 * dead letters.
 */
export const SIGNALS_BACK_OFF: BackOff = { firstSeconds: 2, factor: 3, maxSeconds: 600 };
/** A failed wake holds its group, and other wakes wait behind it: a minute at most. */
export const LANES_BACK_OFF: BackOff = { firstSeconds: 2, factor: 2, maxSeconds: 60 };

/** A message of a batch as far as its return needs it. */
export type FailedRecord = {
  readonly receiptHandle: string;
  readonly attributes: { readonly ApproximateReceiveCount: string };
};

/** Makes a failed message visible again after a short time that grows with each delivery. */
export type ReturnSoon = (record: FailedRecord) => Promise<void>;

/** The time for a delivery, between half of it and all of it at random, so that a batch does not come back at once. */
export const backOffSeconds = (
  { firstSeconds, factor, maxSeconds }: BackOff,
  deliveries: number,
  random: () => number,
): number => {
  const whole = Math.min(maxSeconds, firstSeconds * factor ** (Math.max(1, deliveries) - 1));
  return Math.max(1, Math.round(whole * (0.5 + random() / 2)));
};

/** The return of failed messages to their queue, in place of the whole visibility timeout. */
export const createReturnSoon =
  ({
    client,
    queueUrl,
    backOff,
    random = Math.random,
  }: {
    readonly client: Pick<SQSClient, 'send'>;
    readonly queueUrl: string;
    readonly backOff: BackOff;
    readonly random?: () => number;
  }): ReturnSoon =>
  async ({ receiptHandle, attributes }) => {
    const seconds = backOffSeconds(backOff, Number(attributes.ApproximateReceiveCount), random);
    await client.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: queueUrl,
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: seconds,
      }),
    );
  };
