// `npm run deploy`: installs what building and deploying need, then deploys. Plain JavaScript, because the Node that is
// there at first may not read TypeScript.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { env, installPackages, root } from './packages.mjs';

installPackages({ withDevelopment: false });
const child = spawn('node', [join(root, 'infra', 'deploy', 'deploy.ts'), ...process.argv.slice(2)], {
  cwd: root,
  env,
  stdio: 'inherit',
});
// Ctrl-C reaches the child too; its exit code is this one.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
