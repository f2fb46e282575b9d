import type { RuntimeName } from './runtimes.ts';

/**
 * The generations of node that fleets run, by the files of the AMI and the version of the runtime:
 * - `al2-1.6`, `al2-1.7`: Amazon Linux 2's files, with the sandbox-image unit;
 * - `al2023-ecr-1.7`: Amazon Linux 2023 before v20241115, its sandbox image in ECR;
 * - `al2023-1.7`: after it: localhost/kubernetes/pause, pinned, with /etc/eks/pause.tar;
 * - `al2023-2`: the same with containerd 2.x and its configuration of version 3;
 * - `ubuntu-1.7`: Canonical's image for EKS: bootstrap.sh's files without the AWS CLI;
 * - `docker`: a custom AMI with Docker behind cri-dockerd.
 */
export const GENERATION_NAMES = [
  'al2-1.6',
  'al2-1.7',
  'al2023-ecr-1.7',
  'al2023-1.7',
  'al2023-2',
  'ubuntu-1.7',
  'docker',
] as const;

/** One of {@link GENERATION_NAMES}. */
export type GenerationName = (typeof GENERATION_NAMES)[number];

/** Whether `text` names a generation. */
export function isGenerationName(text: string): text is GenerationName {
  return (GENERATION_NAMES as readonly string[]).includes(text);
}

/** The generations whose kubelet talks to containerd. */
export const CONTAINERD_GENERATIONS = GENERATION_NAMES.filter((name) => name !== 'docker');

/**
 * The origin of a node's files: the EKS AMI for Amazon Linux 2 or 2023 (before v20241115 with its sandbox image in ECR), those
 * of Canonical's image, or a custom image with Docker.
 */
export type NodeStyle = 'al2' | 'al2023-ecr' | 'al2023' | 'ubuntu' | 'docker';

/** The program that gets an ECR token on a node. */
export type NodeTools = {
  /** Debian's AWS CLI. */
  readonly awsCli: boolean;
  /** A stand-in for kubelet's ecr-credential-provider, with its configuration. */
  readonly credentialProvider: boolean;
  /** Debian's docker-credential-ecr-login. */
  readonly ecrLogin: boolean;
};

/** The versions that the stand-in for kubelet has: 1.25 is the last one that takes the CRI's v1alpha2. */
export const KUBELET_VERSIONS = ['1.25.16', '1.26.15', '1.27.16', '1.29.14', '1.36.2'] as const;

/** One of {@link KUBELET_VERSIONS}. */
export type KubeletVersion = (typeof KUBELET_VERSIONS)[number];

/**
 * The versions that the stand-in for cri-dockerd has: 0.2.3 without a network plugin by default, 0.2.6 without the CRI's v1,
 * which came with 0.3.0.
 */
export type CriDockerdVersion = '0.2.3' | '0.2.6' | '0.4.3';

/** The properties of a node; all have defaults. */
export type RealNodeSpec = {
  /** `i-` and 17 hexadecimal digits. */
  readonly instanceId?: string;
  readonly cluster?: string;
  /** Changes the defaults to those of this generation. */
  readonly generation?: GenerationName;
  readonly style?: NodeStyle;
  readonly runtime?: RuntimeName;
  readonly kubelet?: KubeletVersion;
  readonly criDockerd?: CriDockerdVersion;
  /** What the node's sandbox image is called; by default the EKS registry's of the region, or nodeadm's. */
  readonly sandboxImage?: string;
  readonly tools?: Partial<NodeTools>;
  readonly sandboxImageUnit?: boolean;
  readonly discardUnpackedLayers?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
  /** What the unit of the SSM agent sets, which the agent hands on to each document: proxies, for example. */
  readonly agentEnvironment?: Readonly<Record<string, string>>;
  /** How long the agent takes from the end of a document to the start of the next: 1 to 2 s on real nodes, by default 0. */
  readonly documentGapMilliseconds?: number;
  readonly rootMegabytes?: number;
  readonly containerdMegabytes?: number;
};

/** The defaults of each generation. */
export const GENERATIONS: Readonly<Record<GenerationName, Omit<RealNodeSpec, 'generation'>>> = {
  'al2-1.6': {
    style: 'al2',
    runtime: '1.6',
    kubelet: '1.27.16',
    sandboxImageUnit: true,
    tools: { credentialProvider: true },
  },
  'al2-1.7': {
    style: 'al2',
    runtime: '1.7',
    kubelet: '1.29.14',
    sandboxImageUnit: true,
    tools: { credentialProvider: true },
  },
  'al2023-ecr-1.7': {
    style: 'al2023-ecr',
    runtime: '1.7',
    kubelet: '1.29.14',
    tools: { credentialProvider: true },
  },
  'al2023-1.7': { style: 'al2023', runtime: '1.7', kubelet: '1.29.14', tools: { credentialProvider: true } },
  'al2023-2': {
    style: 'al2023',
    runtime: '2',
    kubelet: '1.36.2',
    // nodeadm writes the tag since v20260625.
    sandboxImage: 'localhost/kubernetes/pause:latest',
    tools: { credentialProvider: true },
  },
  'ubuntu-1.7': {
    style: 'ubuntu',
    runtime: '1.7',
    kubelet: '1.29.14',
    tools: { awsCli: false, credentialProvider: true },
  },
  docker: { style: 'docker', runtime: 'docker', kubelet: '1.26.15', tools: { ecrLogin: true } },
};
