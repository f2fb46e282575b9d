import type { NodeSnapshot, RealNode } from './node.ts';

const LISTED = 12;

const flat = (value: unknown, path: string, into: Map<string, string>): void => {
  if (typeof value !== 'object' || value === null) into.set(path, String(value));
  else for (const [key, inner] of Object.entries(value)) flat(inner, `${path}/${key}`, into);
};

/** What differs between two snapshots of a node, in words; empty if nothing does. */
export const differences = (before: NodeSnapshot, after: NodeSnapshot): string[] => {
  const [old, now] = [new Map<string, string>(), new Map<string, string>()];
  flat(before, '', old);
  flat(after, '', now);
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((path) => old.get(path) !== now.get(path))
    .map((path) => `${path}: ${old.get(path) ?? 'not there'} → ${now.get(path) ?? 'gone'}`);
};

/** Throws where `what` changed anything on a node. */
export const mustBeUntouched = (what: string, before: NodeSnapshot, after: NodeSnapshot): void => {
  const found = differences(before, after);
  if (found.length === 0) return;
  throw new Error(`${what} changed ${found.length} things:\n${found.slice(0, LISTED).join('\n')}`);
};

/**
 * Has containerd do now what it would do while the check or the repair runs, and look like their doing: collect its garbage, and
 * write its own id, which containerd 1.6 does when the first client asks for its version.
 */
export const settle = async (node: RealNode): Promise<void> => {
  await node.exec(['ctr', 'version']);
  const lease = 'lab-settles';
  // On a full disk, or where there is no containerd, nothing is collected either.
  const { code } = await node.exec(['ctr', '--namespace', 'k8s.io', 'leases', 'create', '--id', lease]);
  if (code === 0) await node.ctr(['leases', 'delete', '--sync', lease]);
};

/** The state of a node at rest, with which a later one can be compared. */
export const settledSnapshot = async (node: RealNode): Promise<NodeSnapshot> => {
  await settle(node);
  return await node.snapshot();
};
