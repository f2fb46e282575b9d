import type { EC2Client } from '@aws-sdk/client-ec2';
import { membershipOf } from '../../../core/signals/membership.ts';
import type { NodeRef } from '../../../core/signals/node-ref.ts';
import type { FoundNode } from '../../../core/signals/place.ts';
import type { Pace } from '../pace.ts';
import { createInstances, tagsOf } from './instances.ts';
import { dnsPattern, fitsRef, keyOfRef } from './node-refs.ts';

/** An instance that matches the node reference of a signal. */
export type FoundInstance = FoundNode;

/** Instances that fit a reference: none, one, or several (two networks may use the same private addresses). */
export type Find = (node: NodeRef) => readonly FoundInstance[];

/** Finds the instances to which signals refer. */
export type InstanceFinder = {
  /** Asks EC2 about all that is not remembered: one filtered call for the ids, one for the names, of a batch. */
  readonly find: (nodes: readonly NodeRef[]) => Promise<Find>;
};

/** How long an instance's cluster is cached. The tags of a node do not change during its life. */
export const REMEMBER_FOUND_MS = 600_000;
/** EC2 is eventually consistent: an instance that it does not show may be one that it does not show yet. */
export const REMEMBER_MISSING_MS = 30_000;
/** How many references an execution environment remembers: some MB. */
export const MAX_REMEMBERED = 20_000;

/** The finder over EC2. Its cache belongs to this process; other processes call EC2 again, within the shared rate limit. */
export const createInstanceFinder = ({
  ec2,
  pace,
  now,
}: {
  readonly ec2: Pick<EC2Client, 'send'>;
  readonly pace: Pace;
  readonly now: () => Date;
}): InstanceFinder => {
  const instances = createInstances({ ec2, pace });
  const memory = new Map<string, { readonly untilMs: number; readonly found: readonly FoundInstance[] }>();

  const remember = (node: NodeRef, found: readonly FoundInstance[], nowMs: number): void => {
    const key = keyOfRef(node);
    memory.delete(key);
    memory.set(key, { untilMs: nowMs + (found.length === 0 ? REMEMBER_MISSING_MS : REMEMBER_FOUND_MS), found });
    const oldest = memory.size > MAX_REMEMBERED ? memory.keys().next() : undefined;
    if (oldest?.done === false) memory.delete(oldest.value);
  };

  const ask = async (nodes: readonly NodeRef[], nowMs: number): Promise<void> => {
    const ids = nodes.flatMap((node) => (node.kind === 'instance-id' ? [node.id] : []));
    const names = nodes.flatMap((node) => (node.kind === 'instance-id' ? [] : [dnsPattern(node.name)]));
    const answers = [...(await instances.byId(ids)), ...(await instances.byPrivateDnsName(names))];
    // Two calls may return the same instance. It must not count as two instances with one name.
    const shown = new Map(answers.map((instance) => [instance.InstanceId, instance]));
    for (const node of nodes) {
      const found = [...shown.values()]
        .filter((instance) => fitsRef(instance, node))
        .map((i): FoundInstance => ({ instanceId: i.InstanceId ?? '', membership: membershipOf(tagsOf(i)) }));
      remember(node, found, nowMs);
    }
  };

  return {
    find: async (nodes) => {
      const nowMs = now().getTime();
      const unknown = new Map<string, NodeRef>();
      const answers = new Map<string, readonly FoundInstance[]>();
      for (const node of nodes) {
        const known = memory.get(keyOfRef(node));
        if (known !== undefined && nowMs < known.untilMs) answers.set(keyOfRef(node), known.found);
        else unknown.set(keyOfRef(node), node);
      }
      if (unknown.size > 0) await ask([...unknown.values()], nowMs);
      for (const key of unknown.keys()) answers.set(key, memory.get(key)?.found ?? []);
      return (node) => answers.get(keyOfRef(node)) ?? [];
    },
  };
};
