import * as z from 'zod';

/**
 * A log payload that operator-api sends back to log-classifier. Its symptoms lead to checks at most, so the mark gives its
 * sender nothing: who may invoke the function may also send the payload without it.
 */
const ReplayedLogs = z.strictObject({ replayedLetter: z.string(), payload: z.unknown() });

/** A log payload with the mark of a replay. */
export const replayedLogs = (messageId: string, payload: unknown): z.input<typeof ReplayedLogs> => ({
  replayedLetter: messageId,
  payload,
});

/** The log payload of an invocation, and whether it is a replayed one. */
export const withoutMark = (event: unknown): { readonly payload: unknown; readonly isReplayed: boolean } => {
  const replayed = ReplayedLogs.safeParse(event);
  return replayed.success
    ? { payload: replayed.data.payload, isReplayed: true }
    : { payload: event, isReplayed: false };
};
