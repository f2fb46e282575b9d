import * as z from 'zod';
import { ClusterName, InstanceId, IsoTime } from '../model/ids.ts';
import { stored } from '../model/stored.ts';

/** How a node ended, by a final result that shows what the document does. */
export const TrustResult = stored({
  instanceId: InstanceId,
  runId: z.string(),
  /** When the result was observed, by fleetmend's clock: the clock of a node may be wrong. */
  at: IsoTime,
  /** `failed`: a failure attributable to the document. */
  end: z.enum(['repaired', 'failed']),
  /** Whether the node was sent to as a canary. */
  isCanary: z.boolean(),
});
export type TrustResult = z.infer<typeof TrustResult>;

/** A circuit breaker, at its last opening. */
export const Breaker = stored({
  openedAt: IsoTime,
  openUntil: IsoTime,
  /** The number of consecutive openings. */
  openings: z.number().int().positive(),
  /** The step that decides how long it is open; that of a row without it is the number of openings. */
  step: z.number().int().positive().optional(),
  /** The nodes whose failures opened it, at this opening and the ones before it in a row. */
  nodes: z.array(InstanceId).optional(),
  /** The run whose failures opened it; absent where the row before this one could not be read. */
  runId: z.string().optional(),
});
export type Breaker = z.infer<typeof Breaker>;

/**
 * The experience with one document in one cluster: the last result of each node, the newest first, and the breaker. The
 * name of a document changes with its content, so a new script has no row.
 */
export const TrustRow = stored({
  document: z.string(),
  cluster: ClusterName,
  version: z.number().int().nonnegative(),
  results: z.array(TrustResult),
  breaker: Breaker.optional(),
});
export type TrustRow = z.infer<typeof TrustRow>;

/** Whether a document's breaker in a cluster is open, or has not closed again: what its other clusters need to know of it. */
export const TrippedRow = stored({
  document: z.string(),
  cluster: ClusterName,
  openUntil: IsoTime,
  isTripped: z.boolean(),
});
export type TrippedRow = z.infer<typeof TrippedRow>;
