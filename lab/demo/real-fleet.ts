import { randomBytes } from 'node:crypto';
import type { BreakKind } from '../real/breaks.ts';
import { startRealFleet } from '../real/fleet.ts';
import type { RealNodeSpec } from '../real/generations.ts';
import { followJournal, logStreamOf, toFluentBitRecord } from '../real/journal.ts';
import type { RealNode } from '../real/node.ts';
import { settledSnapshot } from '../real/untouched.ts';
import { LAB_CLUSTER, LAB_ENVIRONMENT, LAB_LOG_GROUP } from '../synth.ts';
import type { DemoFleet, Story } from './fleet.ts';

type Plan = RealNodeSpec & { readonly kind?: BreakKind; readonly fault?: string; readonly method?: string };

const PLANS: readonly Plan[] = [
  { kind: 'missing', fault: 'image removed, no local copy', method: 'ecr' },
  { kind: 'missing-with-twin', fault: "image removed, another registry's copy on the node", method: 'tag' },
  {
    style: 'al2023',
    kind: 'al2023-missing',
    fault: 'AL2023: image removed, pause.tar on the node',
    method: 'import',
  },
  { kind: 'content-missing', fault: 'image listed, content missing', method: 'ecr' },
  {},
  { style: 'al2023' },
];

/** Six real nodes: systemd, containerd and runc in their own namespaces. The demo breaks four of them. */
export const startRealDemoFleet = async (): Promise<DemoFleet> => {
  // Nodes boot in parallel and are returned in any order; the instance id identifies the plan.
  const plans = new Map(PLANS.map((plan) => [`i-0${randomBytes(8).toString('hex')}`, plan]));
  const fleet = await startRealFleet({
    nodes: [...plans].map(([instanceId, { kind, fault, method, ...spec }]) => ({ ...spec, instanceId })),
    cluster: LAB_CLUSTER,
    region: LAB_ENVIRONMENT.region,
    accountId: LAB_ENVIRONMENT.account,
  });
  const planned = fleet.nodes.map((node) => ({ node, plan: plans.get(node.instanceId) ?? {} }));
  const broken = planned.filter(({ plan }) => plan.kind !== undefined);
  const healthy = planned.filter(({ plan }) => plan.kind === undefined).map(({ node }) => node);
  const nodeOf = (instanceId: string): RealNode => {
    const found = fleet.nodes.find((n) => n.instanceId === instanceId);
    if (found === undefined) throw new Error(`looking for node ${instanceId}: the demo has no such node`);
    return found;
  };
  const before = new Map<string, string>();
  return {
    nodes: fleet.nodes,
    stories: broken.map(
      ({ node, plan }): Story => ({ instanceId: node.instanceId, fault: plan.fault ?? '', method: plan.method ?? '' }),
    ),
    breakNodes: async () => {
      for (const node of healthy) before.set(node.instanceId, JSON.stringify(await settledSnapshot(node)));
      for (const { node, plan } of broken) if (plan.kind !== undefined) await node.breakNode(plan.kind);
    },
    shipLogs: async (lab) => {
      const stops = await Promise.all(
        fleet.nodes.map((node) =>
          followJournal(node, (line) => {
            const record = { message: toFluentBitRecord(node, line), timestamp: line.timeMilliseconds };
            void lab.putLogEvents(LAB_LOG_GROUP, logStreamOf(node, line.unit), [record]);
          }),
        ),
      );
      return async () => {
        await Promise.all(stops.map((stop) => stop()));
      };
    },
    startPod: async (instanceId) => {
      const result = await nodeOf(instanceId).runPodSandbox();
      return result.ok ? undefined : result.error;
    },
    touched: async () => {
      const changed: string[] = [];
      for (const node of healthy) {
        if (JSON.stringify(await node.snapshot()) !== before.get(node.instanceId)) changed.push(node.instanceId);
      }
      return changed;
    },
    stop: fleet.stop,
  };
};
