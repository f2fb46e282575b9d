// What the tests and the lab need first: the npm packages, and on Debian, for root, the packages of the real nodes.
import { join } from 'node:path';
import { must, root } from '../infra/packages.mjs';

export { env, installPackages, must, root } from '../infra/packages.mjs';

export const isRoot = process.getuid?.() === 0;

/** Installs the Debian packages of the real nodes: as root on Debian, without removing any or starting their services. */
export const installDebianPackages = () =>
  must('installing Debian packages', 'node', [join(root, 'test', 'lab', 'real', 'install.ts')]);
