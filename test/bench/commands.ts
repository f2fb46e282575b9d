import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { build } from 'esbuild';
import { readWords } from '../../infra/words.mjs';
import { createClock } from '../../lab/aws/clock.ts';
import type { Lab } from '../../lab/aws/lab.ts';
import { bootLab } from '../../lab/boot.ts';
import { createSimulatedFleet } from '../../lab/sim/fleet.ts';
import { logNormal } from '../../lab/sim/latency.ts';
import { LAB_CLUSTER, LAB_ENVIRONMENT, synthLab } from '../../lab/synth.ts';
import { accepted } from '../support/answers.ts';
import { root } from '../support/repository.ts';
import { ask } from './fleet-report.ts';
import { median } from './statistics.ts';

/** A command of `fleetmend`, and the invocation without it that answers the same. */
type Compared = {
  readonly words: string;
  readonly invoked: 'audit-query:look' | 'operator-api:act';
  readonly payload: object;
};

/** How long a command and the invocation alone took in fresh processes. */
type CommandFigures = {
  readonly words: string;
  readonly commandMs: number;
  readonly invokeMs: number;
  /** The median of the ratios within a round. */
  readonly ratio: number;
};

const REPAIRS = {
  remediation: 'pause-image',
  reason: 'SandboxImageMissing',
  repair: { kind: 'repairs', method: 'ecr', willRecur: false },
} as const;
const NODES = 40;
const BROKEN = 4;
const LIMIT = 20;
const BY = { requestedBy: 'bench', reason: 'bench' } as const;

const comparisons = (node: string, runId: string): readonly Compared[] => {
  const [cluster, look, act] = [LAB_CLUSTER, 'audit-query:look', 'operator-api:act'] as const;
  const request = { cluster, instanceIds: [node], ...BY, dryRun: true };
  const why = '--reason bench';
  const day = { since: new Date(Date.now() - 86_400_000).toISOString(), until: new Date().toISOString() };
  return [
    { words: 'status', invoked: look, payload: { query: 'status' } },
    { words: `status -c ${cluster}`, invoked: look, payload: { query: 'status', cluster } },
    { words: `explain ${node}`, invoked: look, payload: { query: 'explain', node, limit: 30 } },
    {
      words: `explain ${cluster}/pause-image`,
      invoked: look,
      payload: { query: 'explain', cluster, remediation: 'pause-image' },
    },
    { words: `explain ${runId}`, invoked: look, payload: { query: 'explain', runId } },
    { words: `runs -c ${cluster}`, invoked: look, payload: { query: 'runs', cluster, limit: LIMIT } },
    { words: `run ${runId}`, invoked: look, payload: { query: 'run', runId } },
    { words: `node ${node}`, invoked: look, payload: { query: 'node', instanceId: node, limit: LIMIT } },
    { words: `actions -c ${cluster}`, invoked: look, payload: { query: 'actions', cluster, limit: LIMIT } },
    { words: 'report --since 24h', invoked: look, payload: { query: 'summary', by: 'reason', ...day } },
    {
      words: `results -c ${cluster} --outcome Repaired`,
      invoked: look,
      payload: { query: 'outcomes', cluster, outcome: 'Repaired' },
    },
    { words: 'doctor', invoked: look, payload: { query: 'status' } },
    { words: `check ${node} -c ${cluster} --dry-run`, invoked: act, payload: { action: 'check', ...request } },
    {
      words: `repair ${node} -c ${cluster} -r pause-image --dry-run`,
      invoked: act,
      payload: { action: 'repair', remediation: 'pause-image', ...request },
    },
    { words: `pause -c ${cluster} ${why}`, invoked: act, payload: { action: 'pause', cluster, ...BY } },
    { words: `resume -c ${cluster} ${why}`, invoked: act, payload: { action: 'resume', cluster, ...BY } },
    {
      words: `release ${node} -c ${cluster} ${why} --dry-run`,
      invoked: act,
      payload: { action: 'release', ...request },
    },
    { words: 'replay --dry-run', invoked: act, payload: { action: 'replay', ...BY, dryRun: true } },
  ];
};

