import * as z from 'zod';
import { defined } from '../model/defined.ts';
import { ClusterName, IsoTime } from '../model/ids.ts';
import { stored } from '../model/stored.ts';

/** The slots that a run holds of its cluster's budget. */
export const SlotEntry = stored({
  lane: z.string(),
  count: z.number().int().positive(),
  /** The latest hard deadline of the run's open commands: nothing that the slots stand for runs after it. */
  until: IsoTime,
  /** When the last of its open commands was sent. */
  sentAt: IsoTime.optional(),
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

/** What of a cluster's row can be read, where all of it cannot. */
const Readable = z.object({
  slots: z.record(z.string(), SlotEntry.nullable().catch(null)).catch({}),
  disruptive: ClusterState.shape.disruptive.catch(undefined),
  waiting: ClusterState.shape.waiting.catch(undefined),
});

/**
 * The row of a cluster in place of one that cannot be read: it keeps what is understood. One more entry takes the whole
 * budget until nothing that is under way can still run, because nobody knows what the other entries stood for.
 */
export const salvagedCluster = (
  cluster: string,
  row: Readonly<Record<string, unknown>>,
  { until, budget }: { readonly until: string; readonly budget: number },
): ClusterState => {
  const { slots, disruptive, waiting } = Readable.parse(row);
  const kept = Object.entries(slots).flatMap(([runId, entry]) => (entry === null ? [] : [[runId, entry] as const]));
  const unknown: SlotEntry = { lane: '', count: budget, until, runVersion: 0 };
  return {
    ...{ cluster, version: 0, slots: { ...Object.fromEntries(kept), unreadable: unknown } },
    ...defined({ disruptive, waiting }),
  };
};

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
