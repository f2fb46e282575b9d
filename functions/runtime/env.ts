import * as z from 'zod';
import { everyIssue } from '../../core/model/issue.ts';

const QueueUrl = z.url('expected the URL of an SQS queue');

/** Name of the audit table. */
export const TABLE_NAME = z.string().regex(/^[A-Za-z0-9_.-]{3,255}$/, 'expected the name of a DynamoDB table');
/** Name or ARN of fleetmend's event bus. */
export const BUS_NAME = z.string().min(1, 'expected the name of an event bus').max(1600);
/** URL of the FIFO queue that wakes run-controller. */
export const LANES_QUEUE_URL = QueueUrl;
/** URL of the queue that command-tracker works on. */
export const PROGRESS_QUEUE_URL = QueueUrl;
/** URL of the function's own dead-letter queue, for input that it cannot process. */
export const BAD_INPUT_QUEUE_URL = QueueUrl;
/** URL of the queue that signal-intake works on. */
export const SIGNALS_QUEUE_URL = QueueUrl;
/** URL of the queue that the function works on. */
export const INBOX_QUEUE_URL = QueueUrl;
/** How many copies of the function work on its queue at most. */
export const COPIES = z.coerce.number().int().min(1);

/**
 * Reads the named variables of the environment, for example `readEnv({ TABLE_NAME, BUS_NAME })`. It throws at cold
 * start and names every bad variable at once, so that one deployment repairs all of them.
 */
export const readEnv = <Shape extends z.ZodRawShape>(
  shape: Shape,
  source: Readonly<Record<string, string | undefined>> = process.env,
): z.output<z.ZodObject<Shape>> => {
  const parsed = z.object(shape).safeParse(source);
  if (parsed.success) return parsed.data;
  const bad = everyIssue(parsed.error, '(whole)').map(({ field, message }) => `${field} (${message})`);
  throw new Error(`reading the environment: ${bad.join('; ')}: deploy again, or set them`, { cause: parsed.error });
};