/** Runs a program in a fresh process, and answers with the milliseconds that it took; an exit over 3 is a failure. */
const timed = async (args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> => {
  const began = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [problem, code] = await Promise.all([text(child.stderr), ended]);
  // 1: a node is broken; 3: nothing was there to do.
  if (code === null || ![0, 1, 3].includes(code))
    throw new Error(`measuring ${args.join(' ')}: exit ${code}: ${problem}`);
  return performance.now() - began;
};

/** A cluster with a history: a check of all nodes, and the repair of those that it found broken. */
const withHistory = async (lab: Lab): Promise<{ readonly node: string; readonly runId: string }> => {
  const request = { action: 'check', cluster: LAB_CLUSTER, ...BY };
  const { runId } = accepted(await lab.invoke('fleetmend-operator-api', request)) as { readonly runId: string };
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const rows = await ask(lab, { query: 'outcomes', cluster: LAB_CLUSTER, outcome: 'Repaired' });
    const [first] = rows;
    if (rows.length >= BROKEN && typeof first?.instanceId === 'string') return { node: first.instanceId, runId };
  }
};

/** Times each command of `fleetmend` beside the invocation alone, in turns, in fresh processes, with warm functions. */
const measureCommands = async (rounds: number): Promise<readonly CommandFigures[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'fleetmend-commands-'));
  const invoke = join(folder, 'invoke-once.mjs');
  await build({
    ...{ entryPoints: [join(root, 'test/bench/invoke-once.ts')], outfile: invoke, bundle: true, minify: true },
    ...{ format: 'esm', platform: 'node', target: 'node24', mainFields: ['module', 'main'], logLevel: 'silent' },
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  // Processes wait by the wall's clock, so that of the lab must not run ahead of it.
  const clock = createClock({});
  const fleet = { clock, seed: 1, cluster: LAB_CLUSTER, count: NODES, offlineRate: 0, latency: logNormal(300, 1000) };
  const nodes = createSimulatedFleet({ ...fleet, faultOf: (index) => (index < BROKEN ? REPAIRS : undefined) });
  const lab = await bootLab({ ...synthLab(), ...LAB_ENVIRONMENT, nodes, clock });
  try {
    const { node, runId } = await withHistory(lab);
    const env = { HOME: folder, PATH: process.env.PATH, ...lab.environmentFor('bench') };
    const program = join(root, 'dist/cli/index.mjs');
    const figures: CommandFigures[] = [];
    for (const { words, invoked, payload } of comparisons(node, runId)) {
      const ways = [
        [program, ...words.split(' ')],
        [invoke, `fleetmend-${invoked}`, JSON.stringify(payload)],
      ] as const;
      for (const way of ways) await timed(way, env);
      const took: { readonly command: number; readonly alone: number }[] = [];
      for (let round = 0; round < rounds; round++)
        took.push({ command: await timed(ways[0], env), alone: await timed(ways[1], env) });
      figures.push({
        words: words.replace(node, 'NODE').replace(runId, 'RUN'),
        commandMs: median(took.map(({ command }) => command)),
        invokeMs: median(took.map(({ alone }) => alone)),
        ratio: median(took.map(({ command, alone }) => command / alone)),
      });
    }
    return figures;
  } finally {
    await lab.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};

const USAGE = `usage: node test/bench/commands.ts [--rounds N]
Prints how long each command of fleetmend takes in the lab, beside the invocation alone in a process of the AWS SDK: a table of
medians (5 rounds). It needs npm run build.`;

const { values } = readWords(USAGE, { rounds: { type: 'string', default: '5' } });

console.log('| command | fleetmend | invocation alone | ratio |\n| --- | ---: | ---: | ---: |');
for (const { words, commandMs, invokeMs, ratio } of await measureCommands(Number(values.rounds)))
  console.log(`| \`${words}\` | ${Math.round(commandMs)} ms | ${Math.round(invokeMs)} ms | ${ratio.toFixed(2)} |`);
process.exit(0);
