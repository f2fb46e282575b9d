import { CONTAINERD_GENERATIONS, type GenerationName } from '../../lab/real/generations.ts';
import type { Fault } from '../fault.ts';

const ECR: readonly GenerationName[] = CONTAINERD_GENERATIONS.filter((name) => !/^al2023-[12]/.test(name));
const rungOf = (generation: GenerationName): string =>
  ECR.includes(generation) ? (generation.startsWith('al2-') ? 'unit' : 'ecr') : 'import';

/** The faults of the pause image. */
export const faults: readonly Fault[] = [
  {
    name: 'image removed by garbage collection',
    remediation: 'pause-image',
    generations: CONTAINERD_GENERATIONS,
    break: (node) => node.breakNode('missing'),
    check: { outcome: 'Broken', reason: 'SandboxImageMissing' },
    repair: (generation) => ({ outcome: 'Repaired', reason: 'SandboxImageMissing', rung: rungOf(generation) }),
    sandbox: { failsBefore: /401 Unauthorized|no basic auth credentials|connection refused/, startsAfter: true },
    kill: true,
  },
];
