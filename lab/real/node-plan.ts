import { defined } from '../../core/model/defined.ts';
import { nodeAddress, privateDnsName } from './addresses.ts';
import { GENERATIONS, type NodeStyle, type RealNodeSpec } from './generations.ts';
import type { LabSite, NodePlan } from './protocol.ts';
import type { RuntimeName } from './runtimes.ts';

/** The name of the sandbox image that Amazon Linux 2023 keeps on its disk. */
export const LOCAL_IMAGE = 'localhost/kubernetes/pause';
const DEFAULT_MEGABYTES = { root: 256, containerd: 256 };

/** The runtime of a node of this specification. */
export function runtimeOf(spec: RealNodeSpec): RuntimeName {
  return { ...generationOf(spec), ...spec }.runtime ?? '1.6';
}

/** The plan of a node: what the specification says, else its generation, else the defaults. */
export function planNode(
  site: LabSite,
  number: number,
  own: RealNodeSpec & { instanceId: string },
  runtimeFolder: string | undefined,
): NodePlan {
  const generation = generationOf(own);
  const spec = { ...generation, ...own, tools: { ...generation.tools, ...own.tools } };
  const style = spec.style ?? 'al2';
  const address = nodeAddress(number);
  return {
    name: `n${number}`,
    address,
    hostname: privateDnsName(address, site.region),
    instanceId: own.instanceId,
    style,
    ...defined({ generation: own.generation }),
    runtime: spec.runtime ?? '1.6',
    ...defined({ runtimeFolder }),
    // The last kubelet that asks ECR by itself, where it is given no provider.
    kubelet: spec.kubelet ?? '1.26.15',
    criDockerd: spec.criDockerd ?? '0.4.3',
    sandboxImage: spec.sandboxImage ?? (style === 'al2023' ? LOCAL_IMAGE : `${site.ecrHosts[0]}/eks/pause:3.5`),
    tools: { awsCli: true, credentialProvider: false, ecrLogin: false, ...spec.tools },
    sandboxImageUnit: spec.sandboxImageUnit ?? false,
    discardUnpackedLayers: spec.discardUnpackedLayers ?? true,
    rootMegabytes: spec.rootMegabytes ?? DEFAULT_MEGABYTES.root,
    containerdMegabytes: spec.containerdMegabytes ?? DEFAULT_MEGABYTES.containerd,
  };
}

function generationOf(spec: RealNodeSpec): Omit<RealNodeSpec, 'generation'> {
  return spec.generation === undefined ? {} : GENERATIONS[spec.generation];
}

/** The name of the operating system in the SSM agent, which is the same for Amazon Linux 2 and 2023. */
export function platformOf(style: NodeStyle): { readonly name: string; readonly version: string } {
  if (style === 'ubuntu') return { name: 'Ubuntu', version: '22.04' };
  return { name: 'Amazon Linux', version: style.startsWith('al2023') ? '2023' : '2' };
}
