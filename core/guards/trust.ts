import { epochMs, isoTime } from '../model/ids.ts';
import { meaningOf } from '../model/outcome.ts';
import type { Limits } from '../model/policy.ts';
import type { Tally } from '../state/results.ts';
import type { Breaker, TrippedRow, TrustResult, TrustRow } from '../state/trust-state.ts';
import { isAttributable } from './attributable.ts';
import { holdSeconds, LONG_STEP } from './holds.ts';

/** A node's final result. `other` shows nothing about the document: it gives the node's place back, and passes nothing. */
export type Final = Omit<TrustResult, 'end'> & { readonly end: TrustResult['end'] | 'other' };

/** What a node's final result shows about the document. */
export const endOf = (tally: Pick<Tally, 'outcome' | 'reason'>, nodeLocal: ReadonlySet<string>): Final['end'] => {
  if (meaningOf(tally.outcome).isRepaired) return 'repaired';
  return isAttributable(tally, nodeLocal) ? 'failed' : 'other';
};

/** The time for which a result, and a breaker that has ended, remain valid. */
const VALID_MS = 86_400_000;
/** More than the largest window needs to grow by default, and far less than a table item holds. */
const MAX_RESULTS = 64;
/** The number of nodes over which the breaker's percentage is taken. */
const BREAKER_NODES = 20;
/** Below this number of nodes, a percentage shows nothing. */
const SMALL_CLUSTER_NODES = 10;
/** In how many other clusters a document's breaker must be open to slow it down in all of them. */
const OPEN_CLUSTERS = 2;

/** A document without any result in the cluster. */
export const newTrust = (document: string, cluster: string): TrustRow => ({
  document,
  cluster,
  version: 0,
  results: [],
});

/** The order of results. Of two of one moment that contradict each other, the failure, and the canary's, is the later one. */
const orderOf = ({ at, instanceId, runId, end, isCanary }: TrustResult): string =>
  `${at} ${instanceId} ${runId} ${Number(end === 'failed')}${Number(isCanary)}`;

const newestFirst = (results: readonly TrustResult[]): readonly TrustResult[] => {
  const byOrder = new Map(results.map((result) => [orderOf(result), result]));
  return [...byOrder].sort(([first], [second]) => (first < second ? 1 : -1)).map(([, result]) => result);
};

const isValid = ({ at }: Pick<TrustResult, 'at'>, now: string): boolean => epochMs(at) > epochMs(now) - VALID_MS;

const hasEnd = (final: Final): final is TrustResult => final.end !== 'other';

/**
 * Adds final results to a row: the newest of each node, of the last day. The order in which results arrive, and how often,
 * does not matter.
 */
export const withResults = (trust: TrustRow, finals: readonly Final[], now: string): TrustRow => {
  const newest = new Map<string, TrustResult>();
  for (const result of newestFirst([...trust.results, ...finals.filter(hasEnd)])) {
    if (isValid(result, now) && !newest.has(result.instanceId)) newest.set(result.instanceId, result);
  }
  return { ...trust, results: [...newest.values()].slice(0, MAX_RESULTS) };
};

/** The last opening of the breaker; undefined after the time for which it remains valid. */
const breakerOf = ({ breaker }: TrustRow, now: string): Breaker | undefined =>
  breaker !== undefined && isValid({ at: breaker.openUntil }, now) ? breaker : undefined;

/**
 * The results that count: those of the last day, after the open time of the breaker. The nodes to which commands were sent
 * before an opening still end after it, and their results must not open the breaker again.
 */
const countedOf = (trust: TrustRow, now: string): readonly TrustResult[] => {
  const since = breakerOf(trust, now)?.openUntil;
  return trust.results.filter((result) => isValid(result, now) && (since === undefined || result.at > since));
};

/** The failures of nodes that had not failed before the last opening of the breaker: from the others nothing new is learned. */
const newFailuresIn = (trust: TrustRow, results: readonly TrustResult[], now: string): readonly TrustResult[] => {
  const { nodes, openedAt = '' } = breakerOf(trust, now) ?? {};
  const known = new Set(nodes);
  return results.filter(({ end, instanceId, at }) => end === 'failed' && at > openedAt && !known.has(instanceId));
};

