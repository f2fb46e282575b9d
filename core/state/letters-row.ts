import * as z from 'zod';
import { IsoTime } from '../model/ids.ts';

/** The record of an action on dead letters. */
export const LettersRow = z.strictObject({
  action: z.enum(['replay', 'discard']),
  at: IsoTime,
  by: z.string(),
  reason: z.string().optional(),
  lambdaRequestId: z.string().optional(),
  /** How many letters of each kind; missing while the action goes on, or where it failed. */
  kinds: z.record(z.string(), z.number().int().nonnegative()).optional(),
});
export type LettersRow = z.infer<typeof LettersRow>;
