import type { LabNode } from '../node.ts';

/** The nodes of the lab, by instance id; a terminated one stays until it is removed. */
export type NodeRegistry = {
  readonly add: (...nodes: readonly LabNode[]) => void;
  readonly remove: (instanceId: string) => void;
  readonly get: (instanceId: string) => LabNode | undefined;
  readonly all: () => readonly LabNode[];
  /** Whether the id was ever a node of this lab. */
  readonly wasKnown: (instanceId: string) => boolean;
  /** Whether SSM can send to it: registered and not terminated. */
  readonly managed: (instanceId: string) => LabNode | undefined;
  /** Removes a node from SSM (no instance role, no agent), or adds it again. */
  readonly setManaged: (instanceId: string, managed: boolean) => void;
};

/** Creates an empty registry. */
export const createNodeRegistry = (): NodeRegistry => {
  const nodes = new Map<string, LabNode>();
  const known = new Set<string>();
  const unmanaged = new Set<string>();
  return {
    add: (...more) => {
      for (const node of more) {
        nodes.set(node.instanceId, node);
        known.add(node.instanceId);
      }
    },
    remove: (instanceId) => {
      nodes.delete(instanceId);
    },
    get: (instanceId) => nodes.get(instanceId),
    all: () => [...nodes.values()],
    wasKnown: (instanceId) => known.has(instanceId),
    managed: (instanceId) => {
      const node = nodes.get(instanceId);
      return node?.state() === 'running' && node.autoMode !== true && !unmanaged.has(instanceId) ? node : undefined;
    },
    setManaged: (instanceId, managed) => {
      if (managed) unmanaged.delete(instanceId);
      else unmanaged.add(instanceId);
    },
  };
};
