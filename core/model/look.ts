import * as z from 'zod';
import { Wake } from './wake.ts';

/**
 * The message of the progress queue by which run-controller asks for a look at a command that it has sent, some seconds
 * after the sending. The nodes that have ended by then free their slots, and the command goes on with the others.
 */
export const Look = z.strictObject({
  kind: z.literal('look'),
  commandId: z.string().min(1).max(100),
  /** The number of the look at this command, from 1. */
  attempt: z.number().int().positive(),
});
export type Look = z.infer<typeof Look>;

/**
 * The message of the progress queue by which run-controller asks for a wake some seconds later: the messages of the lanes queue,
 * which is a FIFO queue, cannot be delayed one by one.
 */
export const LaterWake = z.strictObject({ kind: z.literal('wake'), wake: Wake });
export type LaterWake = z.infer<typeof LaterWake>;
