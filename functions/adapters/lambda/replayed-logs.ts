import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { replayedLogs } from '../../../events/replayed-logs.ts';

/** Invokes log-classifier with a log payload that comes from a dead letter. Returns once Lambda has accepted it. */
export type ReplayLogs = (payload: unknown, messageId: string) => Promise<void>;

/** The asynchronous invocation of log-classifier, as CloudWatch Logs invokes it; the payload carries the mark of a replay. */
export const createReplayLogs =
  ({
    client,
    functionName,
  }: {
    readonly client: Pick<LambdaClient, 'send'>;
    readonly functionName: string;
  }): ReplayLogs =>
  async (payload, messageId) => {
    await client.send(
      new InvokeCommand({
        FunctionName: functionName,
        InvocationType: 'Event',
        Payload: JSON.stringify(replayedLogs(messageId, payload)),
      }),
    );
  };
