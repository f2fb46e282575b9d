// Deploys as infra/deploy/deploy.ts does, with the bundles of `npm run build`: to bundle again takes longer than the rest.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deployment } from '../../infra/deploy/deployment.ts';
import { root } from '../../infra/load.ts';
import { runCommand } from '../../infra/user-error.ts';

const build = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fleetmend-deploy-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return { dist: join(root, 'dist'), outdir: join(folder, 'cdk.out') };
};

await runCommand('deploy', () => deployment(build));
