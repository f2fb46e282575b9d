import type { LabNode } from '../../lab/node.ts';
import type { SimulatedNode } from '../../lab/sim/node.ts';
import { FRAMES } from '../corpus/quoted-frames.ts';
import { faultLine } from '../e2e/fault-line.ts';
import { failing, logGroupOf, REPAIRABLE, type Scene } from '../e2e/support.ts';

/** The cluster in which somebody lies. */
export const CLUSTER = 'town';

/** The nodes of a scene of lies. */
export type Town = {
  readonly scene: Scene;
  /** Really broken, and repaired by the first repair. */
  readonly honest: readonly SimulatedNode[];
  /** Nothing is wrong with them. */
  readonly healthy: readonly SimulatedNode[];
};

/** Something that liars do. */
export type Lie = {
  readonly name: string;
  /** How many healthy nodes it may bring a check. */
  readonly reaches: number;
  /** Makes nodes that lie in their results. They log their faults as the honest ones do, and before them. */
  readonly liars?: (town: Town) => readonly SimulatedNode[];
  /** Writes its lines; called each minute until the last honest node is repaired. */
  readonly tell?: (town: Town) => Promise<void>;
};

type Named = Pick<SimulatedNode, 'instanceId' | 'privateDnsName'>;

const streamOf = (host: string, unit = 'containerd.service'): string => `${host}-dataplane.systemd.${unit}`;

/** How the id of an instance begins that does not exist. */
export const INVENTED = 'i-0bad';

/** The names of healthy nodes, then of instances that do not exist. */
const names = ({ healthy }: Town, count: number): readonly Named[] => [
  ...healthy.slice(0, count),
  ...Array.from({ length: Math.max(0, count - healthy.length) }, (_, i) => ({
    instanceId: `${INVENTED}${String(i).padStart(13, '0')}`,
    privateDnsName: `ip-10-9-${Math.floor(i / 250)}-${i % 250}.ec2.internal`,
  })),
];

const write = (town: Town, stream: string, lines: readonly (string | { timestamp: number; message: string })[]) =>
  town.scene.lab.putLogEvents(logGroupOf(CLUSTER), stream, lines);

/** Lines about other nodes in the stream of the liar itself. */
const inOwnStream = (count: number): Lie => ({
  name: `names of ${count} nodes in the liar's own stream`,
  reaches: 1,
  tell: async (town) => {
    const [liar] = town.healthy;
    const lines = names(town, count).map((node) => faultLine(node, town.scene.lab.now()));
    await write(town, streamOf(liar?.privateDnsName ?? ''), lines);
  },
});

/** Lines without a host, in a stream that names no node: the cheapest way to name many. */
const inFreeStream = (count: number, minutesAgo = 0): Lie => ({
  name: `names of ${count} nodes in a stream of any name${minutesAgo === 0 ? '' : `, with times ${minutesAgo} min ago`}`,
  reaches: count,
  tell: async (town) => {
    const at = town.scene.lab.now() - minutesAgo * 60_000;
    const lines = names(town, count).map((node) => {
      const { hostname, ...record } = JSON.parse(faultLine(node, at)) as Record<string, unknown>;
      return { timestamp: at, message: JSON.stringify(record) };
    });
    await write(town, 'stream', lines);
  },
});

/** Lines of each node in a stream of its name. */
const inTheirStreams = (count: number): Lie => ({
  name: `names of ${count} nodes in streams of their names`,
  reaches: count,
  tell: async (town) => {
    const at = town.scene.lab.now();
    for (const node of names(town, count)) await write(town, streamOf(node.privateDnsName), [faultLine(node, at)]);
  },
});

/** The fault in the text of a pod's author, in every frame of kubelet and containerd, as the node itself ships it. */
const inQuotes: Lie = {
  name: 'the fault in the probe, command, user, image or name of a pod, on 20 nodes',
  reaches: 0,
  tell: async (town) => {
    const at = town.scene.lab.now();
    for (const node of town.healthy.slice(0, 20)) {
      const { message } = JSON.parse(faultLine(node, at)) as { readonly message: string };
      for (const kind of ['kubelet', 'containerd'] as const) {
        const unit = `${kind}.service`;
        const lines = FRAMES.filter((frame) => frame.kind === kind).map(({ around }) =>
          JSON.stringify({
            ...{ hostname: node.privateDnsName, systemd_unit: unit, ec2_instance_id: node.instanceId },
            message: around(message),
          }),
        );
        await write(town, streamOf(node.privateDnsName, unit), lines);
      }
      const tailed = `${node.privateDnsName}-dataplane.tail.var.log.containers.aws-node-abcde_team_shell-${'ab'.repeat(32)}.log`;
      await write(town, tailed, [JSON.stringify({ log: message, ec2_instance_id: node.instanceId })]);
    }
  },
};

const addLiars = ({ scene }: Town, count: number, reason: string): readonly SimulatedNode[] =>
  scene.addNodes(CLUSTER, count, { faultOf: () => failing(reason) });

const failures = (count: number): Lie => ({
  name: `${count === 1 ? 'one node reports' : `${count} nodes report`} that the repair failed`,
  reaches: 0,
  liars: (town) => addLiars(town, count, 'SandboxImageMissing'),
});

const silences = (count: number): Lie => ({
  name: `${count} nodes report that the registry is silent`,
  reaches: 0,
  liars: (town) => addLiars(town, count, 'RegistryUnreachable'),
});

const noAnswers = (count: number): Lie => ({
  name: `${count} nodes answer nothing`,
  reaches: 0,
  liars: ({ scene }) => scene.addNodes(CLUSTER, count, { faultOf: () => REPAIRABLE, offline: true, pings: true }),
});

/** Nodes that answer every document with the other's result, or with none that can be read. */
const nonsense: Lie = {
  name: '3 nodes answer nonsense',
  reaches: 0,
  liars: ({ scene }) => {
    const nodes = scene.addNodes(CLUSTER, 3, { faultOf: () => REPAIRABLE });
    const answers = ['{"v":2,"outcome":"Repaired"}', '', 'x'.repeat(3000)];
    for (const [i, node] of nodes.entries()) {
      const liar: LabNode = {
        ...node,
        run: async (_document, signal) => {
          await scene.clock.sleep(1000);
          signal.throwIfAborted();
          return { statusDetails: 'Success', exitCode: 0, stdout: answers[i] ?? '', stderr: '' };
        },
      };
      scene.lab.nodes.add(liar);
    }
    return nodes;
  },
};

/** No lie: what the others are compared with. */
export const TRUTH: Lie = { name: 'nobody lies', reaches: 0 };

/** The lies of the table; `count` is how many nodes are named at most. */
export const liesOf = (count: number): readonly Lie[] => [
  ...[100, 300, 2000].filter((n) => n <= count).flatMap((n) => [inOwnStream(n), inFreeStream(n), inTheirStreams(n)]),
  inFreeStream(Math.min(300, count), 25),
  inQuotes,
  failures(1),
  failures(2),
  silences(2),
  noAnswers(2),
  nonsense,
];
