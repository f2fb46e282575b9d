import * as z from 'zod';
import { ClusterName } from './ids.ts';
import { parseLaneName } from './lane-name.ts';

/** A FIFO group id: 1 to 128 letters, digits and punctuation (SQS SendMessage API reference). */
const Group = z.string().regex(/^[!-~]{1,128}$/, 'not a name of a lane or a run');
const NO_LANE = 'not a name of a lane: expected CLUSTER/REMEDIATION';
// The name is a part of stored keys, and its cluster a field of stored rows.
const Lane = Group.regex(/^[^/]+\/[\w-]+$/, NO_LANE).refine(
  (lane) => ClusterName.safeParse(parseLaneName(lane).cluster).success,
  NO_LANE,
);

/**
 * The message of the lanes queue: process this group. It carries no data, so a duplicate or an old one is harmless.
 * `group` is the FIFO message group: a lane's name for lanes and their repair runs, the run's id for checks.
 */
export const Wake = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('lane'), lane: Lane }),
  z.strictObject({ kind: z.literal('run'), runId: Group }),
]);
export type Wake = z.infer<typeof Wake>;

/** Whether a text is the name of a lane. */
export const isLane = (text: string): boolean => Lane.safeParse(text).success;

/** The FIFO message group of a wake. */
export const groupOf = (wake: Wake): string => (wake.kind === 'lane' ? wake.lane : wake.runId);

/** Wakes a lane. */
export const wakeLane = (lane: string): Wake => ({ kind: 'lane', lane });

/** Wakes a run that is a group of its own. */
export const wakeRun = (runId: string): Wake => ({ kind: 'run', runId });

/** Wakes whatever advances a run: its lane, or the run itself where it is a group of its own. */
export const wakeOf = ({ group, runId }: { readonly group: string; readonly runId: string }): Wake =>
  group === runId ? wakeRun(runId) : wakeLane(group);
