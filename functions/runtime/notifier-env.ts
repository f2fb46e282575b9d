import * as z from 'zod';
import { SENDS } from '../../core/api/notice.ts';

// Apart from env.ts, whose variables are in the bundle of each function.

/** Name of the function audit-query, with the alias that reads. */
export const AUDIT_QUERY_NAME = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}:look$/, 'expected the name of a Lambda function, with its alias look');
const TopicArn = z
  .string()
  .regex(/^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$/, 'expected the ARN of a topic');
/** ARN of the topic of notices. */
export const NOTICES_TOPIC_ARN = TopicArn;
/** ARN of the topic that a chat reads; absent where the configuration wants none. */
export const CHAT_TOPIC_ARN = TopicArn.optional();
/** Which notices are sent. */
export const NOTICES_SEND = z.enum(SENDS);
/** The stack's name, as Powertools reads it too. */
export const POWERTOOLS_SERVICE_NAME = z.string().min(1);
