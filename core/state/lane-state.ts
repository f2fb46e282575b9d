import * as z from 'zod';
import { ClusterName, IsoTime } from '../model/ids.ts';

/**
 * The registry does not answer a lane's nodes: those that need it wait until then. After that they go one at a time,
 * until it answers one (the hold ends) or is silent again (the next hold, twice as long).
 */
export const RegistryHold = z.strictObject({
  until: IsoTime,
  /** How many holds in a row. */
  holds: z.number().int().positive(),
  /** The run that began it. */
  runId: z.string(),
});
export type RegistryHold = z.infer<typeof RegistryHold>;

/** A lane: one cluster and one remediation's repairs, or the cluster's checks. */
export const LaneState = z.strictObject({
  lane: z.string(),
  cluster: ClusterName,
  remediation: z.string(),
  version: z.number().int().nonnegative(),
  /** The lane's run, set before the run itself is stored: after a crash it is planned again under the same id. */
  activeRunId: z.string().optional(),
  breaker: z.strictObject({ openUntil: IsoTime, openings: z.number().int().positive(), runId: z.string() }).optional(),
  registryHold: RegistryHold.optional(),
  /** Attributable failures since the last `Repaired`. */
  attributableFailures: z.number().int().nonnegative().default(0),
  /** The window at the end of the last run, and when; a run soon after need not start with canaries. */
  lastWindow: z.strictObject({ window: z.number().int().positive(), at: IsoTime }).optional(),
  dueAt: IsoTime.optional(),
  /** When a wake for pending nodes was sent; run-controller removes it before it reads the pending nodes. */
  calledAt: IsoTime.optional(),
});
export type LaneState = z.infer<typeof LaneState>;
