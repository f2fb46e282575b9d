import type { RealNode } from '../../lab/real/node.ts';
import { nameOf } from './documents.ts';
import { startPod } from './pods.ts';
import { untilNoticed } from './until.ts';

/** What must not be worse on a node after a repair than before it. */
export type Vitals = {
  readonly kubelet: boolean;
  /** The containers that run. */
  readonly containers: readonly string[];
  /** Whether a pod with a network of its own starts; undefined where nobody asked. */
  readonly pod: boolean | undefined;
};

/** Whether kubelet answers its health check, at its default address or where a fault moved it to. */
export const kubeletRuns = async (node: RealNode): Promise<boolean> => {
  const ask = `for at in 127.0.0.1:10248 ${node.address}:10258; do curl -fsS --max-time 5 "$at/healthz" && exit; done; exit 1`;
  return (await node.exec(['sh', '-c', ask])).code === 0;
};

/** The containers that run on a node, of containerd and of Docker. */
const runningContainers = async (node: RealNode): Promise<string[]> => {
  const listed = await node.exec(['timeout', '10', 'ctr', '--namespace', 'k8s.io', 'tasks', 'ls']);
  const own = listed.stdout
    .split('\n')
    .flatMap((line) => (/\sRUNNING\s*$/.test(line) ? (line.split(/\s+/)[0] ?? []) : []));
  const ofDocker =
    node.docker === undefined
      ? ''
      : (await node.exec(['timeout', '10', 'docker', 'ps', '--no-trunc', '--quiet'])).stdout;
  return [...own, ...ofDocker.split('\n')].filter((id) => id !== '').toSorted();
};

/** Reads the vitals of a node; `pod` where it is known already. */
export const readVitals = async (node: RealNode, pod?: boolean): Promise<Vitals> => ({
  kubelet: await kubeletRuns(node),
  containers: await runningContainers(node),
  pod,
});

/** Throws where a node has less of what it had before `what`. A kubelet that was restarted gets some seconds. */
export const mustBeNoWorse = async (what: string, node: RealNode, before: Vitals): Promise<void> => {
  const lost: string[] = [];
  if (before.kubelet) {
    await untilNoticed(() => kubeletRuns(node));
    if (!(await kubeletRuns(node))) lost.push(`kubelet: ${(await node.journal('kubelet')).slice(-600)}`);
  }
  const now = await runningContainers(node);
  lost.push(...before.containers.filter((id) => !now.includes(id)).map((id) => `container ${id}`));
  if (before.pod === true) {
    const pod = await startPod(node);
    if (!pod.ok) lost.push(`new pods: ${pod.error}`);
  }
  if (lost.length > 0) throw new Error(`${what} left ${nameOf(node)} worse, without ${lost.join('; ')}`);
};
