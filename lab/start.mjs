// Starts the demo, the lab or the bench from a fresh clone: installs, builds, synthesizes, then runs it.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { readWords } from '../infra/words.mjs';
import { demandRealNodes, env, installPackages, isRoot, must, root } from '../test/setup.mjs';
import { programs } from './programs.mjs';

const [name = '', ...words] = process.argv.slice(2);
const program = programs[name];
if (program === undefined) {
  console.error(`unknown program: expected one of ${Object.keys(programs).join(', ')}`);
  process.exit(2);
}
// First of all: whoever asks for help, or mistypes, waits for no build.
readWords(program.usage, program.options, { words });
installPackages();
if (words.includes('--real') || (name === 'bench' && isRoot)) {
  if (!isRoot) {
    console.error(
      'real nodes need root: they boot systemd in containers with their own networks. Without root, use npm run demo',
    );
    process.exit(2);
  }
  demandRealNodes();
}
must('the build', 'node', ['infra/build.ts', '--quiet']);

const child = spawn('node', [join(root, program.file), ...words], { cwd: root, env, stdio: 'inherit' });
// Ctrl-C reaches the child too; it stops the lab, and this process exits with its code.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
