import { defined } from '../model/defined.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import { NODE_CHECK } from '../model/lane-name.ts';
import { mayRepair } from '../model/may-repair.ts';
import { clusterPolicy, type Policy } from '../model/policy.ts';
import {
  CHECK_SOURCE,
  checkedAtOf,
  isAnswered,
  MAX_REQUESTS,
  type PendingNode,
  WHOLE_CLUSTER,
} from '../state/pending-node.ts';

/** The facts about a remediation that the routing of a symptom depends on. */
export type CatalogueEntry = {
  readonly name: string;
  readonly order: number;
  readonly disruptive: boolean;
  readonly reasons: Readonly<Record<string, unknown>>;
};

/** The remediation that repairs a reason: the first in order, because a later one may be blocked by it. */
export const remediationFor = (catalogue: readonly CatalogueEntry[], reason: string): CatalogueEntry | undefined =>
  catalogue.filter((entry) => Object.hasOwn(entry.reasons, reason)).toSorted((a, b) => a.order - b.order)[0];

/** The destination of a symptom. */
export type Route =
  /** A lane of the cluster: a remediation's, or that of `node-check`. */
  | { readonly kind: 'lane'; readonly remediation: string }
  /** The policy does not list the cluster. */
  | { readonly kind: 'not-managed' }
  | { readonly kind: 'unknown-reason'; readonly known: readonly string[] };

/** Routes a symptom. Only a `trusted` one, which proves the fault, may go to a repair; every other one goes to a check. */
export const routeSymptom = (
  policy: Policy,
  catalogue: readonly CatalogueEntry[],
  symptom: {
    readonly cluster: string;
    readonly reason: string;
    readonly trusted: boolean;
    /** The reason names no fault of the catalogue. */
    readonly checkOnly?: boolean | undefined;
    /** Last seen too long ago for a repair without a check. */
    readonly late?: boolean;
  },
): Route => {
  const cluster = clusterPolicy(policy, symptom.cluster);
  if (cluster === undefined) return { kind: 'not-managed' };
  if (symptom.checkOnly === true) return { kind: 'lane', remediation: NODE_CHECK };
  const entry = remediationFor(catalogue, symptom.reason);
  if (entry === undefined) {
    return { kind: 'unknown-reason', known: [...new Set(catalogue.flatMap((c) => Object.keys(c.reasons)))].toSorted() };
  }
  const repairs = symptom.trusted && symptom.late !== true && mayRepair(cluster, entry).allowed;
  return { kind: 'lane', remediation: repairs ? entry.name : NODE_CHECK };
};

/**
 * A node to be added to a lane's pending nodes; the store adds the version. `notBefore` counts only where the lane has no
 * row of the node yet.
 */
export type NewPendingNode = Omit<PendingNode, 'version' | 'skipped' | 'decidedAt'>;

/** Whether a check has found the node broken since the row knows of a check. */
const isNewFinding = (row: PendingNode, added: NewPendingNode): boolean =>
  added.source === CHECK_SOURCE && (checkedAtOf(row) ?? '') < added.lastSeenAt;

/**
 * The time before which a row is not evaluated. A signal about a cluster or a new node requests a delay, which applies if
 * the row only records an answer. A row that is due stays due, and the planner's decision is kept; a row about which nothing
 * was decided has waited for a finding.
 */
const waitOf = (row: PendingNode, added: NewPendingNode): string | undefined => {
  const hasWaited = row.skipped === 'Busy' && isNewFinding(row, added);
  const wantsTime = isAnswered(row) && (row.instanceId === WHOLE_CLUSTER || added.awaitAgentUntil !== undefined);
  const times = [hasWaited ? undefined : row.notBefore, wantsTime ? added.notBefore : undefined];
  return times
    .filter((t) => t !== undefined)
    .toSorted()
    .at(-1);
};

type OptionalFields = Pick<PendingNode, 'image' | 'localMethod' | 'checkedAt' | 'notBefore' | 'awaitAgentUntil'>;

/** The optional fields of the merged row. */
const optionalFields = (row: PendingNode, added: NewPendingNode, isNewer: boolean): OptionalFields => {
  const image = (isNewer ? added.image : undefined) ?? row.image ?? added.image;
  // Only a check finds a method that needs no registry, so only a newer check takes it back.
  const isNewerCheck = isNewer && added.source === CHECK_SOURCE;
  const localMethod = isNewerCheck ? added.localMethod : (row.localMethod ?? added.localMethod);
  const notBefore = waitOf(row, added);
  const awaitAgentUntil = added.awaitAgentUntil ?? row.awaitAgentUntil;
  return {
    ...defined({ image, localMethod, notBefore, awaitAgentUntil }),
    // A newer finding is the source itself.
    ...(isNewerCheck
      ? {}
      : defined({
          checkedAt: [checkedAtOf(row), checkedAtOf(added)]
            .filter((at) => at !== undefined)
            .toSorted()
            .at(-1),
        })),
  };
};

/**
 * Merges a signal or finding into the lane's row of the node. Undefined where nothing changes: if its times lie within
 * those of the row, it is a duplicate delivery, which neither counts nor gives the row a new version. The planner's
 * `notBefore` and `skipped` stay.
 */
export const mergePending = (row: PendingNode, added: NewPendingNode): Omit<PendingNode, 'version'> | undefined => {
  const isNewer = epochMs(added.lastSeenAt) > epochMs(row.lastSeenAt);
  const isEarlier = epochMs(added.firstSeenAt) < epochMs(row.firstSeenAt);
  const requestIds = [...new Set([...(row.requestIds ?? []), ...(added.requestIds ?? [])])];
  const isWantedByMore = requestIds.length > (row.requestIds?.length ?? 0);
  if (!isNewer && !isEarlier && !isWantedByMore && !isNewFinding(row, added)) return undefined;
  const { version, localMethod, checkedAt, notBefore, ...kept } = row;
  return {
    ...kept,
    // What led to the row first stays, as long as the row has not been answered.
    because: isAnswered(row) ? added.because : row.because,
    ...(requestIds.length === 0 ? {} : { requestIds: requestIds.slice(-MAX_REQUESTS) }),
    ...(isNewer ? { reason: added.reason, source: added.source } : {}),
    ...optionalFields(row, added, isNewer),
    firstSeenAt: isEarlier ? added.firstSeenAt : row.firstSeenAt,
    lastSeenAt: isNewer ? added.lastSeenAt : row.lastSeenAt,
    signals: row.signals + added.signals,
  };
};

/** A source's time, at most `nowMs`: a node whose clock runs ahead must not look broken until then. */
export const notAfter = (iso: string, nowMs: number): string => isoTime(Math.min(epochMs(iso), nowMs));
