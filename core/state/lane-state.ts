import * as z from 'zod';
import { defined } from '../model/defined.ts';
import { ClusterName, InstanceId, IsoTime } from '../model/ids.ts';
import { stored } from '../model/stored.ts';

/** What the repairs of a lane have shown of the registry in the last day. */
export const RegistryNews = stored({
  /** The nodes that had no answer: the first and the last time since their own last answer. */
  silent: z.record(z.string(), stored({ first: IsoTime, last: IsoTime })),
  /** The newest answers, of two distinct nodes. */
  answered: z.array(stored({ instanceId: InstanceId, at: IsoTime })),
});
export type RegistryNews = z.infer<typeof RegistryNews>;

/**
 * The registry does not answer a lane's nodes, and the nodes that need it wait until `until`. After that, a few nodes try
 * it: an answer to one of them ends the hold; if none has one, the next hold starts, twice as long.
 */
export const RegistryHold = stored({
  until: IsoTime,
  /** The number of consecutive holds. */
  holds: z.number().int().positive(),
  /** The run that started the hold. */
  runId: z.string(),
  /** The last silence that started the hold: an answer after it ends the hold. */
  silentAt: IsoTime,
});
export type RegistryHold = z.infer<typeof RegistryHold>;

/** Turns of a lane, or of a check in its own group, that failed one after the other. */
export const Failures = stored({
  count: z.number().int().positive(),
  firstAt: IsoTime,
  /** Why the last one failed. */
  message: z.string(),
});
export type Failures = z.infer<typeof Failures>;

/** A lane: one cluster and one remediation's repairs, or the cluster's checks. */
export const LaneState = stored({
  lane: z.string(),
  cluster: ClusterName,
  remediation: z.string(),
  version: z.number().int().nonnegative(),
  /** The lane's run, set before the run itself is stored: after a crash it is planned again under the same id. */
  activeRunId: z.string().optional(),
  /** Runs that the lane no longer waits for, until the time at which none of their nodes can still be under repair. */
  left: z.array(stored({ runId: z.string(), until: IsoTime })).optional(),
  registry: RegistryNews.optional(),
  registryHold: RegistryHold.optional(),
  failures: Failures.optional(),
  dueAt: IsoTime.optional(),
  /** How often signals have touched the lane: it is left without a run only if none has since it was read. */
  news: z.number().int().nonnegative().optional(),
  /** When a wake for pending nodes was sent; run-controller removes it before it reads the pending nodes. */
  calledAt: IsoTime.optional(),
});
export type LaneState = z.infer<typeof LaneState>;

/** What of a lane's row can be read, where all of it cannot. */
const Readable = z.object({
  activeRunId: LaneState.shape.activeRunId.catch(undefined),
  registry: LaneState.shape.registry.catch(undefined),
  registryHold: LaneState.shape.registryHold.catch(undefined),
});

/**
 * The row of a lane in place of one that cannot be read: it keeps what is understood, and is due. A run that it no longer
 * knows ends by itself.
 */
export const salvagedLane = (
  of: Pick<LaneState, 'lane' | 'cluster' | 'remediation'>,
  row: Readonly<Record<string, unknown>>,
  dueAt: string,
): LaneState => ({ ...of, version: 0, ...defined(Readable.parse(row)), dueAt });
