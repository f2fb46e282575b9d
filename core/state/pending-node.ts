import * as z from 'zod';
import { type Because, becauseOfAll, Cause } from '../model/because.ts';
import { ClusterName, IsoTime, NodeId } from '../model/ids.ts';
import { SkipReason } from '../model/outcome.ts';
import { stored } from '../model/stored.ts';

/** Stands for every node of the cluster, in a row of its check lane. */
export const WHOLE_CLUSTER = '*';

/** How many requests may want one waiting node. Of more, the newest count. */
export const MAX_REQUESTS = 20;

/** A node that waits in a lane, or for one of the cluster's checks (lane `<cluster>/node-check`). */
export const PendingNode = stored({
  lane: z.string(),
  cluster: ClusterName,
  instanceId: z.union([NodeId, z.literal(WHOLE_CLUSTER)]),
  reason: z.string().max(64),
  image: z.string().max(300).optional(),
  /** A check found a method that needs no registry. */
  localMethod: z.literal(true).optional(),
  /** First and last time the symptom was seen, by the clock of the source. */
  firstSeenAt: IsoTime,
  lastSeenAt: IsoTime,
  /** How many signals this row stands for; 0 where only requests want the node. */
  signals: z.number().int().nonnegative(),
  source: z.string().max(100),
  /** What led to this row; its times, its count and its source are those of the row. */
  because: Cause.default({ kind: 'event' }),
  /** When a check last found the node broken, where a later signal is the row's source now. */
  checkedAt: IsoTime.optional(),
  /** The requests that want this node, where it was handed back to the lane. Cancelled ones are taken off. */
  requestIds: z.array(z.string()).max(MAX_REQUESTS).optional(),
  /** A new node: it is checked once its SSM agent is online, or given up at this time. */
  awaitAgentUntil: IsoTime.optional(),
  /** Not evaluated before this time; set if the reason of a decision not to act is temporary. */
  notBefore: IsoTime.optional(),
  /** The last decision not to act on this row, and its time. It is recorded once, not at every evaluation. */
  skipped: SkipReason.optional(),
  decidedAt: IsoTime.optional(),
  /** Changes with every write; a row is removed only if it has not changed since it was read. */
  version: z.string(),
});
export type PendingNode = z.infer<typeof PendingNode>;

/** The requests that want a node whose row cannot be read, as far as they are understood. */
export const requestsIn = (row: Readonly<Record<string, unknown>>): Pick<PendingNode, 'requestIds'> => {
  const { data } = PendingNode.shape.requestIds.safeParse(row.requestIds);
  return data === undefined ? {} : { requestIds: data };
};

/** Why a pending node waits. */
export const becauseOfRow = ({
  because,
  firstSeenAt,
  lastSeenAt,
  signals,
  source,
}: Pick<PendingNode, 'because' | 'firstSeenAt' | 'lastSeenAt' | 'signals' | 'source'>): Because => ({
  ...because,
  firstSeenAt,
  lastSeenAt,
  count: Math.max(1, signals),
  source,
});

/** Why a run over these rows exists; undefined for none. */
export const becauseOfRows = (rows: readonly PendingNode[]): Because | undefined =>
  becauseOfAll(rows.map(becauseOfRow));

/** The one request that wants a row which stands for nothing else; undefined for any other row. */
export const soleRequestOf = ({ signals, requestIds }: PendingNode): string | undefined =>
  signals === 0 && requestIds?.length === 1 ? requestIds[0] : undefined;

/** The requests of a row that stands for nothing else, where they are not a run's alone. */
export const othersIn = ({ signals, requestIds = [] }: PendingNode, requestId: string): readonly string[] =>
  signals === 0 && requestIds.some((id) => id !== requestId) ? requestIds : [];

/**
 * The first rows that one run takes, in the given order. Rows that only one request wants get a run of their own, which
 * belongs to that request and is cancelled with it.
 */
export const rowsForRun = (rows: readonly PendingNode[], max: number): readonly PendingNode[] => {
  const [first] = rows;
  if (first === undefined) return [];
  const requestId = soleRequestOf(first);
  return rows.filter((row) => soleRequestOf(row) === requestId).slice(0, max);
};

/** The source that only log-classifier's role may use; symptoms from any other source lead to a check at most. */
export const LOGS_SOURCE = 'fleetmend.logs';

/** The source of a pending node that a check found broken. */
export const CHECK_SOURCE = 'fleetmend.check';

/** When a check last found the node of a row broken; undefined for none. */
export const checkedAtOf = ({ source, lastSeenAt, checkedAt }: Omit<PendingNode, 'version'>): string | undefined =>
  source === CHECK_SOURCE ? lastSeenAt : checkedAt;

/**
 * Whether a pending node has already been answered: its last decision is permanent, and no newer symptom was seen. Such a
 * row only records the decision, and is removed.
 */
export const isAnswered = (row: PendingNode): boolean =>
  row.decidedAt !== undefined && row.skipped === undefined && row.lastSeenAt <= row.decidedAt;

/** The decision on a row of log lines whose node a check looks at. */
export const LOOKED_AT = 'Busy';

/**
 * Whether a row of log lines waits for what a check finds, and no line has come since the check was planned: the check answers
 * it. Where it finds something, the finding becomes part of the row.
 */
export const isAnsweredByCheck = ({ source, skipped, decidedAt, lastSeenAt }: PendingNode): boolean =>
  source === LOGS_SOURCE && skipped === LOOKED_AT && decidedAt !== undefined && lastSeenAt <= decidedAt;

/** Whether a node waits for the lane of its row: nothing has answered the row, and no check is to. */
export const isWaiting = (row: PendingNode): boolean => !isAnswered(row) && !isAnsweredByCheck(row);
