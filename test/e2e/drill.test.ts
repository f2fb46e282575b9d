import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClock } from '../../lab/aws/clock.ts';
import type { Lab } from '../../lab/aws/lab.ts';
import { bootLab } from '../../lab/boot.ts';
import { type DrillServer, startDrillServer } from '../../lab/drill-server.ts';
import { createSimulatedFleet } from '../../lab/sim/fleet.ts';
import { logNormal } from '../../lab/sim/latency.ts';
import type { SimulatedNode } from '../../lab/sim/node.ts';
import { LAB_CLUSTER, LAB_ENVIRONMENT, LAB_LOG_GROUP, synthLab } from '../../lab/synth.ts';
import { root } from '../support/repository.ts';

const home = mkdtempSync(join(tmpdir(), 'fleetmend-drill-'));
let lab: Lab;
let drills: DrillServer;
let nodes: readonly SimulatedNode[];

beforeAll(async () => {
  // The program waits by the wall's clock, so that of the lab must not run ahead of it.
  const clock = createClock({});
  const fleet = { clock, seed: 1, cluster: LAB_CLUSTER, count: 8, offlineRate: 0, latency: logNormal(300, 1000) };
  nodes = createSimulatedFleet(fleet);
  lab = await bootLab({ ...synthLab(), ...LAB_ENVIRONMENT, nodes, clock, maxEnvironments: 2 });
  drills = await startDrillServer({ lab, nodes, cluster: LAB_CLUSTER, logGroup: LAB_LOG_GROUP });
});
afterAll(async () => {
  await drills.stop();
  await lab.stop();
  rmSync(home, { recursive: true, force: true });
});

const run = async (words: readonly string[]) => {
  const child = spawn(process.execPath, [join(root, 'dist/cli/index.mjs'), ...words], {
    env: { HOME: home, PATH: process.env.PATH, ...lab.environmentFor('operator'), FLEETMEND_LAB_URL: drills.url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return `${stdout}${stderr}`;
};

/** The commands of the drill in README, in their words: a quoted text is one of them. */
const commands = (): readonly (readonly string[])[] => {
  const [, block = ''] =
    /<!-- drill -->\n```sh\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
  return block
    .trim()
    .split('\n')
    .map((line) => [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? ''));
};

it('from "pods hang" to the explanation and the repair by the five commands of README', async () => {
  const [scenario = [], ...others] = commands();
  expect([scenario[0], scenario.slice(1)]).toEqual(['fleetmend', ['lab', 'scenario', 'pods-hang']]);
  expect(others.length).toBeLessThanOrEqual(4);
  const begun = await run(scenario.slice(1));
  const [, host = ''] = /New pods on (ip-\S+) of demo stay in ContainerCreating/.exec(begun) ?? [];
  const node = nodes.find(({ privateDnsName }) => privateDnsName.startsWith(`${host}.`)) ?? expect.fail(begun);
  expect(node.faults()).toHaveLength(1);

  const shown: string[] = [];
  for (const [, ...words] of others) shown.push(await run(words.map((word) => (word === 'NODE' ? host : word))));
  const [check = '', explain = '', , history = ''] = shown;
  expect(check).toMatch(new RegExp(`${node.instanceId} +Broken +SandboxImageMissing`));
  // The policy of the lab repairs what a check found: before the person looks, or after.
  expect(explain).toMatch(/Broken: SandboxImageMissing|SandboxImageMissing/);
  expect(explain).toContain('Timeline');
  await expect.poll(() => node.faults(), { timeout: 60_000, interval: 500 }).toEqual([]);
  await expect
    .poll(async () => await run(['node', host]), { timeout: 60_000, interval: 2000 })
    .toMatch(/ repair .* Repaired /);
  expect(history).toContain(node.instanceId);
});
