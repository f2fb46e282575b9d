import { LambdaClient } from '@aws-sdk/client-lambda';
import { SNSClient } from '@aws-sdk/client-sns';
import { AWS_CLIENT } from '../adapters/aws-clients.ts';
import { createAskSummary } from '../adapters/lambda/ask-summary.ts';
import { createTopic } from '../adapters/messaging/topic.ts';
import { sleep } from '../adapters/sleep.ts';
import { createDocumentClient } from '../adapters/table/document-client.ts';
import { createThreadStore } from '../adapters/table/thread-store.ts';
import { readEnv, TABLE_NAME } from '../runtime/env.ts';
import {
  AUDIT_QUERY_NAME,
  CHAT_TOPIC_ARN,
  NOTICES_SEND,
  NOTICES_TOPIC_ARN,
  POWERTOOLS_SERVICE_NAME,
} from '../runtime/notifier-env.ts';
import type { Telemetry } from '../runtime/telemetry.ts';
import type { NotifierPorts } from './ports.ts';

/** Builds notifier's clients, once per execution environment. */
export const composeNotifier = (telemetry: Telemetry): NotifierPorts => {
  const env = readEnv({
    NOTICES_TOPIC_ARN,
    CHAT_TOPIC_ARN,
    NOTICES_SEND,
    AUDIT_QUERY_NAME,
    POWERTOOLS_SERVICE_NAME,
    TABLE_NAME,
  });
  const client = new SNSClient(AWS_CLIENT.standard);
  const { CHAT_TOPIC_ARN: chat } = env;
  return {
    ...telemetry,
    topic: createTopic({ client, topicArn: env.NOTICES_TOPIC_ARN }),
    chat: chat === undefined ? undefined : createTopic({ client, topicArn: chat }),
    askSummary: createAskSummary({
      client: new LambdaClient(AWS_CLIENT.standard),
      functionName: env.AUDIT_QUERY_NAME,
    }),
    send: env.NOTICES_SEND,
    stackName: env.POWERTOOLS_SERVICE_NAME,
    threads: createThreadStore({ client: createDocumentClient(), tableName: env.TABLE_NAME }),
    now: () => new Date(),
    wait: sleep,
  };
};
