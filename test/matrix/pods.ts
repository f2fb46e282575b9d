import type { SandboxResult } from '../../lab/real/cri.ts';
import type { RealNode } from '../../lab/real/node.ts';
import { NODE_CHECK_KEYS } from '../support/node-check-keys.ts';
import { nameOf, runDocument, type Said } from './documents.ts';

/** Outcomes of parts of `node-check` that make it Healthy, where no part has another one. */
const FINE: readonly string[] = ['Healthy', 'Unsupported'];
/** Pods of two workloads, as controllers name them. */
const TWO_PODS = ['web-7d4b9c6f5-x2x7q', 'coredns-5d78c9869d-8kzvp'];

/** Whether a pod with a network of its own starts: the judge of every check. */
export const startPod = async (node: RealNode, name?: string): Promise<SandboxResult> => {
  try {
    const result = await node.runPodSandbox({ network: 'POD', ...(name === undefined ? {} : { name }) });
    // What CNI could not set up it often cannot take down.
    if (result.ok) await node.removeSandboxes();
    return result;
  } catch (error) {
    return { ok: false, error: (error as Error).message };
  }
};

/** All documents of `node-check`, in sequence. */
const checkNode = async (node: RealNode): Promise<Said[]> => {
  const said: Said[] = [];
  for (const key of NODE_CHECK_KEYS) said.push(await runDocument(node, key));
  return said;
};

/**
 * Throws where `node-check` says Healthy on a node on which a pod does not start. A fault that only the net beneath the checks
 * can find shows in the journals, once the pods of two workloads have failed.
 */
export const mustNotBeHealthy = async (
  node: RealNode,
  pod: SandboxResult,
  isOnlyInJournals: boolean,
): Promise<void> => {
  if (pod.ok) return;
  if (isOnlyInJournals) for (const name of TWO_PODS) await startPod(node, name);
  const parts = await checkNode(node);
  if (parts.some(({ result }) => !FINE.includes(result.outcome))) return;
  const lines = parts.map(({ reply }) => reply.stdout).join('');
  throw new Error(`node-check on ${nameOf(node)} is Healthy, but a pod does not start: ${pod.error}\n${lines}`);
};
