import * as z from 'zod';
import { TWIN_REGISTRY } from '../../lab/real/breaks.ts';
import type { FaultTarget } from '../../lab/real/faults.ts';
import { CONTAINERD_GENERATIONS, type GenerationName } from '../../lab/real/generations.ts';
import type { RealNode } from '../../lab/real/node.ts';
import type { FaultScene } from './fault.ts';
import { untilNoticed } from './until.ts';

/** The generations whose sandbox image is a local name, with a copy on the disk; and those that have it from ECR. */
export const LOCAL_GENERATIONS: readonly GenerationName[] = ['al2023-1.7', 'al2023-2'];
export const ECR_GENERATIONS: readonly GenerationName[] = CONTAINERD_GENERATIONS.filter(
  (name) => !LOCAL_GENERATIONS.includes(name),
);

/** Runs a shell script on a node; throws where it fails. */
export const shell = async (node: RealNode, script: string): Promise<string> => {
  const { code, stdout, stderr } = await node.exec(['sh', '-euc', script]);
  if (code !== 0) throw new Error(`running ${script} on ${node.name}: exit code ${code}: ${stderr.trim()}`);
  return stdout;
};

/** Restarts containerd (and what `units` names) after changes of its files, and waits until the CRI answers the lab. */
export const restartContainerd = async (node: RealNode, units = ''): Promise<void> => {
  await shell(node, `systemctl daemon-reload; systemctl reset-failed; systemctl restart containerd ${units}`);
  await untilNoticed(() =>
    node.cri.status().then(
      ({ runtimeReady }) => runtimeReady,
      () => false,
    ),
  );
};

/** The sandbox image's name in containerd's list. */
export const fullName = (node: RealNode): string =>
  node.sandboxImage.replace(/.*\//, '').includes(':') ? node.sandboxImage : `${node.sandboxImage}:latest`;

/** Brings the sandbox image back as a new node has it, and removes all others. */
export const putImageBack = async (node: RealNode): Promise<void> => {
  const name = fullName(node);
  await node.importImage(node.pauseImage, name);
  await node.ctr(['images', 'label', name, 'io.cri-containerd.pinned=pinned']);
  const others = (await node.images())
    .map((image) => image.name)
    .filter((other) => other !== name && other.includes('/'));
  if (others.length > 0) await node.ctr(['images', 'rm', '--sync', ...others]);
};

/** Lets the services of the fleet, and the role of the node, be as they should. */
export const putServicesBack = async (node: RealNode, { fleet }: FaultScene): Promise<void> => {
  await node.setRole('allowed');
  for (const target of ['registry', 's3', 'ecr'] as const satisfies readonly FaultTarget[])
    await fleet.setFault(target, null);
};

/** Where the same image lies under the name of another EKS registry. */
export const twinOf = (node: RealNode): string => TWIN_REGISTRY + fullName(node).replace(/^[^/]*/, '');

const Answer = z.object({ auth: z.record(z.string(), z.object({ username: z.string(), password: z.string() })) });

/** Pulls the sandbox image through the CRI, as kubelet would with its credential provider. */
export const pullByCri = async (node: RealNode): Promise<void> => {
  const request = {
    kind: 'CredentialProviderRequest',
    apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
    image: node.sandboxImage,
  };
  const { stdout } = await node.exec(['/etc/eks/image-credential-provider/ecr-credential-provider'], {
    input: JSON.stringify(request),
  });
  const [auth] = Object.values(Answer.parse(JSON.parse(stdout)).auth);
  await node.cri.pullImage(node.sandboxImage, auth);
};
