import * as z from 'zod';

/** The payloads of the schedules: `overdue` every minute, `sweep` every sweep interval. */
export const TickRequest = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('overdue') }),
  z.strictObject({ kind: z.literal('sweep'), everyMinutes: z.number().int().min(5).max(1440) }),
]);

/** The payload of the weekly schedule. */
export const DigestRequest = z.strictObject({ kind: z.literal('digest') });
