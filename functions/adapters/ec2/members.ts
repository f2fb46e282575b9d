import type { EC2Client, Instance } from '@aws-sdk/client-ec2';
import { clusterPolicy, type NodeTag, type Policy } from '../../../core/model/policy.ts';
import { isMemberOf, membershipOf, tagQueryOf } from '../../../core/signals/membership.ts';
import type { NodeRef } from '../../../core/signals/node-ref.ts';
import type { Pace } from '../pace.ts';
import { createInstances, tagsOf } from './instances.ts';
import { dnsPattern, fitsRef, keyOfRef } from './node-refs.ts';

/** A node that a signal names, the cluster whose node it says it is, and when the signal arrived. */
export type NamedMember = { readonly cluster: string; readonly node: NodeRef; readonly receivedMs: number };
/**
 * Whether the name is that of a node of the cluster, and of which instances: one, but for a name that two of its nodes have.
 * `not-yet`: EC2 has not shown it, and was not asked late enough to say that it is none.
 */
export type MemberAnswer =
  | { readonly as: 'member'; readonly instanceIds: readonly string[] }
  | { readonly as: 'stranger' | 'not-yet' };

/** Distinguishes the nodes of a cluster from other instances, and from ids and names that no instance has. */
export type Members = {
  /** Asks EC2 about all that is not remembered. The answers have the order of the names. */
  readonly find: (named: readonly NamedMember[]) => Promise<readonly MemberAnswer[]>;
};

/** How long a node is remembered. The tags of a node do not change during its life. */
export const REMEMBER_MEMBER_MS = 600_000;
/** How long the node that has a private DNS name is remembered: the name is that of its address, which another may get. */
export const REMEMBER_NAME_MS = 300_000;
/** How long an answer about an instance that is no node, or that EC2 does not show, saves another call by its id. */
export const REMEMBER_OTHER_MS = 30_000;
/**
 * EC2 is eventually consistent. An instance that EC2 does not show so long after the arrival of its signal is none: whoever
 * reports a fault of a node has seen the node run.
 */
export const SHOWN_WITHIN_MS = 120_000;
/**
 * How many calls in a minute may ask for instances by id or by name. After that, the nodes of a cluster are listed, so that neither a
 * storm nor invented ids and names take EC2's rate from other signals.
 */
export const MAX_CALLS_BY_ID = 3;
/** A cluster is listed again after this time at the earliest, */
export const MIN_LIST_INTERVAL_MS = 60_000;
/** and after this time at the latest, where a signal waits for the list. */
export const MAX_LIST_INTERVAL_MS = 300_000;
/** Lists that take many calls come less often: each copy of signal-intake keeps to a call in so long a time. */
const MS_OF_A_LIST_CALL = 6000;

const MINUTE_MS = 60_000;
/** How many instances an execution environment remembers: some MB. */
const MAX_REMEMBERED = 40_000;

/** The answer of EC2 about an instance, and when it was asked. `absent`: EC2 did not show it, or no tag that names a cluster. */
type Known = (
  | { readonly as: 'member'; readonly instanceIds: readonly string[] }
  | { readonly as: 'stranger' | 'absent' }
) & { readonly askedMs: number };
/** The nodes of a cluster at a time by their ids and names, and how many calls it took to list them. */
type List = {
  readonly askedMs: number;
  readonly calls: number;
  readonly members: ReadonlyMap<string, readonly string[]>;
};

const keyOf = ({ cluster, node }: NamedMember): string => `${cluster}/${keyOfRef(node)}`;

/** How long an answer counts. */
const lifeOf = ({ as }: Known, { node }: NamedMember): number => {
  if (as !== 'member') return REMEMBER_OTHER_MS;
  return node.kind === 'instance-id' ? REMEMBER_MEMBER_MS : REMEMBER_NAME_MS;
};

const isById = ({ node }: NamedMember): boolean => node.kind === 'instance-id';

/** All references that mean an instance: its id, and its private DNS name with and without its domain. */
const refsOf = ({ InstanceId = '', PrivateDnsName = '' }: Instance): readonly NodeRef[] => [
  { kind: 'instance-id', id: InstanceId },
  ...[...new Set([PrivateDnsName, PrivateDnsName.split('.', 1)[0] ?? ''])]
    .filter((name) => name !== '')
    .map((name) => ({ kind: 'private-dns', name }) as const),
];

