import { epochMs, isoTime } from '../model/ids.ts';
import { clusterPolicy, type Policy } from '../model/policy.ts';
import { NODE_CHECK } from '../runs/outbox.ts';
import { WHOLE_CLUSTER } from '../state/rows.ts';
import type { Membership } from './membership.ts';
import { type CatalogueEntry, type NewPendingNode, notAfter, routeSymptom } from './route.ts';
import type { Signal } from './types.ts';

/** An instance that fits what a signal named, as EC2 shows it. */
export type FoundNode = { readonly instanceId: string; readonly membership: Membership };

/** What a signal comes to. */
export type Placement =
  | { readonly kind: 'news'; readonly news: NewPendingNode; readonly isLate: boolean }
  /** Acknowledged and counted under this name; nothing is stored, and it never comes again. */
  | { readonly kind: 'nothing'; readonly count: string; readonly why: string }
  | { readonly kind: 'unknown-reason'; readonly reason: string; readonly known: readonly string[] };

/** A pending row keeps this much of an event's source (EventBridge allows 256 characters). */
const MAX_SOURCE_LENGTH = 100;

const nothing = (count: string, why: string): Placement => ({ kind: 'nothing', count, why });

/** The one instance that a signal means, or why it means none. `cluster` is what the signal says itself. */
const meant = (
  found: readonly FoundNode[],
  cluster: string | undefined,
): { readonly instanceId: string; readonly cluster: string } | Placement => {
  if (found.length === 0) return nothing('SignalUnknownInstance', 'EC2 shows no such instance');
  // Two networks may use the same private address: only tags tell their instances apart.
  const fitting = found.filter(
    ({ membership: m }) => cluster === undefined || (m.kind === 'cluster' && m.cluster === cluster),
  );
  const one = found.length === 1 ? found[0] : fitting.length === 1 ? fitting[0] : undefined;
  if (one === undefined) return nothing('SignalAmbiguous', `${found.length} instances have this name`);
  // run-controller records that an instance is not of the cluster which the signal names.
  if (cluster !== undefined) return { instanceId: one.instanceId, cluster };
  switch (one.membership.kind) {
    case 'cluster':
      return { instanceId: one.instanceId, cluster: one.membership.cluster };
    case 'none':
      return nothing('SignalNotManaged', "the instance's tags name no cluster");
    case 'ambiguous':
      return nothing('SignalAmbiguous', `the instance's tags name the clusters ${one.membership.clusters.join(', ')}`);
    default:
      return one.membership satisfies never;
  }
};

const checkOf = (cluster: string): { readonly lane: string; readonly cluster: string } => ({
  lane: `${cluster}/${NODE_CHECK}`,
  cluster,
});

type NodeSignal = Extract<Signal, { kind: 'node' }>;

const placeNode = (
  policy: Policy,
  catalogue: readonly CatalogueEntry[],
  signal: NodeSignal,
  target: { readonly instanceId: string; readonly cluster: string },
  nowMs: number,
): Placement => {
  const { reason, image } = signal;
  const lastSeenAt = notAfter(signal.lastSeenAt, nowMs);
  const isLate = nowMs - epochMs(lastSeenAt) > policy.limits.staleSeconds * 1000;
  const { cluster } = target;
  const route = routeSymptom(policy, catalogue, { cluster, reason, trusted: signal.trusted, late: isLate });
  if (route.kind === 'not-managed') return nothing('SignalNotManaged', `the policy does not list ${cluster}`);
  if (route.kind === 'unknown-reason') return { kind: 'unknown-reason', reason, known: route.known };
  return {
    kind: 'news',
    isLate,
    news: {
      ...target,
      lane: `${cluster}/${route.remediation}`,
      reason,
      ...(image === undefined ? {} : { image }),
      firstSeenAt: notAfter(signal.firstSeenAt, nowMs),
      lastSeenAt,
      signals: signal.count,
      source: signal.source.slice(0, MAX_SOURCE_LENGTH),
    },
  };
};

/**
 * Decides where a signal belongs. Pure. What is of no cluster that the policy lists, or of no instance that EC2 knows,
 * comes to nothing: it is counted and never tried again.
 */
export const placeSignal = (
  policy: Policy,
  catalogue: readonly CatalogueEntry[],
  signal: Signal,
  found: readonly FoundNode[],
  now: string,
): Placement => {
  const nowMs = epochMs(now);
  const { limits } = policy;
  const isListed = (cluster: string): boolean => clusterPolicy(policy, cluster) !== undefined;
  const time = notAfter(signal.time, nowMs);
  const seen = { firstSeenAt: time, lastSeenAt: time, signals: 1, source: signal.source.slice(0, MAX_SOURCE_LENGTH) };
  switch (signal.kind) {
    case 'ignored':
      return nothing('SignalIgnored', signal.why);
    case 'cluster': {
      const { cluster, why } = signal;
      if (!isListed(cluster)) return nothing('SignalNotManaged', `the policy does not list ${cluster}`);
      const notBefore = isoTime(epochMs(time) + signal.settleSeconds * 1000);
      const news = {
        ...checkOf(cluster),
        ...seen,
        instanceId: WHOLE_CLUSTER,
        reason: why.slice(0, 64),
        notBefore,
      } as const;
      return { kind: 'news', isLate: false, news };
    }
    case 'unsupported': {
      const { cluster, nodeId, why, reason } = signal;
      if (cluster === undefined) return nothing('SignalUnsupported', `${why} ${nodeId}: the signal names no cluster`);
      if (!isListed(cluster)) return nothing('SignalNotManaged', `the policy does not list ${cluster}`);
      // The check lane writes it down, once for all that is heard of it within the cool-down.
      return { kind: 'news', isLate: false, news: { ...checkOf(cluster), ...seen, instanceId: nodeId, reason } };
    }
    case 'new-node': {
      const target = meant(found, undefined);
      if ('kind' in target) return target;
      if (!isListed(target.cluster)) return nothing('SignalNotManaged', `the policy does not list ${target.cluster}`);
      const awaitAgentUntil = isoTime(epochMs(time) + limits.agentWaitSeconds * 1000);
      // A node that starts has no agent yet: the first look is the next minute's.
      const notBefore = isoTime(Math.min(epochMs(awaitAgentUntil), nowMs + FIRST_LOOK_MS));
      const row = { ...checkOf(target.cluster), ...seen, instanceId: target.instanceId, reason: 'NewNode' };
      return { kind: 'news', isLate: false, news: { ...row, awaitAgentUntil, notBefore } };
    }
    case 'node': {
      const { cluster, node } = signal;
      if (cluster !== undefined && !isListed(cluster)) {
        return nothing('SignalNotManaged', `the policy does not list ${cluster}`);
      }
      const target =
        cluster !== undefined && node.kind === 'instance-id' ? { instanceId: node.id, cluster } : meant(found, cluster);
      return 'kind' in target ? target : placeNode(policy, catalogue, signal, target, nowMs);
    }
    default:
      return signal satisfies never;
  }
};

/** EC2 says running some time before the SSM agent of an EKS node has registered. */
const FIRST_LOOK_MS = 30_000;
