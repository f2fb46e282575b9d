import { documentName } from '../../events/ssm-command.ts';
import type { DeliveredDocument } from '../../lab/node.ts';
import type { BreakKind } from '../../lab/real/breaks.ts';
import { type RealFleet, startRealFleet } from '../../lab/real/fleet.ts';
import type { RealNodeSpec } from '../../lab/real/generations.ts';
import type { RealNode } from '../../lab/real/node.ts';
import { probe } from '../../lab/real/packages.ts';
import { buildDocuments } from '../../ssm-documents/builder/build.ts';
import { NODE_CHECK_KEYS } from '../support/node-check-keys.ts';
import { processorTime } from './processor-time.ts';
import { median } from './statistics.ts';

/** The cost of one way on a node: medians in milliseconds, and the ratio to the manual way in the same round. */
export type WayFigures = {
  readonly way: string;
  readonly wallMs: number;
  /** Processor time of the whole node: the document, its tools, containerd and what it starts. */
  readonly processorMs: number;
  /** Median over the rounds of this way's time over the manual way's. */
  readonly wallRatio: number;
};

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

type Way = {
  readonly name: string;
  readonly node: keyof typeof NODES;
  readonly breakKind?: BreakKind;
  readonly document: DeliveredDocument;
  /** Documents that run at the same time. */
  readonly beside?: readonly DeliveredDocument[];
  /** What the result line must say, or nothing for the manual way. */
  readonly expect?: { readonly outcome: string; readonly method?: string };
};

type Sample = { readonly wallMs: number; readonly processorMs: number };

const NODES = {
  awsCli: { tools: { awsCli: true } },
  provider: { tools: { awsCli: false, credentialProvider: true } },
  helper: { tools: { awsCli: false, ecrLogin: true } },
  al2023: { style: 'al2023' },
} as const satisfies Readonly<Record<string, RealNodeSpec>>;

const TWIN = '961992271922.dkr.ecr.cn-northwest-1.amazonaws.com.cn/eks/pause:3.5';
const COMMAND_ID = '11111111-2222-4333-8444-555555555555';

const [firstPart = '', ...otherParts] = NODE_CHECK_KEYS;

const built = (key: string): DeliveredDocument => {
  const document = buildDocuments().find((d) => d.key === key);
  if (document === undefined) throw new Error(`measuring on a node: no document ${key} is built`);
  return {
    commandId: COMMAND_ID,
    documentName: documentName('fleetmend', document.key, document.sha256),
    content: document.content,
  };
};

/** The manual commands, run by the same agent. */
const byHand = (node: RealNode): DeliveredDocument => ({
  commandId: COMMAND_ID,
  documentName: 'by-hand',
  content: {
    schemaVersion: '2.2',
    mainSteps: [
      {
        name: 'fetch',
        action: 'aws:runShellScript',
        inputs: {
          runCommand: [
            '#!/bin/bash',
            'set -e',
            `ecr_password=$(aws ecr get-login-password --region ${node.region})`,
            `ctr --namespace k8s.io content fetch "${node.sandboxImage}" --user "AWS:$ecr_password"`,
          ],
          timeoutSeconds: '300',
        },
      },
    ],
  },
});

const waysOn = (nodes: Readonly<Record<keyof typeof NODES, RealNode>>): readonly Way[] => {
  const repair = built('pause-image-repair');
  const repaired = (method: string) => ({ outcome: 'Repaired', method });
  return [
    {
      name: 'by hand: AWS CLI, ctr content fetch',
      node: 'awsCli',
      breakKind: 'missing',
      document: byHand(nodes.awsCli),
    },
    {
      name: 'repair, method ecr, AWS CLI',
      node: 'awsCli',
      breakKind: 'missing',
      document: repair,
      expect: repaired('ecr'),
    },
    {
      name: 'repair, method ecr, docker-credential-ecr-login',
      node: 'helper',
      breakKind: 'missing',
      document: repair,
      expect: repaired('ecr'),
    },
    {
      name: 'repair, method ecr, credential provider (stand-in)',
      node: 'provider',
      breakKind: 'missing',
      document: repair,
      expect: repaired('ecr'),
    },
    {
      name: 'repair, method tag',
      node: 'awsCli',
      breakKind: 'missing-with-twin',
      document: repair,
      expect: repaired('tag'),
    },
    {
      name: 'repair, method import',
      node: 'al2023',
      breakKind: 'al2023-missing',
      document: repair,
      expect: repaired('import'),
    },
    { name: 'repair of a healthy node', node: 'awsCli', document: repair, expect: { outcome: 'Healthy' } },
    {
      name: 'check of a healthy node',
      node: 'awsCli',
      document: built('pause-image-check'),
      expect: { outcome: 'Healthy' },
    },
    {
      name: 'node-check of a healthy node',
      node: 'awsCli',
      document: built(firstPart),
      beside: otherParts.map(built),
      expect: { outcome: 'Healthy' },
    },
  ];
};

const runWay = async (fleet: RealFleet, node: RealNode, way: Way): Promise<Sample> => {
  if (way.breakKind !== undefined) await node.breakNode(way.breakKind);
  const before = processorTime(fleet, node);
  const since = performance.now();
  const documents = [way.document, ...(way.beside ?? [])];
  const replies = await Promise.all(documents.map((document) => node.run(document, new AbortController().signal)));
  const wallMs = performance.now() - since;
  const processorMs = processorTime(fleet, node) - before;
  for (const reply of replies) {
    const said = `${reply.statusDetails}: ${reply.stdout.trim().slice(0, 300)} ${reply.stderr.trim().slice(-300)}`;
    if (reply.exitCode !== 0) throw new Error(`measuring ${way.name}: ${said}`);
    for (const [field, value] of Object.entries(way.expect ?? {})) {
      if (!reply.stdout.includes(`"${field}":"${value}"`))
        throw new Error(`measuring ${way.name}: no ${value}: ${said}`);
    }
  }
  const pod = await node.runPodSandbox();
  if (!pod.ok) throw new Error(`measuring ${way.name}: no pod starts after it: ${pod.error}`);
  await node.removeSandboxes();
  // Otherwise it would be a local copy for the next repair.
  if (way.breakKind === 'missing-with-twin') await node.ctr(['images', 'rm', TWIN]);
  return { wallMs, processorMs };
};

/**
 * Breaks real nodes and repairs them by hand and by each method, in rounds, so that every ratio is between runs of the same
 * minute. One round before the first warms the machine's caches and is not counted.
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
    const ways = waysOn(nodes);
    const samples = ways.map((): Sample[] => []);
    for (let round = 0; round <= rounds; round++) {
      for (const [i, way] of ways.entries()) {
        const sample = await runWay(fleet, nodes[way.node], way);
        if (round > 0) samples[i]?.push(sample);
      }
    }
    const baseline = samples[0] ?? [];
    const figures = ways.map((way, i): WayFigures => {
      const own = samples[i] ?? [];
      return {
        way: way.name,
        wallMs: median(own.map((s) => s.wallMs)),
        processorMs: median(own.map((s) => s.processorMs)),
        wallRatio: median(own.map((s, round) => s.wallMs / (baseline[round]?.wallMs ?? Number.NaN))),
      };
    });
    const [manual, ...others] = figures;
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
