// Deploys as infra/deploy/deploy.ts does, with the bundles of `npm run build`: to bundle again takes longer than the rest.
// Where it was started with a channel it deploys once for each message, so that the CDK and the SDK are loaded once.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deployment } from '../../infra/deploy/deployment.ts';
import { root } from '../../infra/load.ts';
import { runCommand } from '../../infra/user-error.ts';
import { type DeploymentCall, END } from './warm-deploy.ts';

const build = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fleetmend-deploy-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return { dist: join(root, 'dist'), outdir: join(folder, 'cdk.out') };
};

const once = () => runCommand('deploy', () => deployment(build));

const deployFor = async ({ words, env }: DeploymentCall): Promise<void> => {
  process.argv.splice(2, process.argv.length, ...words);
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  await once();
  const code = process.exitCode ?? 0;
  process.exitCode = 0;
  for (const stream of [process.stdout, process.stderr]) stream.write(`${END}${code}\n`);
};

if (process.send === undefined) await once();
else process.on('message', (call) => void deployFor(call as DeploymentCall)).on('disconnect', () => process.exit());