const repairedIn = (results: readonly TrustResult[]): number => results.filter(({ end }) => end === 'repaired').length;

/** The open breaker that holds back every repair by this document in the cluster; undefined if there is none. */
export const openBreakerOf = (trust: TrustRow, now: string): Breaker | undefined => {
  const breaker = breakerOf(trust, now);
  return breaker !== undefined && now < breaker.openUntil ? breaker : undefined;
};

/** Whether the breaker is open, or has not closed again: no full set of canaries has been repaired since. */
export const isTripped = (trust: TrustRow, now: string, limits: Pick<Limits, 'canaries'>): boolean =>
  breakerOf(trust, now) !== undefined && repairedIn(countedOf(trust, now)) < limits.canaries;

/** By how many steps a silent canary holds the next one longer: none unless the breaker has opened and not closed again. */
export const trippedSteps = (trust: TrustRow, now: string, limits: Pick<Limits, 'canaries'>): number => {
  const breaker = breakerOf(trust, now);
  return breaker !== undefined && isTripped(trust, now, limits) ? stepOf(breaker) + 1 : 0;
};

/** Whether what is stored about a breaker for other clusters is still true: an opening remains valid for a day. */
export const isStillTripped = (row: Pick<TrippedRow, 'openUntil' | 'isTripped'>, now: string): boolean =>
  row.isTripped && isValid({ at: row.openUntil }, now);

/** What other clusters must know after a change of a row; undefined where they know it already. */
export const trippedAfter = (
  before: TrustRow,
  after: TrustRow,
  now: string,
  limits: Pick<Limits, 'canaries'>,
): TrippedRow | undefined => {
  const { document, cluster, breaker } = after;
  if (breaker === undefined) return undefined;
  const [was, is] = [isTripped(before, now, limits), isTripped(after, now, limits)];
  if (was === is && before.breaker?.openUntil === breaker.openUntil) return undefined;
  return { document, cluster, openUntil: breaker.openUntil, isTripped: is };
};

/** Whether another canary failed before a full set of canaries had been repaired after the breaker's open time. */
const failsAgain = (trust: TrustRow, now: string, limits: Pick<Limits, 'canaries'>): boolean => {
  if (breakerOf(trust, now) === undefined) return false;
  const counted = countedOf(trust, now);
  return newFailuresIn(trust, counted, now).some(
    (result) => result.isCanary && repairedIn(counted.filter(({ at }) => at < result.at)) < limits.canaries,
  );
};

const mustOpen = (
  trust: TrustRow,
  clusterNodes: number,
  now: string,
  limits: Pick<Limits, 'canaries' | 'attributableFailuresToOpenBreaker' | 'failurePercentToOpenBreaker'>,
): boolean => {
  if (failsAgain(trust, now, limits)) return true;
  const last = countedOf(trust, now).slice(0, BREAKER_NODES);
  const failed = newFailuresIn(trust, last, now);
  const few = limits.attributableFailuresToOpenBreaker;
  const isMuch = failed.length * 100 > limits.failurePercentToOpenBreaker * last.length;
  // A canary that fails late, after a full set of them was repaired, weighs as one node of all.
  const isEarly = repairedIn(last) < limits.canaries;
  if (failed.filter(({ isCanary }) => isCanary).length >= few && (isEarly || isMuch)) return true;
  if (clusterNodes < SMALL_CLUSTER_NODES) return failed.length >= few;
  return failed.length > few && isMuch;
};

/** What an opening of the breaker depends on besides the results. */
export type OpeningContext = {
  readonly runId: string;
  readonly clusterNodes: number;
  /** In how many other clusters the breaker of this document is open or has not closed again. */
  readonly openElsewhere: number;
};

const stepOf = ({ step, openings }: Pick<Breaker, 'step' | 'openings'>): number => step ?? openings;

