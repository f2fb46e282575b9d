import { type Cause, sampleOf, sourceOf } from '../model/because.ts';
import { defined } from '../model/defined.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import { checkLaneName, laneName } from '../model/lane-name.ts';
import { clusterPolicy, type Policy } from '../model/policy.ts';
import { WHOLE_CLUSTER } from '../state/pending-node.ts';
import { ALARMS_SOURCE } from './definitions/alarms.ts';
import { LOGS_SOURCE } from './definitions/symptoms.ts';
import type { Membership } from './membership.ts';
import type { NodeRef } from './node-ref.ts';
import { type CatalogueEntry, type NewPendingNode, notAfter, routeSymptom } from './route.ts';
import type { Signal } from './types.ts';

/**
 * An instance to which a signal's node reference may refer, as EC2 shows it. Where a signal names a cluster,
 * only an instance whose tags prove it to be that cluster's node.
 */
export type FoundNode = { readonly instanceId: string; readonly membership: Membership };

/** The decision about a signal. */
export type Placement =
  | {
      readonly kind: 'pending';
      readonly pending: NewPendingNode;
      readonly isLate: boolean;
      /** False for a node that EC2 does not show, of which only the signal says that it is there. */
      readonly isProven: boolean;
    }
  /** Acknowledged and counted under `metric`; nothing is stored, and the signal is not retried. */
  | { readonly kind: 'ignored'; readonly metric: string; readonly explanation: string }
  | { readonly kind: 'unknown-reason'; readonly reason: string; readonly known: readonly string[] };

type SignalOf<Kind extends Signal['kind']> = Extract<Signal, { kind: Kind }>;
/** The inputs for the placement of a signal, besides the signal itself. */
type Context = {
  readonly policy: Policy;
  readonly catalogue: readonly CatalogueEntry[];
  readonly found: readonly FoundNode[];
  readonly nowMs: number;
};
type Target = { readonly instanceId: string; readonly cluster: string };

/** A pending node's reason has at most this many characters. */
const MAX_REASON_LENGTH = 64;
/** EC2 reports an instance as running some time before the SSM agent of an EKS node has registered. */
const FIRST_LOOK_MS = 30_000;

/** The metric of a signal whose instance EC2 does not show. */
export const UNKNOWN_INSTANCE = 'SignalUnknownInstance';
/** The metric of a signal whose instance EC2 does not show as a node of the cluster that the signal names. */
export const NOT_IN_CLUSTER = 'SignalNotInCluster';

const ignored = (metric: string, explanation: string): Placement => ({ kind: 'ignored', metric, explanation });

const notManaged = (cluster: string): Placement => ignored('SignalNotManaged', `the policy does not list ${cluster}`);

const isManaged = ({ policy }: Context, cluster: string): boolean => clusterPolicy(policy, cluster) !== undefined;

const pending = (node: NewPendingNode, { isLate = false, isProven = true } = {}): Placement => ({
  ...{ kind: 'pending', isLate, isProven },
  pending: node,
});

const checkOf = (cluster: string): { readonly lane: string; readonly cluster: string } => ({
  lane: checkLaneName(cluster),
  cluster,
});

const kindOf = ({ kind, source }: Signal): Cause['kind'] => {
  if (kind === 'new-node') return 'new-node';
  if (source === LOGS_SOURCE) return 'log';
  return source === ALARMS_SOURCE ? 'alarm' : 'event';
};

/** What led to the row of a signal. It was detected when it arrived here. */
const causeFor = (signal: Signal, firstSeenAt: string, nowMs: number): Cause => ({
  kind: kindOf(signal),
  ...('sample' in signal && signal.sample !== undefined ? { sample: sampleOf(signal.sample) } : {}),
  detectedWithinSeconds: Math.max(0, Math.ceil((nowMs - epochMs(firstSeenAt)) / 1000)),
});

/** The times of a pending node for a signal that reports one moment: the event's own time. */
const seenOnce = (signal: Signal, nowMs: number) => {
  const time = notAfter(signal.time, nowMs);
  return {
    firstSeenAt: time,
    lastSeenAt: time,
    signals: 1,
    source: sourceOf(signal.source),
    because: causeFor(signal, time, nowMs),
  };
};

const ambiguous = (found: readonly FoundNode[]): Placement =>
  ignored('SignalAmbiguous', `${found.length} instances have this name`);

/** The cluster that the tags of an instance name. */
const clusterOfTags = ({ instanceId, membership }: FoundNode): Target | Placement => {
  switch (membership.kind) {
    case 'cluster':
      return { instanceId, cluster: membership.cluster };
    case 'none':
      return ignored('SignalNotManaged', "the instance's tags name no cluster");
    case 'ambiguous':
      return ignored('SignalAmbiguous', `the instance's tags name the clusters ${membership.clusters.join(', ')}`);
  }
};

/** The one instance that a signal without a cluster refers to, in the cluster that its tags name; or why there is none. */
const targetByTags = (found: readonly FoundNode[]): Target | Placement => {
  const [one] = found;
  if (one === undefined) return ignored(UNKNOWN_INSTANCE, 'EC2 shows no such instance');
  return found.length === 1 ? clusterOfTags(one) : ambiguous(found);
};

