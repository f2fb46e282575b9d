import { CONTAINERD_GENERATIONS, type GenerationName } from '../../lab/real/generations.ts';
import type { RealNode } from '../../lab/real/node.ts';
import type { ExpectedResult, Fault } from './fault.ts';
import { shell } from './scenes.ts';

/** The folder of kubelet's credential provider on a node, and its configuration. */
export const PROVIDER_FOLDER = '/etc/eks/image-credential-provider';
export const PROVIDER_CONFIG = `${PROVIDER_FOLDER}/config.json`;
/** Where the folder is kept while a fault is tried. */
export const KEPT_PROVIDER = '/run/kept-provider';
/** Keeps it, for the end of the fault. */
export const KEEP_PROVIDER = `rm -rf ${KEPT_PROVIDER}; cp -a ${PROVIDER_FOLDER} ${KEPT_PROVIDER}`;
/** Restarts kubelet, also where it has failed too often. */
export const RESTART_KUBELET = 'systemctl reset-failed; systemctl restart kubelet';

/** kubelet's start also starts the unit that pulls the sandbox image (AL2): while that runs, a repair is rightly blocked by it. */
export const UNIT_SETTLES =
  'for _ in $(seq 300); do [ "$(systemctl is-active sandbox-image)" = activating ] || break; sleep 0.2; done';

/** Breaks a node by a script that changes the provider's folder. */
export const breakBy =
  (script: string) =>
  async (node: RealNode): Promise<void> => {
    await shell(node, `${KEEP_PROVIDER}\n${script}\n${UNIT_SETTLES}`);
  };

/** Puts the provider's folder back. */
export const restoreProvider = async (node: RealNode): Promise<void> => {
  await shell(
    node,
    `rm -rf /etc/eks/ecr-credential-provider ${PROVIDER_FOLDER}; cp -a ${KEPT_PROVIDER} ${PROVIDER_FOLDER}; ${RESTART_KUBELET}; sleep 2`,
  );
};

/** What every fault of kubelet's credential provider has. */
export const ofProvider = {
  remediation: 'ecr-credentials',
  generations: CONTAINERD_GENERATIONS,
  restore: restoreProvider,
} as const satisfies Partial<Fault>;

/** The result of a repair of it: nodeadm writes its files again. */
export const providerRepaired =
  (reason: string, method: string) =>
  (generation: GenerationName): ExpectedResult => ({
    outcome: 'Repaired',
    reason,
    method,
    willRecur: generation.startsWith('al2023'),
  });
