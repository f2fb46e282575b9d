import type { RoleState } from './credentials.ts';
import type { Fault, FaultTarget } from './faults.ts';
import type { CriDockerdVersion, GenerationName, KubeletVersion, NodeStyle, NodeTools } from './generations.ts';
import type { RuntimeName } from './runtimes.ts';

/** The parameters to boot one node. */
export type NodePlan = {
  /** At most 8 letters and digits, unique in the lab: it names the network interface too. */
  readonly name: string;
  readonly address: string;
  readonly hostname: string;
  readonly instanceId: string;
  readonly style: NodeStyle;
  /** Named, the node has all that its generation has; without, only what containerd needs. */
  readonly generation?: GenerationName;
  readonly runtime: RuntimeName;
  /** Folder on the machine whose files are laid over the machine's root. */
  readonly runtimeFolder?: string;
  readonly kubelet: KubeletVersion;
  readonly criDockerd: CriDockerdVersion;
  readonly sandboxImage: string;
  readonly tools: NodeTools;
  /** Whether the AL2 AMI's sandbox-image unit is there. */
  readonly sandboxImageUnit: boolean;
  /** Whether containerd drops the layer archives once they are unpacked, as the EKS AMIs do. */
  readonly discardUnpackedLayers: boolean;
  readonly rootMegabytes: number;
  readonly containerdMegabytes: number;
};

/** The region and account of the lab, for the answers of instance metadata and the names of the services. */
export type LabSite = {
  readonly labId: string;
  readonly folder: string;
  readonly region: string;
  readonly accountId: string;
  readonly roleName: string;
  /** ECR hosts that serve the pause image to clients with a token. */
  readonly ecrHosts: readonly string[];
  /** Other registries, which serve look-alikes to anyone. */
  readonly openHosts: readonly string[];
};

/** One request that a service of the lab answered. */
export type ServiceCall = {
  readonly at: string;
  readonly service: 'registry' | 's3' | 'ecr' | 'imds';
  /** Address of the node that asked. */
  readonly from: string;
  readonly host: string;
  readonly operation: string;
  readonly status: number;
};

/** The methods of the warden, the process inside the lab's namespaces. */
export type WardenMethods = {
  readonly open: (site: LabSite) => Promise<void>;
  /** Boots a node; resolves with the process id of its systemd in the warden's process namespace. */
  readonly startNode: (plan: NodePlan) => Promise<{ initPid: number }>;
  readonly stopNode: (params: { name: string }) => Promise<void>;
  readonly setFault: (params: { target: FaultTarget; fault: Fault | null }) => Promise<void>;
  /** Sets whether the role of a node exists, and whether it has the permission for ECR tokens. */
  readonly setRole: (params: { address: string; role: RoleState }) => Promise<void>;
  readonly expireTokens: (params: Record<string, never>) => Promise<void>;
  readonly calls: (params: Record<string, never>) => Promise<ServiceCall[]>;
  /** Every token and secret key handed out so far, for tests that search for them. */
  readonly secrets: (params: Record<string, never>) => Promise<{ ecrTokens: string[]; roleSecrets: string[] }>;
};

/** A request to the warden, over the process's message channel. */
export type WardenRequest = { readonly id: number; readonly method: keyof WardenMethods; readonly params: unknown };

/** The warden's answer to the request of the same id. */
export type WardenAnswer = { readonly id: number; readonly result?: unknown; readonly error?: string };
