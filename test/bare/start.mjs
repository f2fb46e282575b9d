// Starts the test of a bare machine, with the packages and the Node of the lockfile.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { env, installPackages, root } from '../setup.mjs';

installPackages();
const child = spawn('node', [join(root, 'test/bare/run.ts'), ...process.argv.slice(2)], {
  cwd: root,
  env,
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => process.exit(code ?? 1));
