import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import pMap from 'p-map';
import { unreadOf } from '../unread.ts';

/** How many messages a dead-letter queue has, or why that cannot be read. */
export type LetterCount = { readonly queue: string } & ({ readonly count: number } | { readonly problem: string });

/** Counts the messages of every dead-letter queue, those that somebody is reading too. SQS counts approximately. */
export type LetterCounts = () => Promise<readonly LetterCount[]>;

const nameOf = (queueUrl: string): string => queueUrl.slice(queueUrl.lastIndexOf('/') + 1);

/** The dead-letter queues behind their URLs. */
export const createLetterCounts =
  ({
    client,
    queueUrls,
  }: {
    readonly client: Pick<SQSClient, 'send'>;
    readonly queueUrls: readonly string[];
  }): LetterCounts =>
  () =>
    pMap(queueUrls, async (QueueUrl): Promise<LetterCount> => {
      const queue = nameOf(QueueUrl);
      try {
        const { Attributes: attributes = {} } = await client.send(
          new GetQueueAttributesCommand({
            QueueUrl,
            AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
          }),
        );
        const visible = Number(attributes.ApproximateNumberOfMessages ?? 0);
        return { queue, count: visible + Number(attributes.ApproximateNumberOfMessagesNotVisible ?? 0) };
      } catch (thrown) {
        return { queue, problem: unreadOf(`SQS GetQueueAttributes of ${queue}`, thrown).problem };
      }
    });
