import { createClock } from '../aws/clock.ts';
import { createSimulatedFleet } from '../sim/fleet.ts';
import { logNormal } from '../sim/latency.ts';
import type { SimulatedFault } from '../sim/result.ts';
import { sandboxError, sandboxRecord } from '../sim/sandbox-record.ts';
import { LAB_CLUSTER, LAB_LOG_GROUP } from '../synth.ts';
import type { DemoFleet, Story } from './fleet.ts';

const NODES = 40;
const BROKEN = 8;
const SEED = 7;
const IMAGE = '918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5';
/** The error of containerd 1.6, recorded on a real node. */
const POD_ERROR = sandboxError(IMAGE);

type Kind = { readonly what: string; readonly method: string; readonly reason: string };
const KINDS: readonly Kind[] = [
  { reason: 'SandboxImageMissing', method: 'ecr', what: 'image removed, no local copy' },
  { reason: 'SandboxImageMissing', method: 'tag', what: "image removed, another registry's copy on the node" },
  { reason: 'SandboxImageMissing', method: 'import', what: 'image removed, pause.tar on the node' },
  { reason: 'SandboxImageIncomplete', method: 'ecr', what: 'image listed, content missing' },
];

const faultOf = ({ reason, method }: Kind): SimulatedFault => ({
  remediation: 'pause-image',
  reason,
  repair: { kind: 'repairs', method, willRecur: true },
});

/** Forty simulated nodes, eight of which the demo breaks. No document runs: each node answers as a real one does. */
export const startSimulatedDemoFleet = (): DemoFleet => {
  const nodes = createSimulatedFleet({
    clock: createClock({}),
    seed: SEED,
    cluster: LAB_CLUSTER,
    count: NODES,
    offlineRate: 0,
    // Shorter than in a real fleet, to keep the demo short.
    latency: logNormal(800, 2500),
  });
  const broken = nodes
    .filter((_, i) => i % (NODES / BROKEN) === 0)
    .flatMap((node, i) => {
      const kind = KINDS[i % KINDS.length];
      return kind === undefined ? [] : [{ node, kind }];
    });
  const nodeOf = (instanceId: string) => nodes.find((n) => n.instanceId === instanceId);
  const healthy = nodes.filter((n) => !broken.some((b) => b.node === n));
  let ship: ((instanceId: string) => Promise<void>) | undefined;
  return {
    nodes,
    stories: broken.map(
      ({ node, kind }): Story => ({ instanceId: node.instanceId, fault: kind.what, method: kind.method }),
    ),
    breakNodes: async () => {
      for (const { node, kind } of broken) node.breakWith(faultOf(kind));
    },
    shipLogs: async (lab) => {
      ship = async (instanceId) => {
        const node = nodeOf(instanceId);
        if (node === undefined) return;
        const { stream, line } = sandboxRecord(node, POD_ERROR, { region: lab.region, now: lab.now() });
        await lab.putLogEvents(LAB_LOG_GROUP, stream, [line]);
      };
      return async () => {
        ship = undefined;
      };
    },
    startPod: async (instanceId) => {
      if ((nodeOf(instanceId)?.faults().length ?? 0) === 0) return undefined;
      await ship?.(instanceId);
      return POD_ERROR;
    },
    touched: async () =>
      healthy.filter((n) => n.runs.some((r) => r.documentName.includes('-repair-'))).map((n) => n.instanceId),
    stop: async () => {},
  };
};
