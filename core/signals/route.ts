import { epochMs, isoTime } from '../model/ids.ts';
import { type ClusterPolicy, clusterPolicy, modeOf, type Policy } from '../model/policy.ts';
import { isAnswered } from '../runs/lane.ts';
import { CHECK_SOURCE, NODE_CHECK } from '../runs/outbox.ts';
import { type PendingNode, WHOLE_CLUSTER } from '../state/pending-node.ts';

/** What the registry says of a remediation, as far as a symptom's way depends on it. */
export type CatalogueEntry = {
  readonly name: string;
  readonly order: number;
  readonly disruptive: boolean;
  readonly reasons: Readonly<Record<string, unknown>>;
};

/** The remediation that answers for a reason: the first in order, since a later one may be blocked by it. */
export const remediationFor = (catalogue: readonly CatalogueEntry[], reason: string): CatalogueEntry | undefined =>
  catalogue.filter((entry) => Object.hasOwn(entry.reasons, reason)).toSorted((a, b) => a.order - b.order)[0];

/** Whether policy lets this remediation repair on this cluster; `why` tells an operator which line decides it. */
export const mayRepair = (
  cluster: ClusterPolicy,
  entry: Pick<CatalogueEntry, 'name' | 'disruptive'>,
): { readonly allowed: true } | { readonly allowed: false; readonly why: string } => {
  if (modeOf(cluster, entry.name) !== 'repair') {
    const line =
      cluster.remediations[entry.name]?.mode === undefined
        ? `clusters[name=${cluster.name}].mode is observe`
        : `clusters[name=${cluster.name}].remediations.${entry.name}.mode is observe`;
    return { allowed: false, why: line };
  }
  if (entry.disruptive && cluster.remediations[entry.name]?.allowDisruptive !== true) {
    return {
      allowed: false,
      why: `clusters[name=${cluster.name}].remediations.${entry.name}.allowDisruptive is false, and its repair restarts something`,
    };
  }
  return { allowed: true };
};

/** Where a symptom goes. */
export type Route =
  /** To a lane's mailbox: a remediation's, or `node-check`. */
  | { readonly kind: 'mailbox'; readonly remediation: string }
  /** Fleetmend does not manage the cluster: nothing is done to it. */
  | { readonly kind: 'not-managed' }
  | { readonly kind: 'unknown-reason'; readonly known: readonly string[] };

/** Routes a symptom. `trusted` is news of log-classifier itself that proves the fault; all else asks for a check at most. */
export const routeSymptom = (
  policy: Policy,
  catalogue: readonly CatalogueEntry[],
  symptom: {
    readonly cluster: string;
    readonly reason: string;
    readonly trusted: boolean;
    /** The reason names no fault of the catalogue. */
    readonly checkOnly?: boolean | undefined;
    /** Last seen longer ago than a repair may rest on. */
    readonly late?: boolean;
  },
): Route => {
  const cluster = clusterPolicy(policy, symptom.cluster);
  if (cluster === undefined) return { kind: 'not-managed' };
  if (symptom.checkOnly === true) return { kind: 'mailbox', remediation: NODE_CHECK };
  const entry = remediationFor(catalogue, symptom.reason);
  if (entry === undefined) {
    return { kind: 'unknown-reason', known: [...new Set(catalogue.flatMap((c) => Object.keys(c.reasons)))].toSorted() };
  }
  const repairs = symptom.trusted && symptom.late !== true && mayRepair(cluster, entry).allowed;
  return { kind: 'mailbox', remediation: repairs ? entry.name : NODE_CHECK };
};

/** News for a mailbox; the store gives it a version. Its `notBefore` counts where the mailbox has no row of the node yet. */
export type NewPendingNode = Omit<PendingNode, 'version' | 'skipped' | 'decidedAt'>;

/**
 * News of a cluster or of a new node that wants time waits beside a row that only remembers an answer; a row that is due
 * stays due, and so does what the planner decided for a node.
 */
const waitOf = (row: PendingNode, news: NewPendingNode): string | undefined => {
  const wantsTime = isAnswered(row) && (row.instanceId === WHOLE_CLUSTER || news.awaitAgentUntil !== undefined);
  const times = [row.notBefore, wantsTime ? news.notBefore : undefined].filter((t) => t !== undefined);
  return times.toSorted().at(-1);
};

/**
 * Adds news to what a mailbox has of a node. Undefined where nothing changes: news whose time lies within what the
 * row covers is a duplicate delivery, so it neither counts again nor gives the row a new version. The planner's own
 * `notBefore` and `skipped` stay.
 */
export const mergePending = (row: PendingNode, news: NewPendingNode): Omit<PendingNode, 'version'> | undefined => {
  const isNewer = epochMs(news.lastSeenAt) > epochMs(row.lastSeenAt);
  const isEarlier = epochMs(news.firstSeenAt) < epochMs(row.firstSeenAt);
  if (!isNewer && !isEarlier) return undefined;
  const { version, localMethod: known, ...kept } = row;
  const image = (isNewer ? news.image : undefined) ?? row.image ?? news.image;
  // Only a check knows, so only a newer one takes it back.
  const localMethod = isNewer && news.source === CHECK_SOURCE ? news.localMethod : (known ?? news.localMethod);
  const notBefore = waitOf(row, news);
  const awaitAgentUntil = news.awaitAgentUntil ?? row.awaitAgentUntil;
  return {
    ...kept,
    ...(isNewer ? { reason: news.reason, source: news.source } : {}),
    ...(image === undefined ? {} : { image }),
    ...(localMethod === undefined ? {} : { localMethod }),
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(awaitAgentUntil === undefined ? {} : { awaitAgentUntil }),
    firstSeenAt: isEarlier ? news.firstSeenAt : row.firstSeenAt,
    lastSeenAt: isNewer ? news.lastSeenAt : row.lastSeenAt,
    signals: row.signals + news.signals,
  };
};

/** A source's time, never later than ours: a node whose clock runs ahead must not look broken until then. */
export const notAfter = (iso: string, nowMs: number): string => isoTime(Math.min(epochMs(iso), nowMs));
