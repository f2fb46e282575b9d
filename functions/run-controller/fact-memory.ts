import type { NodeFacts } from '../../core/guards/decide-node.ts';
import { defined } from '../../core/model/defined.ts';
import type { CommandRow } from '../../core/state/command-state.ts';
import type { Fleet } from '../shared/fleet.ts';

/** How long EC2's and SSM's facts about a node are good enough to send it a command. */
const FACTS_LIFE_MS = 60_000;
/** SSM describes as many nodes in one call. Source: Systems Manager API reference, DescribeInstanceInformation. */
const NODES_PER_CALL = 50;

/** EC2's and SSM's facts about nodes, at most a minute old. An execution environment keeps them over its turns. */
export type FactMemory = {
  /**
   * The facts about the named nodes. Where one of them has to be read, the call is filled up with the nodes that come soon,
   * so that few nodes at a time cost no call each.
   */
  readonly of: (
    cluster: string,
    instanceIds: readonly string[],
    soon?: readonly string[],
  ) => Promise<ReadonlyMap<string, NodeFacts>>;
  readonly placesOf: (cluster: string, instanceIds: readonly string[]) => Places;
};

/** The node groups and AMIs of nodes, as far as they are remembered: nothing is read for them. */
export type Places = NonNullable<CommandRow['places']>;

type Known = { readonly atMs: number; readonly facts: NodeFacts };

/** Whether nothing in the facts keeps the node from a command. */
const isInOrder = ({ unread, state, inCluster, modeTag, ssm }: NodeFacts): boolean =>
  unread === undefined &&
  state === 'running' &&
  inCluster &&
  (modeTag === undefined || modeTag === 'repair') &&
  ssm?.pingStatus === 'Online';

/**
 * The memory over the fleet. It keeps only nodes that are in order: a decision not to act stands for a while, so it must not
 * rest on a tag or a state that has changed since.
 */
export const createFactMemory = ({
  fleet,
  now,
}: {
  readonly fleet: Pick<Fleet, 'describe'>;
  readonly now: () => Date;
}): FactMemory => {
  const clusters = new Map<string, Map<string, Known>>();

  const validOf = (cluster: string, nowMs: number): Map<string, Known> => {
    const known = clusters.get(cluster) ?? new Map<string, Known>();
    clusters.set(cluster, known);
    for (const [id, { atMs }] of known) if (atMs <= nowMs - FACTS_LIFE_MS) known.delete(id);
    return known;
  };

  return {
    placesOf: (cluster, instanceIds) =>
      Object.fromEntries(
        instanceIds.flatMap((id) => {
          const { nodegroup, ami } = clusters.get(cluster)?.get(id)?.facts ?? {};
          return nodegroup === undefined && ami === undefined ? [] : [[id, defined({ nodegroup, ami })]];
        }),
      ),
    of: async (cluster, instanceIds, soon = []) => {
      const nowMs = now().getTime();
      const known = validOf(cluster, nowMs);
      const missing = instanceIds.filter((id) => !known.has(id));
      const read = new Map<string, NodeFacts>();
      if (missing.length > 0) {
        const named = new Set(missing);
        const more = soon.filter((id) => !named.has(id) && !known.has(id));
        const room = Math.max(0, NODES_PER_CALL - missing.length);
        for (const [id, facts] of await fleet.describe(cluster, [...missing, ...more.slice(0, room)])) {
          read.set(id, facts);
          if (isInOrder(facts)) known.set(id, { atMs: nowMs, facts });
        }
      }
      return new Map(
        instanceIds.flatMap((id) => {
          const facts = read.get(id) ?? known.get(id)?.facts;
          return facts === undefined ? [] : [[id, facts]];
        }),
      );
    },
  };
};
