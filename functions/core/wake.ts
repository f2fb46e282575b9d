import * as z from 'zod';

/**
 * The message of the lanes queue: "look at this". It carries no data, so a duplicate or an old one is harmless.
 * `group` is the FIFO message group: a lane's name for lanes and their repair runs, the run's id for checks.
 */
export const Wake = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('lane'), lane: z.string() }),
  z.strictObject({ kind: z.literal('run'), runId: z.string() }),
]);
export type Wake = z.infer<typeof Wake>;

/** The FIFO message group of a wake. FIFO group ids are 1 to 128 characters of letters, digits and punctuation. */
export const groupOf = (wake: Wake): string => (wake.kind === 'lane' ? wake.lane : wake.runId);
