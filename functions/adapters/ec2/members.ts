import type { EC2Client } from '@aws-sdk/client-ec2';
import { clusterPolicy, type NodeTag, type Policy } from '../../../core/model/policy.ts';
import { isMemberOf, tagQueryOf } from '../../../core/signals/membership.ts';
import type { Pace } from '../pace.ts';
import { createInstances, tagsOf } from './instances.ts';

/** An instance that a signal names, and the cluster whose node it says it is. */
export type NamedMember = { readonly cluster: string; readonly instanceId: string };
/** Whether an instance is a node of the cluster. */
export type IsMember = (named: NamedMember) => boolean;

/** Distinguishes the nodes of a cluster from other instances, and from ids that no instance has. */
export type Members = {
  /** Asks EC2 about all that is not remembered. */
  readonly find: (named: readonly NamedMember[]) => Promise<IsMember>;
};

/** How long a node is remembered. The tags of a node do not change during its life. */
export const REMEMBER_MEMBER_MS = 600_000;
/** EC2 is eventually consistent: an instance that it does not show may be one that it does not show yet. */
export const REMEMBER_OTHER_MS = 30_000;
/**
 * How many calls in a minute may ask for instances by id. After that, the nodes of a cluster are listed, so that neither a
 * storm nor invented ids take EC2's rate from the repairs.
 */
export const MAX_CALLS_BY_ID = 3;
/** How long a list answers for the ids that are not in it. */
export const LIST_LIFE_MS = 300_000;

const MINUTE_MS = 60_000;
/** How many instances an execution environment remembers: some MB. */
const MAX_REMEMBERED = 40_000;

type Known = { readonly untilMs: number; readonly isMember: boolean };

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
  const instances = createInstances({ ec2, pace });
  const memory = new Map<string, Known>();
  const listedUntilMs = new Map<string, number>();
  let minute = { sinceMs: 0, calls: 0 };

  const nodeTagsOf = (cluster: string): readonly NodeTag[] => clusterPolicy(policy, cluster)?.nodeTags ?? [];

  const remember = (named: NamedMember, isMember: boolean, nowMs: number): void => {
    const key = keyOf(named);
    memory.delete(key);
    memory.set(key, { isMember, untilMs: nowMs + (isMember ? REMEMBER_MEMBER_MS : REMEMBER_OTHER_MS) });
    const oldest = memory.size > MAX_REMEMBERED ? memory.keys().next() : undefined;
    if (oldest?.done === false) memory.delete(oldest.value);
  };

  const mayAskById = (nowMs: number): boolean => {
    if (!(nowMs >= minute.sinceMs && nowMs - minute.sinceMs < MINUTE_MS)) minute = { sinceMs: nowMs, calls: 0 };
    return minute.calls++ < MAX_CALLS_BY_ID;
  };

  const askById = async (named: readonly NamedMember[], nowMs: number): Promise<void> => {
    const shown = await instances.byId([...new Set(named.map(({ instanceId }) => instanceId))]);
    const tags = new Map(shown.map((instance) => [instance.InstanceId, tagsOf(instance)]));
    for (const one of named) {
      const ofInstance = tags.get(one.instanceId);
      const isMember = ofInstance !== undefined && isMemberOf(ofInstance, one.cluster, nodeTagsOf(one.cluster));
      remember(one, isMember, nowMs);
    }
  };

  const list = async (cluster: string, nowMs: number): Promise<void> => {
    for (const tag of nodeTagsOf(cluster)) {
      for (const { InstanceId: instanceId } of await instances.runningByTag(tagQueryOf(cluster, tag))) {
        if (instanceId !== undefined) remember({ cluster, instanceId }, true, nowMs);
      }
    }
    listedUntilMs.set(cluster, nowMs + LIST_LIFE_MS);
  };

  const ask = async (unknown: readonly NamedMember[], nowMs: number): Promise<void> => {
    if (mayAskById(nowMs)) return await askById(unknown, nowMs);
    for (const cluster of new Set(unknown.map((one) => one.cluster))) {
      if (nowMs >= (listedUntilMs.get(cluster) ?? 0)) await list(cluster, nowMs);
    }
  };

  return {
    find: async (named) => {
      const nowMs = now().getTime();
      const isKnown = (one: NamedMember): boolean => nowMs < (memory.get(keyOf(one))?.untilMs ?? 0);
      const unknown = named.filter((one) => !isKnown(one));
      if (unknown.length > 0) await ask(unknown, nowMs);
      const members = new Set(named.map(keyOf).filter((key) => memory.get(key)?.isMember === true));
      return (one) => members.has(keyOf(one));
    },
  };
};
