import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RealFleet } from '../../lab/real/fleet.ts';
import type { RealNode } from '../../lab/real/node.ts';

/** Where a kernel counts a control group's processor time, by version of the hierarchy, and how to read it. */
const COUNTERS = [
  // Version 1 (kernel documentation, cgroup-v1/cpuacct): nanoseconds.
  { root: '/sys/fs/cgroup/cpuacct', file: 'cpuacct.usage', milliseconds: (text: string) => Number(text) / 1e6 },
  {
    // Version 2 (kernel documentation, cgroup-v2, "CPU Interface Files"): microseconds.
    root: '/sys/fs/cgroup',
    file: 'cpu.stat',
    milliseconds: (text: string) => Number(/^usage_usec (\d+)$/m.exec(text)?.[1]) / 1e3,
  },
] as const;

/**
 * Processor time, user and system, in milliseconds, of all that has run on a node so far: the agent and its document,
 * containerd, runc, systemd, and everything that they started; or of the agent's documents and their children alone.
 */
export const processorTime = (fleet: RealFleet, node: RealNode, part: 'node' | 'agent' = 'node'): number => {
  for (const { root, file, milliseconds } of COUNTERS) {
    const path = join(root, fleet.labId, node.name, part === 'agent' ? part : '', file);
    if (existsSync(path)) return milliseconds(readFileSync(path, 'utf8'));
  }
  throw new Error(`measuring ${node.name}: this kernel counts no processor time for control groups`);
};