/**
 * The breaker that the results open now; undefined if it stays as it is. An open breaker does not open again: no command
 * is sent, and what was sent before shows nothing new.
 */
export const openingOf = (
  trust: TrustRow,
  { runId, clusterNodes, openElsewhere }: OpeningContext,
  now: string,
  limits: Limits,
): Breaker | undefined => {
  if (openBreakerOf(trust, now) !== undefined || !mustOpen(trust, clusterNodes, now, limits)) return undefined;
  const before = isTripped(trust, now, limits) || failsAgain(trust, now, limits) ? trust.breaker : undefined;
  const openings = (before?.openings ?? 0) + 1;
  // Also those that ended during the open time: they opened nothing, and are nodes on which the document failed.
  const failed = newFailuresIn(trust, trust.results, now);
  const canaries = failed.filter((result) => result.isCanary).length;
  const next = before === undefined ? canaries - 1 : stepOf(before) + canaries;
  // Two nodes show something about their own cluster alone: where others have had the same, it is the document.
  const step = Math.max(next, openElsewhere >= OPEN_CLUSTERS ? LONG_STEP : 1);
  const openUntil = isoTime(epochMs(now) + holdSeconds(step, limits) * 1000);
  const nodes = [...failed.map(({ instanceId }) => instanceId), ...(before?.nodes ?? [])].slice(0, MAX_RESULTS);
  return { openedAt: now, openUntil, openings, step, nodes, runId };
};

/** The row in place of one that cannot be read: nothing is known of the document, and its breaker is open. */
export const unknownTrust = (
  document: string,
  cluster: string,
  now: string,
  limits: Pick<Limits, 'breakerFirstSeconds' | 'breakerMaxSeconds'>,
): TrustRow => {
  const openUntil = isoTime(epochMs(now) + holdSeconds(LONG_STEP, limits) * 1000);
  return { ...newTrust(document, cluster), breaker: { openedAt: now, openUntil, openings: 1, step: LONG_STEP } };
};

/** What a window depends on besides the results. */
export type WindowContext = {
  /** How many nodes of the cluster may be under repair at once, over all lanes. */
  readonly budget: number;
  /** How many nodes wait for this document, including those under repair. */
  readonly nodesToRepair: number;
  /** In how many other clusters the breaker of this document is open or has not closed again. */
  readonly openElsewhere: number;
};

/** Whether the nodes that are sent to now are canaries: they go one at a time. */
export const isCanary = (
  trust: TrustRow,
  { nodesToRepair, openElsewhere }: Omit<WindowContext, 'budget'>,
  now: string,
  limits: Pick<Limits, 'canaries'>,
): boolean =>
  openElsewhere >= OPEN_CLUSTERS ||
  repairedIn(countedOf(trust, now)) < Math.min(limits.canaries, Math.max(1, nodesToRepair));

/** How many nodes may be under repair by this document at once, if the budget allows it. */
export const widthOf = (
  trust: TrustRow,
  context: Omit<WindowContext, 'budget'>,
  now: string,
  limits: Pick<Limits, 'canaries'>,
): number => {
  if (openBreakerOf(trust, now) !== undefined) return 0;
  return isCanary(trust, context, now, limits) ? 1 : 1 + repairedIn(countedOf(trust, now));
};

/**
 * How many nodes may be under repair by this document at once: none while the breaker is open, one canary at a time, then
 * one more for every repaired node, up to the budget.
 */
export const windowOf = (
  trust: TrustRow,
  context: WindowContext,
  now: string,
  limits: Pick<Limits, 'canaries'>,
): number => Math.min(context.budget, widthOf(trust, context, now, limits));

/** Nodes in the order in which they are sent to: those on which the document failed come last. */
export const failedLast = <Node extends { readonly instanceId: string }>(
  trust: TrustRow,
  nodes: readonly Node[],
): readonly Node[] => {
  const failed = new Set(trust.results.filter(({ end }) => end === 'failed').map(({ instanceId }) => instanceId));
  return [...nodes.filter((n) => !failed.has(n.instanceId)), ...nodes.filter((n) => failed.has(n.instanceId))];
};
