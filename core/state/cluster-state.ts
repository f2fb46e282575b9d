import * as z from 'zod';
import { ClusterName, IsoTime } from '../model/ids.ts';

/** Shared by a cluster's lanes: how many slots each holds, and which disruptive lane is at work. */
export const ClusterState = z.strictObject({
  cluster: ClusterName,
  version: z.number().int().nonnegative(),
  slots: z.record(z.string(), z.number().int().nonnegative()),
  disruptiveLane: z.string().optional(),
  /** How many nodes the cluster had, and when they were counted. */
  nodeCount: z.number().int().nonnegative().optional(),
  countedAt: IsoTime.optional(),
});
export type ClusterState = z.infer<typeof ClusterState>;

/** A pause in force, or the record of one. `scope` is `ALL` or `CLUSTER#<name>`. */
export const PauseRow = z.strictObject({
  scope: z.string(),
  state: z.enum(['paused', 'resumed']),
  at: IsoTime,
  by: z.string().max(200),
  reason: z.string().max(500),
  lambdaRequestId: z.string().optional(),
});
export type PauseRow = z.infer<typeof PauseRow>;
