import * as z from 'zod';
import { ClusterName, IsoTime } from '../model/ids.ts';
import { stored } from '../model/stored.ts';

/**
 * The registry does not answer a lane's nodes, and the nodes that need it wait until `until`. After that, one node at a time
 * tries it, until it answers (the hold ends) or times out again (the next hold starts, twice as long).
 */
export const RegistryHold = stored({
  until: IsoTime,
  /** The number of consecutive holds. */
  holds: z.number().int().positive(),
  /** The run that started the hold. */
  runId: z.string(),
});
export type RegistryHold = z.infer<typeof RegistryHold>;

/** A lane: one cluster and one remediation's repairs, or the cluster's checks. */
export const LaneState = stored({
  lane: z.string(),
  cluster: ClusterName,
  remediation: z.string(),
  version: z.number().int().nonnegative(),
  /** The lane's run, set before the run itself is stored: after a crash it is planned again under the same id. */
  activeRunId: z.string().optional(),
  registryHold: RegistryHold.optional(),
  dueAt: IsoTime.optional(),
  /** How often signals have touched the lane: it is left without a run only if none has since it was read. */
  news: z.number().int().nonnegative().optional(),
  /** When a wake for pending nodes was sent; run-controller removes it before it reads the pending nodes. */
  calledAt: IsoTime.optional(),
});
export type LaneState = z.infer<typeof LaneState>;
