import { afterAll, beforeAll } from 'vitest';
import { type RealFleet, startRealFleet } from '../../lab/real/fleet.ts';
import type { GenerationName } from '../../lab/real/generations.ts';
import type { RealNode } from '../../lab/real/node.ts';
import { shell } from './scenes.ts';
import { untilNoticed } from './until.ts';
import { kubeletRuns } from './vitals.ts';

/** A node and its fleet. */
export type Scene = { readonly fleet: RealFleet; readonly node: RealNode };

/** Boots a node before the tests of a `describe`, on a fleet of its own; returns a function that gives it to each of them. */
export const nodeForTests = (generation: GenerationName, patienceMs: number): (() => Scene) => {
  let scene: Scene | undefined;
  let fleet: RealFleet | undefined;
  beforeAll(async () => {
    fleet = await startRealFleet({ nodes: [{ generation }] });
    const [node] = fleet.nodes;
    if (node === undefined) throw new Error('starting the fleet: it has no node');
    await untilNoticed(() => kubeletRuns(node));
    scene = { fleet, node };
  }, patienceMs);
  afterAll(async () => await fleet?.stop(), patienceMs);
  return () => {
    if (scene === undefined) throw new Error(`using the ${generation} node: it did not boot`);
    return scene;
  };
};

/** Does something while the disk of a node is full. */
export const onFullDisk = async (node: RealNode, act: () => Promise<void>): Promise<void> => {
  await shell(node, 'dd if=/dev/zero of=/fill bs=1M 2> /dev/null || true; df / | grep -q 100%');
  try {
    await act();
  } finally {
    await shell(node, 'rm /fill');
  }
};

/** Does something while the runtime of a node is frozen: it is active, and answers nothing. */
export const underFrozenRuntime = async (node: RealNode, act: () => Promise<void>): Promise<void> => {
  const units = node.generation === 'docker' ? 'docker cri-docker' : 'containerd';
  await shell(node, `systemctl kill --kill-who=main --signal=STOP ${units}`);
  try {
    await act();
  } finally {
    await shell(node, `systemctl kill --kill-who=main --signal=CONT ${units}`);
  }
};
