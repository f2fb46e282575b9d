import { randomBytes } from 'node:crypto';
import { FOREIGN_REGISTRIES, TWIN_REGISTRY } from './breaks.ts';
import type { Fault, FaultTarget } from './faults.ts';
import type { RealNodeSpec } from './generations.ts';
import { type RealNode, startRealNode } from './node.ts';
import { probe } from './packages.ts';
import type { ServiceCall } from './protocol.ts';
import { startWarden } from './warden-client.ts';

/** The options of a fleet of real nodes. */
export type RealFleetSpec = {
  readonly nodes: readonly RealNodeSpec[];
  readonly cluster?: string;
  readonly region?: string;
  readonly accountId?: string;
};

/** Real nodes that share a registry, an ECR API and instance metadata. */
export type RealFleet = {
  /** Names the lab on the machine: its folder, its lock, its control groups. */
  readonly labId: string;
  readonly nodes: readonly RealNode[];
  /** Every request that the fleet's services answered so far. */
  readonly calls: () => Promise<ServiceCall[]>;
  /** Every registry token and role secret handed out so far, for tests that search for them. */
  readonly secrets: () => Promise<{ ecrTokens: string[]; roleSecrets: string[] }>;
  readonly setFault: (target: FaultTarget, fault: Fault | null) => Promise<void>;
  /** Expires all registry tokens that were issued. */
  readonly expireTokens: () => Promise<void>;
  /** Boots one more node. */
  readonly addNode: (spec?: RealNodeSpec) => Promise<RealNode>;
  /** Ends all nodes and services, and resolves when nothing of them is left on the machine. */
  readonly stop: () => Promise<void>;
};

const DEFAULTS = { cluster: 'demo', region: 'cn-north-1', accountId: '123456789012' };
const ROLE_NAME = 'demo-node-role';
const OTHER_ECR_HOSTS = [
  TWIN_REGISTRY,
  '602401143452.dkr.ecr.us-west-2.amazonaws.com',
  '013241004608.dkr.ecr.us-gov-west-1.amazonaws.com',
];
const OWN_ECR_HOST: Record<string, string> = {
  'cn-north-1': '918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn',
  'us-west-2': '602401143452.dkr.ecr.us-west-2.amazonaws.com',
};

/**
 * Boots a fleet of real nodes in namespaces of its own; needs root, see {@link probe}. It ends with `stop`, and also
 * when this process ends, however it ends: the kernel removes the namespaces with their first process.
 */
export async function startRealFleet(spec: RealFleetSpec): Promise<RealFleet> {
  const machine = await probe();
  if (!machine.ok) throw new Error(`starting real nodes: this machine lacks ${machine.missing.join('; ')}`);
  const settings = { ...DEFAULTS, ...spec };
  const ownHost = OWN_ECR_HOST[settings.region];
  if (ownHost === undefined) throw new Error(`starting real nodes: no ECR host is known for ${settings.region}`);
  const warden = await startWarden({
    region: settings.region,
    accountId: settings.accountId,
    roleName: ROLE_NAME,
    ecrHosts: [...new Set([ownHost, ...OTHER_ECR_HOSTS])],
    openHosts: FOREIGN_REGISTRIES.map((registry) => registry.split('/')[0] ?? registry),
  });

  const nodes: RealNode[] = [];
  let started = 0;
  const addNode = async (nodeSpec: RealNodeSpec = {}): Promise<RealNode> => {
    started += 1;
    const node = await startRealNode(warden, started, {
      ...nodeSpec,
      instanceId: nodeSpec.instanceId ?? `i-0${randomBytes(8).toString('hex')}`,
      cluster: nodeSpec.cluster ?? settings.cluster,
    });
    nodes.push(node);
    return node;
  };
  const stop = async () => {
    for (const node of nodes) node.detach();
    await warden.stop();
  };
  try {
    await Promise.all(settings.nodes.map((nodeSpec) => addNode(nodeSpec)));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    labId: warden.labId,
    nodes,
    calls: () => warden.calls({}),
    secrets: () => warden.secrets({}),
    setFault: (target, fault) => warden.setFault({ target, fault }),
    expireTokens: () => warden.expireTokens({}),
    addNode,
    stop,
  };
}
