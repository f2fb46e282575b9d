import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';

/** A message to everybody who subscribes to a topic. */
export type TopicMessage = {
  /** ASCII, 99 characters at most. Only mails show it. */
  readonly subject?: string;
  readonly message: string;
  /** Strings by which a subscription filters; none is empty. */
  readonly attributes: Readonly<Record<string, string>>;
};

/** An SNS topic. Returns once SNS has accepted the message. */
export type Topic = { readonly publish: (message: TopicMessage) => Promise<void> };

/** The topic with this ARN. */
export const createTopic = ({
  client,
  topicArn,
}: {
  readonly client: Pick<SNSClient, 'send'>;
  readonly topicArn: string;
}): Topic => ({
  publish: async ({ subject, message, attributes }) => {
    await client.send(
      new PublishCommand({
        TopicArn: topicArn,
        Message: message,
        Subject: subject,
        MessageAttributes: Object.fromEntries(
          Object.entries(attributes).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
        ),
      }),
    );
  },
});
