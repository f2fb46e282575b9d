import * as z from 'zod';
import { IsoTime } from '../model/ids.ts';
import { stored } from '../model/stored.ts';

/**
 * A notice that waits to be sent. It is stored in one transaction with what it is about, so that neither is there without the
 * other; scheduler sends it.
 */
export const NoticeRow = stored({
  /** One notice is stored under a key: a later one replaces it. */
  key: z.string(),
  /** Lets a reader drop duplicates. */
  id: z.string(),
  detailType: z.string(),
  detail: z.record(z.string(), z.unknown()),
  /** When what it is about happened, or will. */
  at: IsoTime,
  /** When it is sent, or tried again. */
  dueAt: IsoTime,
  /** How often the bus has refused it. */
  tries: z.number().int().positive().optional(),
});
export type NoticeRow = z.infer<typeof NoticeRow>;
