import { defined } from '../../core/model/defined.ts';
import type { LabClock } from '../aws/clock.ts';
import { createRandom } from '../aws/random.ts';
import type { Latency } from './latency.ts';
import { createSimulatedNode, type SimulatedNode, type SlowFailure } from './node.ts';
import type { SimulatedFault } from './result.ts';

/** Options of {@link createSimulatedFleet}. */
export type SimulatedFleetOptions = {
  readonly clock: LabClock;
  readonly seed: number;
  readonly cluster: string;
  readonly count: number;
  /** The fault of every n-th node, or of none. */
  readonly faultOf?: (index: number) => SimulatedFault | undefined;
  /** Part of the nodes whose agent is offline: 0.01 by default. */
  readonly offlineRate?: number;
  /** Part of the offline nodes that SSM still takes for online: 0.5 by default, since PingStatus is minutes stale. */
  readonly staleRate?: number;
  readonly latency?: Latency;
  readonly tags?: Readonly<Record<string, string>>;
  /** How many nodes a node group has; a larger fleet has more of them. */
  readonly nodesPerNodegroup?: number;
};

/** Nodes of a managed nodegroup hold at most this many in the lab; a larger fleet has more nodegroups. */
const NODES_PER_NODEGROUP = 450;

/** The instance id of a fleet's n-th node, the same for the same cluster name. */
export const fleetInstanceId = (cluster: string, index: number): string => {
  const spread = createRandom([...cluster].reduce((sum, c) => sum * 31 + c.charCodeAt(0), 7))();
  const prefix = Math.floor(spread * 0xffff_ffff)
    .toString(16)
    .padStart(8, '0');
  return `i-0${prefix}${index.toString(16).padStart(8, '0')}`;
};

/** Creates a fleet of one cluster; the same seed makes the same fleet. */
export const createSimulatedFleet = (options: SimulatedFleetOptions): readonly SimulatedNode[] => {
  const random = createRandom(options.seed);
  return Array.from({ length: options.count }, (_, index) => {
    const fault = options.faultOf?.(index);
    const offline = random() < (options.offlineRate ?? 0.01);
    return createSimulatedNode({
      instanceId: fleetInstanceId(options.cluster, index),
      cluster: options.cluster,
      clock: options.clock,
      random: createRandom(Math.floor(random() * 0xffff_ffff)),
      nodegroup: `${options.cluster}-workers-${Math.floor(index / (options.nodesPerNodegroup ?? NODES_PER_NODEGROUP))}`,
      offline,
      pings: offline && random() < (options.staleRate ?? 0.5),
      ...(fault === undefined ? {} : { faults: [fault] }),
      ...defined({ latency: options.latency, tags: options.tags }),
    });
  });
};

/** Makes documents fail late on this share of the nodes, drawn by the seed; returns those nodes. */
export const failSlowly = (
  nodes: readonly SimulatedNode[],
  failure: SlowFailure & { readonly share: number; readonly seed?: number },
): readonly SimulatedNode[] => {
  const { share, seed = 1, ...each } = failure;
  const random = createRandom(seed);
  const drawn = nodes.map((node) => ({ node, at: random() })).sort((a, b) => a.at - b.at);
  const chosen = drawn.slice(0, Math.round(nodes.length * share)).map(({ node }) => node);
  for (const node of chosen) node.failSlowly(each);
  return chosen;
};
