import * as z from 'zod';

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
