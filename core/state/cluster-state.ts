import * as z from 'zod';
import { ClusterName, IsoTime } from '../model/ids.ts';
import { stored } from '../model/stored.ts';

/** The slots that a run holds of its cluster's budget. */
export const SlotEntry = stored({
  lane: z.string(),
  count: z.number().int().positive(),
  /** The latest hard deadline of the run's open commands: nothing that the slots stand for runs after it. */
  until: IsoTime,
  /** The version of the run that wrote the entry: a writer with an older one must not change it. */
  runVersion: z.number().int().nonnegative(),
});
export type SlotEntry = z.infer<typeof SlotEntry>;

/** Shared by a cluster's lanes: the slots that each run holds, and the disruptive run at work. */
export const ClusterState = stored({
  cluster: ClusterName,
  version: z.number().int().nonnegative(),
  slots: z.record(z.string(), SlotEntry),
  disruptive: stored({ lane: z.string(), runId: z.string() }).optional(),
  /** The disruptive lanes that wait for the one at work. */
  waiting: z.array(z.string()).optional(),
  /** How many nodes the cluster had, and when they were counted. */
  nodeCount: z.number().int().nonnegative().optional(),
  countedAt: IsoTime.optional(),
});
export type ClusterState = z.infer<typeof ClusterState>;

/** A pause in force, or the record of one. `scope` is `ALL` or `CLUSTER#<name>`. */
export const PauseRow = stored({
  scope: z.string(),
  /** Repairs, or also checks and sweeps. */
  covers: z.enum(['repairs', 'everything']).default('everything'),
  state: z.enum(['paused', 'resumed']),
  /** The pause ends by itself at this time. */
  until: IsoTime.optional(),
  at: IsoTime,
  by: z.string().max(200),
  reason: z.string().max(500),
  lambdaRequestId: z.string().optional(),
});
export type PauseRow = z.infer<typeof PauseRow>;
