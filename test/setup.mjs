// Prepares the tests and the lab: the npm packages, and on Debian, for root, the Debian packages of their programs.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { env, must, root } from '../infra/packages.mjs';

export { env, installPackages, must, root } from '../infra/packages.mjs';

export const isRoot = process.getuid?.() === 0;

const PREPARE = join(root, 'test', 'machine', 'prepare.ts');

/** Prepares the machine for real nodes, or names the missing programs and exits. */
export const demandRealNodes = () => must('preparing the machine for real nodes', 'node', [PREPARE, 'real nodes']);

/**
 * Prepares the machine for the needs as far as it can.
 *
 * @param needs names of test/machine/programs.ts
 * @param file where the answer may be written
 * @returns why a need is not met, by need; a need that is met has no entry
 */
export const prepareMachine = (needs, file) => {
  const { status } = spawnSync('node', [PREPARE, ...needs, '--json', file], { cwd: root, env, stdio: 'inherit' });
  if (status === 0) return JSON.parse(readFileSync(file, 'utf8'));
  console.error('preparing the machine failed: see above');
  process.exit(1);
};
