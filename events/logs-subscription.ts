import { gunzipSync, gzipSync } from 'node:zlib';
import * as z from 'zod';
import { describeIssue } from '../core/model/issue.ts';
import { failure, type Result, success } from '../core/model/result.ts';

/** The event from CloudWatch Logs for log-classifier: a base64 text of a gzipped {@link LogsPayload}. */
export const LogsSubscriptionEvent = z.object({ awslogs: z.object({ data: z.string().min(1) }) });
export type LogsSubscriptionEvent = z.infer<typeof LogsSubscriptionEvent>;

/** The maximum size of a decompressed payload, in bytes. CloudWatch Logs sends some MB; a gzip bomb has gigabytes. */
export const MAX_PAYLOAD_BYTES = 32 * 1024 * 1024;

/** Year 9999: later times have no ISO form that sorts. */
const LAST_MOMENT_MS = 253_402_300_799_999;

/** The payload inside. `CONTROL_MESSAGE` only tests whether the function can be reached. */
export const LogsPayload = z.discriminatedUnion('messageType', [
  z.object({ messageType: z.literal('CONTROL_MESSAGE') }),
  z.object({
    messageType: z.literal('DATA_MESSAGE'),
    logGroup: z.string().min(1).max(512),
    logStream: z.string().max(512),
    logEvents: z.array(
      z.object({ id: z.string(), timestamp: z.number().int().min(0).max(LAST_MOMENT_MS), message: z.string() }),
    ),
  }),
]);
export type LogsPayload = z.infer<typeof LogsPayload>;

const unreadable = (problem: string, cause?: unknown): Result<never> =>
  failure(
    `reading the subscription payload: ${problem}${cause instanceof Error ? `: ${cause.message.slice(0, 150)}` : ''}`,
  );

/**
 * Decodes a CloudWatch Logs subscription event: base64, gzip of at most {@link MAX_PAYLOAD_BYTES}, JSON (CloudWatch
 * Logs user guide, SubscriptionFilters). Whatever it is given, it answers and does not throw.
 */
export const decodeLogs = (event: unknown): Result<LogsPayload> => {
  const outer = LogsSubscriptionEvent.safeParse(event);
  if (!outer.success) return unreadable('it has no awslogs.data');
  let unpacked: Buffer;
  try {
    unpacked = gunzipSync(Buffer.from(outer.data.awslogs.data, 'base64'), { maxOutputLength: MAX_PAYLOAD_BYTES });
  } catch (cause) {
    return unreadable('it is not gzip of at most 32 MiB in base64', cause);
  }
  let json: unknown;
  try {
    json = JSON.parse(unpacked.toString('utf8'));
  } catch (cause) {
    return unreadable('it holds no JSON', cause);
  }
  const inner = LogsPayload.safeParse(json);
  if (inner.success) return success(inner.data);
  return unreadable(`${describeIssue(inner.error, '(payload)')}`);
};

/** A subscription event of the given lines, as CloudWatch Logs would send it; for tests, samples and the lab. */
export const logsSubscription = (payload: {
  readonly owner: string;
  readonly logGroup: string;
  readonly logStream: string;
  readonly subscriptionFilters: readonly string[];
  readonly logEvents: readonly { readonly id: string; readonly timestamp: number; readonly message: string }[];
}): LogsSubscriptionEvent => ({
  awslogs: { data: gzipSync(JSON.stringify({ messageType: 'DATA_MESSAGE', ...payload })).toString('base64') },
});
