import { type RealFleet, startRealFleet } from '../../lab/real/fleet.ts';
import type { RealNodeSpec } from '../../lab/real/generations.ts';
import type { RealNode } from '../../lab/real/node.ts';
import { probe } from '../../lab/real/packages.ts';
import { NODE_CHECK_KEYS } from '../support/node-check-keys.ts';
import { built, byHand, figuresOf, givenToken, runWay, type Sample, type Way, type WayFigures } from './node-ways.ts';
import { median } from './statistics.ts';

/** Repairs and checks on real nodes, or why this machine could not run them. */
export type NodeRepairsFigures =
  | { readonly ran: false; readonly why: string }
  | {
      readonly ran: true;
      readonly rounds: number;
      readonly containerd: string;
      readonly manual: WayFigures;
      readonly ways: readonly WayFigures[];
      /** Methods that could not be measured here, each with why. */
      readonly left: readonly string[];
    };

type PlacedWay = Way & { readonly node: keyof typeof NODES };

const NODES = {
  awsCli: { tools: { awsCli: true } },
  provider: { tools: { awsCli: false, credentialProvider: true } },
  helper: { tools: { awsCli: false, ecrLogin: true } },
  al2023: { style: 'al2023' },
} as const satisfies Readonly<Record<string, RealNodeSpec>>;

const [firstPart = '', ...otherParts] = NODE_CHECK_KEYS;

const waysOn = (nodes: Readonly<Record<keyof typeof NODES, RealNode>>): readonly PlacedWay[] => {
  const document = built('pause-image-repair');
  const repair = (name: string, node: PlacedWay['node'], breakKind: Way['breakKind'], method: string): PlacedWay => ({
    name: `repair, method ${name}`,
    node,
    ...(breakKind === undefined ? {} : { breakKind }),
    document,
    expect: { outcome: 'Repaired', method },
    isTimed: true,
  });
  const healthy = { outcome: 'Healthy' } as const;
  return [
    { ...byHand(nodes.awsCli), node: 'awsCli' },
    { ...givenToken(nodes.awsCli), node: 'awsCli' },
    repair('ecr, request of its own', 'awsCli', 'missing', 'ecr'),
    repair('ecr, docker-credential-ecr-login', 'helper', 'missing', 'ecr'),
    repair('ecr, credential provider (stand-in)', 'provider', 'missing', 'ecr'),
    repair('tag', 'awsCli', 'missing-with-twin', 'tag'),
    repair('import', 'al2023', 'al2023-missing', 'import'),
    { name: 'repair of a healthy node', node: 'awsCli', document, expect: healthy },
    { name: 'check of a healthy node', node: 'awsCli', document: built('pause-image-check'), expect: healthy },
    {
      name: 'node-check of a healthy node',
      node: 'awsCli',
      document: built(firstPart),
      beside: otherParts.map(built),
      expect: healthy,
    },
  ];
};

/** Runs every way once a round, so that every ratio is between runs of the same minute; the first round warms the caches. */
export const inRounds = async <T extends Way>(
  fleet: RealFleet,
  ways: readonly T[],
  nodeOf: (way: T) => RealNode,
  rounds: number,
): Promise<WayFigures[]> => {
  const samples = ways.map((): Sample[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, way] of ways.entries()) {
      const sample = await runWay(fleet, nodeOf(way), way);
      if (round > 0) samples[i]?.push(sample);
    }
  }
  const [manual = [], fetched = []] = samples;
  const wallsOf = (i: number): number[] => (samples[i] ?? []).map(({ wallMs }) => wallMs);
  return ways.map((way, i) => ({
    ...figuresOf(way, samples[i] ?? [], { manual, fetched }),
    over: Object.fromEntries(
      ways.map((other, j) => [
        other.name,
        median(wallsOf(i).map((wall, round) => wall / (wallsOf(j)[round] ?? Number.NaN))),
      ]),
    ),
  }));
};

/**
 * Breaks real nodes and repairs them by hand and by each method, in rounds. One round before the first warms the machine's
 * caches and is not counted.
 */
export const measureNodeRepairs = async (rounds: number): Promise<NodeRepairsFigures> => {
  const machine = await probe();
  if (!machine.ok) return { ran: false, why: `this machine lacks ${machine.missing.join('; ')}` };
  const ids = Object.keys(NODES).map(
    (name, i) => [name as keyof typeof NODES, `i-0bec0de${String(i).padStart(10, '0')}`] as const,
  );
  const fleet = await startRealFleet({ nodes: ids.map(([name, instanceId]) => ({ ...NODES[name], instanceId })) });
  try {
    const nodeOf = (name: keyof typeof NODES): RealNode => {
      const instanceId = ids.find(([known]) => known === name)?.[1];
      const node = fleet.nodes.find((n) => n.instanceId === instanceId);
      if (node === undefined) throw new Error(`starting the fleet: it lacks the node ${name}`);
      return node;
    };
    const nodes = {
      awsCli: nodeOf('awsCli'),
      provider: nodeOf('provider'),
      helper: nodeOf('helper'),
      al2023: nodeOf('al2023'),
    };
    const [manual, ...others] = await inRounds(fleet, waysOn(nodes), ({ node }) => nodes[node], rounds);
    if (manual === undefined) throw new Error('measuring on a node: there is no manual way');
    const containerd = (await nodes.awsCli.exec(['containerd', '--version'])).stdout.split(/\s+/)[2] ?? 'unknown';
    return {
      ran: true,
      rounds,
      containerd,
      manual,
      ways: others,
      left: /^v?1\.(6\.(\d|1\d|2[01])|[0-5]\.)/.test(containerd)
        ? [
            `method pin: containerd ${containerd} of this machine does not report a pin, so that nothing is to be pinned`,
          ]
        : [],
    };
  } finally {
    await fleet.stop();
  }
};
