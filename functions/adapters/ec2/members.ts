import type { EC2Client } from '@aws-sdk/client-ec2';
import { clusterPolicy, type NodeTag, type Policy } from '../../../core/model/policy.ts';
import { isMemberOf, membershipOf, tagQueryOf } from '../../../core/signals/membership.ts';
import type { Pace } from '../pace.ts';
import { createInstances, tagsOf } from './instances.ts';

/** An instance that a signal names, the cluster whose node it says it is, and when the signal arrived. */
export type NamedMember = { readonly cluster: string; readonly instanceId: string; readonly receivedMs: number };
/**
 * Whether an instance is a node of the cluster. `not-yet`: EC2 has not shown it, and was not asked late enough to
 * say that it is none.
 */
export type MemberAnswer = 'member' | 'stranger' | 'not-yet';

/** Distinguishes the nodes of a cluster from other instances, and from ids that no instance has. */
export type Members = {
  /** Asks EC2 about all that is not remembered. The answers have the order of the names. */
  readonly find: (named: readonly NamedMember[]) => Promise<readonly MemberAnswer[]>;
};

/** How long a node is remembered. The tags of a node do not change during its life. */
export const REMEMBER_MEMBER_MS = 600_000;
/** How long an answer about an instance that is no node, or that EC2 does not show, saves another call by its id. */
export const REMEMBER_OTHER_MS = 30_000;
/**
 * EC2 is eventually consistent. An instance that EC2 does not show so long after the arrival of its signal is none: whoever
 * reports a fault of a node has seen the node run.
 */
export const SHOWN_WITHIN_MS = 120_000;
/**
 * How many calls in a minute may ask for instances by id. After that, the nodes of a cluster are listed, so that neither a
 * storm nor invented ids take EC2's rate from other signals.
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
type Known = { readonly as: 'member' | 'stranger' | 'absent'; readonly askedMs: number };
/** The nodes of a cluster at a time, and how many calls it took to list them. */
type List = { readonly askedMs: number; readonly calls: number; readonly ids: ReadonlySet<string> };

const keyOf = ({ cluster, instanceId }: NamedMember): string => `${cluster}/${instanceId}`;

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
    const listed: Known[] = list?.ids.has(one.instanceId) === true ? [{ as: 'member', askedMs: list.askedMs }] : [];
    return [...listed, ...[memory.get(keyOf(one)) ?? []].flat()].find(
      ({ as, askedMs }) => nowMs - askedMs < (as === 'member' ? REMEMBER_MEMBER_MS : REMEMBER_OTHER_MS),
    );
  };

  const answerOf = (one: NamedMember, nowMs: number): MemberAnswer => {
    const known = knownOf(one, nowMs);
    if (known !== undefined && known.as !== 'absent') return known.as;
    // When EC2 was last asked and did not show it.
    const absentMs = Math.max(known?.askedMs ?? 0, lists.get(one.cluster)?.askedMs ?? 0);
    return absentMs >= one.receivedMs + SHOWN_WITHIN_MS ? 'stranger' : 'not-yet';
  };

  const mayAskById = (nowMs: number): boolean => {
    if (!(nowMs >= minute.sinceMs && nowMs - minute.sinceMs < MINUTE_MS)) minute = { sinceMs: nowMs, calls: 0 };
    return minute.calls++ < MAX_CALLS_BY_ID;
  };

  const askById = async (named: readonly NamedMember[], askedMs: number): Promise<void> => {
    const shown = await instances.byId([...new Set(named.map(({ instanceId }) => instanceId))]);
    const tags = new Map(shown.map((instance) => [instance.InstanceId, tagsOf(instance)]));
    for (const one of named) {
      const ofInstance = tags.get(one.instanceId) ?? new Map<string, string>();
      const isMember = isMemberOf(ofInstance, one.cluster, nodeTagsOf(one.cluster));
      // EC2 may show an instance before its tags.
      const isOther = membershipOf(ofInstance).kind !== 'none';
      remember(one, { as: isMember ? 'member' : isOther ? 'stranger' : 'absent', askedMs });
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
    const ids = new Set<string>();
    for (const tag of nodeTagsOf(cluster)) {
      for (const { InstanceId: id } of await instances.runningByTag(tagQueryOf(cluster, tag))) {
        if (id !== undefined) ids.add(id);
      }
    }
    lists.set(cluster, { askedMs, calls: calls - before, ids });
  };

  const ask = async (named: readonly NamedMember[], nowMs: number): Promise<void> => {
    if (mayAskById(nowMs)) return await askById(named, nowMs);
    for (const cluster of new Set(named.map((one) => one.cluster))) {
      if (mayList(cluster, nowMs)) await list(cluster, nowMs);
    }
  };

  return {
    find: async (named) => {
      const nowMs = now().getTime();
      const open = named.filter((one) => answerOf(one, nowMs) === 'not-yet' && knownOf(one, nowMs) === undefined);
      if (open.length > 0) await ask(open, nowMs);
      return named.map((one) => answerOf(one, nowMs));
    },
  };
};
