import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigInput } from '../../infra/config.ts';
import type { StandIn } from './aws-stand-in.ts';
import { warmDeployments } from './warm-deploy.ts';

export const root = join(import.meta.dirname, '..', '..');
const DEPLOY = join(root, 'infra', 'deploy', 'deploy.ts');
/** Deploys the bundles of `npm run build`. */
export const DEPLOY_BUILT = join(root, 'test', 'deploy', 'deploy-built.ts');

/** A new folder with these files, which goes with the temporary folder of the project's tests. */
export const folderOf = (files: Readonly<Record<string, string>> = {}): string => {
  const folder = mkdtempSync(join(tmpdir(), 'fleetmend-deploy-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
};

/** A configuration file for the stand-in's account. */
export const configFile = (config: Partial<ConfigInput> & Pick<ConfigInput, 'clusters'>): string =>
  join(folderOf({ 'c.json': JSON.stringify({ account: '123456789012', region: 'eu-west-1', ...config }) }), 'c.json');

const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'example' } as const;

/** An environment of a person without AWS settings of any kind, whose SDKs and CDK reach the stand-in alone. */
export const environment = (standIn: StandIn | undefined, extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH ?? '',
  // An empty home: no profiles, no caches.
  HOME: folderOf(),
  AWS_EC2_METADATA_DISABLED: 'true',
  JSII_DEPRECATED: 'quiet',
  CI: 'true',
  CDK_DISABLE_CLI_TELEMETRY: 'true',
  // As vitest.config.ts says it for these tests.
  CDK_VALIDATION: process.env.CDK_VALIDATION,
  // So that no process compiles the CDK again.
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
  ...(standIn === undefined ? {} : { ...CREDENTIALS, AWS_ENDPOINT_URL: standIn.url }),
  ...extra,
});

/** The output and the exit code of a program. */
export type Ended = { readonly code: number | null; readonly output: string; readonly lines: readonly string[] };

/** The answer to type when a question was printed. */
export type Answer = { readonly question: string; readonly answer: string };

/** Runs a program to its end; both streams in one text, in the order in which they came. */
export const run = (
  command: string,
  words: readonly string[],
  env: NodeJS.ProcessEnv,
  answers: readonly Answer[] = [],
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, words, {
      cwd: root,
      env,
      stdio: [answers.length === 0 ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    let output = '';
    const left = [...answers];
    const keep = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
      const [next] = left;
      if (next === undefined || !output.includes(next.question)) return;
      left.shift();
      child.stdin?.write(`${next.answer}\n`);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output, lines: linesOf(output) }));
  });

/** Runs the deployment as `npm run deploy -- <words>` does once everything is installed and built. */
export const deploy = (
  standIn: StandIn | undefined,
  words: readonly string[],
  extra: NodeJS.ProcessEnv = {},
): Promise<Ended> => run(process.execPath, [DEPLOY, ...words], environment(standIn, extra));

const deployWarm = warmDeployments(DEPLOY_BUILT, root, environment(undefined));

const linesOf = (output: string): readonly string[] => output.split('\n').filter((line) => line !== '');

/**
 * The same without bundling: with the bundles of `npm run build`, which `deploy` proves to be the same, in one process for
 * all, as `deploy` has one for each.
 */
export const deployBuilt = async (
  standIn: StandIn | undefined,
  words: readonly string[],
  extra: NodeJS.ProcessEnv = {},
): Promise<Ended> => {
  const { code, output } = await deployWarm({ words, env: environment(standIn, extra) });
  return { code, output, lines: linesOf(output) };
};
