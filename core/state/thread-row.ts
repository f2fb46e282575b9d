import * as z from 'zod';
import { IsoTime } from '../model/ids.ts';
import { stored } from '../model/stored.ts';

/** What people have been told about one thing: the messages of one `dedupKey`. */
export const ThreadRow = stored({
  dedupKey: z.string(),
  version: z.number().int().nonnegative(),
  /** When the newest thing happened that people were told here. */
  at: IsoTime,
  /** The topics that have each message about that moment, by its id. */
  sent: z.record(z.string(), z.array(z.string())),
  /** Until then another copy sends a message of the thread. */
  busyUntil: IsoTime.optional(),
});
export type ThreadRow = z.infer<typeof ThreadRow>;