/** The one instance that a signal refers to, and that is proven to be a node of the cluster that it names; or why there is none. */
const targetIn = (cluster: string, found: readonly FoundNode[], node: NodeRef): Target | Placement => {
  // Two networks may use the same private address: only tags distinguish their instances.
  const members = found.filter(
    ({ instanceId, membership: m }) =>
      m.kind === 'cluster' && m.cluster === cluster && (node.kind !== 'instance-id' || instanceId === node.id),
  );
  const [one] = members;
  if (one === undefined) {
    const name = node.kind === 'instance-id' ? node.id : node.name;
    return ignored(NOT_IN_CLUSTER, `EC2 does not show ${name} as a node of ${cluster}`);
  }
  return members.length === 1 ? { instanceId: one.instanceId, cluster } : ambiguous(members);
};

const placeCluster = (context: Context, signal: SignalOf<'cluster'>): Placement => {
  const { cluster, reason, settleSeconds } = signal;
  if (!isManaged(context, cluster)) return notManaged(cluster);
  const seen = seenOnce(signal, context.nowMs);
  return pending({
    ...checkOf(cluster),
    ...seen,
    instanceId: WHOLE_CLUSTER,
    reason: reason.slice(0, MAX_REASON_LENGTH),
    notBefore: isoTime(epochMs(seen.lastSeenAt) + settleSeconds * 1000),
  });
};

const placeUnsupported = (context: Context, signal: SignalOf<'unsupported'>): Placement => {
  const { cluster, nodeId, nodeKind, reason } = signal;
  if (cluster === undefined) return ignored('SignalUnsupported', `${nodeKind} ${nodeId}: the signal names no cluster`);
  if (!isManaged(context, cluster)) return notManaged(cluster);
  // The check lane records it, once a day for all signals about it.
  const seen = seenOnce(signal, context.nowMs);
  return pending({ ...checkOf(cluster), ...seen, instanceId: nodeId, reason }, { isProven: false });
};

const placeNewNode = (context: Context, signal: SignalOf<'new-node'>): Placement => {
  const target = targetByTags(context.found);
  if ('kind' in target) return target;
  if (!isManaged(context, target.cluster)) return notManaged(target.cluster);
  const seen = seenOnce(signal, context.nowMs);
  const agentDeadline = epochMs(seen.lastSeenAt) + context.policy.limits.agentWaitSeconds * 1000;
  return pending({
    ...checkOf(target.cluster),
    ...seen,
    instanceId: target.instanceId,
    reason: 'NewNode',
    awaitAgentUntil: isoTime(agentDeadline),
    // A starting node has no agent yet, so the first look waits.
    notBefore: isoTime(Math.min(agentDeadline, context.nowMs + FIRST_LOOK_MS)),
  });
};

const placeAt = ({ policy, catalogue, nowMs }: Context, signal: SignalOf<'node'>, target: Target): Placement => {
  const { reason, image, trusted, checkOnly } = signal;
  const { cluster } = target;
  const firstSeenAt = notAfter(signal.firstSeenAt, nowMs);
  const lastSeenAt = notAfter(signal.lastSeenAt, nowMs);
  const isLate = nowMs - epochMs(lastSeenAt) > policy.limits.staleSeconds * 1000;
  const route = routeSymptom(policy, catalogue, { cluster, reason, trusted, checkOnly, late: isLate });
  if (route.kind === 'not-managed') return notManaged(cluster);
  if (route.kind === 'unknown-reason') return { kind: 'unknown-reason', reason, known: route.known };
  const node = {
    ...target,
    lane: laneName(cluster, route.remediation),
    reason,
    ...defined({ image }),
    firstSeenAt,
    lastSeenAt,
    signals: signal.count,
    source: sourceOf(signal.source),
    because: causeFor(signal, firstSeenAt, nowMs),
  };
  return pending(node, { isLate });
};

const placeNode = (context: Context, signal: SignalOf<'node'>): Placement => {
  const { cluster, node } = signal;
  if (cluster !== undefined && !isManaged(context, cluster)) return notManaged(cluster);
  const target = cluster === undefined ? targetByTags(context.found) : targetIn(cluster, context.found, node);
  return 'kind' in target ? target : placeAt(context, signal, target);
};

/**
 * Decides where a signal belongs. Pure. A signal about a cluster that the policy does not list, or about an instance that
 * EC2 does not list, is ignored: it is counted and not retried.
 */
export const placeSignal = (
  policy: Policy,
  catalogue: readonly CatalogueEntry[],
  signal: Signal,
  found: readonly FoundNode[],
  now: string,
): Placement => {
  const context = { policy, catalogue, found, nowMs: epochMs(now) };
  switch (signal.kind) {
    case 'ignored':
      return ignored('SignalIgnored', `${signal.reason}: ${signal.meaning}`);
    case 'cluster':
      return placeCluster(context, signal);
    case 'unsupported':
      return placeUnsupported(context, signal);
    case 'new-node':
      return placeNewNode(context, signal);
    case 'node':
      return placeNode(context, signal);
  }
};