/** The nodes as EC2 shows them. Its memory belongs to this process. */
export const createMembers = ({
  ec2,
  pace,
  policy,
  now,
}: {
  readonly ec2: Pick<EC2Client, 'send'>;
  readonly pace: Pace;
  readonly policy: Policy;
  readonly now: () => Date;
}): Members => {
  let calls = 0;
  const counted: Pace = async () => {
    await pace();
    calls++;
  };
  const instances = createInstances({ ec2, pace: counted });
  const memory = new Map<string, Known>();
  const lists = new Map<string, List>();
  let minute = { sinceMs: 0, calls: 0 };

  const nodeTagsOf = (cluster: string): readonly NodeTag[] => clusterPolicy(policy, cluster)?.nodeTags ?? [];

  const remember = (named: NamedMember, known: Known): void => {
    const key = keyOf(named);
    memory.delete(key);
    memory.set(key, known);
    const oldest = memory.size > MAX_REMEMBERED ? memory.keys().next() : undefined;
    if (oldest?.done === false) memory.delete(oldest.value);
  };

  /** The youngest answer about an instance that still counts. */
  const knownOf = (one: NamedMember, nowMs: number): Known | undefined => {
    const list = lists.get(one.cluster);
    const instanceIds = list?.members.get(keyOfRef(one.node));
    const listed: Known[] =
      list === undefined || instanceIds === undefined ? [] : [{ as: 'member', instanceIds, askedMs: list.askedMs }];
    return [...listed, ...[memory.get(keyOf(one)) ?? []].flat()]
      .toSorted((a, b) => b.askedMs - a.askedMs)
      .find((known) => nowMs - known.askedMs < lifeOf(known, one));
  };

  const answerOf = (one: NamedMember, nowMs: number): MemberAnswer => {
    const known = knownOf(one, nowMs);
    if (known?.as === 'member') return { as: 'member', instanceIds: known.instanceIds };
    if (known?.as === 'stranger') return { as: 'stranger' };
    // When EC2 was last asked and did not show it.
    const absentMs = Math.max(known?.askedMs ?? 0, lists.get(one.cluster)?.askedMs ?? 0);
    return { as: absentMs >= one.receivedMs + SHOWN_WITHIN_MS ? 'stranger' : 'not-yet' };
  };

  const mayAskByName = (nowMs: number): boolean => {
    if (!(nowMs >= minute.sinceMs && nowMs - minute.sinceMs < MINUTE_MS)) minute = { sinceMs: nowMs, calls: 0 };
    return minute.calls++ < MAX_CALLS_BY_ID;
  };

  const askFor = async (named: readonly NamedMember[], askedMs: number): Promise<void> => {
    const nodes = [...new Map(named.map(({ node }) => [keyOfRef(node), node])).values()];
    const ids = nodes.flatMap((node) => (node.kind === 'instance-id' ? [node.id] : []));
    const names = nodes.flatMap((node) => (node.kind === 'instance-id' ? [] : [dnsPattern(node.name)]));
    const shown = [...(await instances.byId(ids)), ...(await instances.byPrivateDnsName(names))];
    for (const one of named) {
      const found = shown.filter((instance) => fitsRef(instance, one.node));
      const members = found.filter((i) => isMemberOf(tagsOf(i), one.cluster, nodeTagsOf(one.cluster)));
      // EC2 may show an instance before its tags. Another network's instance of the same name says nothing about this cluster.
      const isOther = isById(one) && found.some((instance) => membershipOf(tagsOf(instance)).kind !== 'none');
      const instanceIds = members.flatMap(({ InstanceId: id }) => id ?? []);
      if (instanceIds.length > 0) remember(one, { as: 'member', instanceIds, askedMs });
      else remember(one, { as: isOther ? 'stranger' : 'absent', askedMs });
    }
  };

  const mayList = (cluster: string, nowMs: number): boolean => {
    const askedMs = lists.get(cluster)?.askedMs;
    const ofAll = [...lists.values()].reduce((sum, list) => sum + list.calls, 0) * MS_OF_A_LIST_CALL;
    const intervalMs = Math.min(MAX_LIST_INTERVAL_MS, Math.max(MIN_LIST_INTERVAL_MS, ofAll));
    return askedMs === undefined || nowMs - askedMs >= intervalMs;
  };

  const list = async (cluster: string, askedMs: number): Promise<void> => {
    const before = calls;
    const shown = new Map<string, Instance>();
    for (const tag of nodeTagsOf(cluster)) {
      for (const instance of await instances.runningByTag(tagQueryOf(cluster, tag))) {
        if (instance.InstanceId !== undefined) shown.set(instance.InstanceId, instance);
      }
    }
    const members = new Map<string, readonly string[]>();
    for (const [id, instance] of shown) {
      for (const key of refsOf(instance).map(keyOfRef)) members.set(key, [...(members.get(key) ?? []), id]);
    }
    lists.set(cluster, { askedMs, calls: calls - before, members });
  };

  const ask = async (named: readonly NamedMember[], nowMs: number): Promise<void> => {
    if (named.length === 0) return;
    if (mayAskByName(nowMs)) return await askFor(named, nowMs);
    for (const cluster of new Set(named.map((one) => one.cluster))) {
      if (mayList(cluster, nowMs)) await list(cluster, nowMs);
    }
  };

  const isOpen = (one: NamedMember, nowMs: number): boolean =>
    knownOf(one, nowMs) === undefined && answerOf(one, nowMs).as === 'not-yet';

  return {
    find: async (named) => {
      const nowMs = now().getTime();
      const open = named.filter((one) => isOpen(one, nowMs));
      await ask(open.filter(isById), nowMs);
      // A list that was made for the ids has the names too.
      await ask(
        open.filter((one) => !isById(one) && isOpen(one, nowMs)),
        nowMs,
      );
      return named.map((one) => answerOf(one, nowMs));
    },
  };
};
