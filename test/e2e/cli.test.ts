import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClock } from '../../lab/aws/clock.ts';
import type { Lab } from '../../lab/aws/lab.ts';
import { bootLab } from '../../lab/boot.ts';
import { createSimulatedFleet } from '../../lab/sim/fleet.ts';
import { logNormal } from '../../lab/sim/latency.ts';
import { LAB_ENVIRONMENT } from '../../lab/synth.ts';
import { root } from '../support/repository.ts';
import { REPAIRABLE, synthScene } from './support.ts';

const CLUSTER = 'shop';
const NODES = 12;
const BROKEN = 2;
const program = join(root, 'dist/cli/index.mjs');
const home = mkdtempSync(join(tmpdir(), 'fleetmend-cli-'));
let lab: Lab;
let ids: readonly string[];

beforeAll(async () => {
  // The program waits by the wall's clock, so that of the lab must not run ahead of it.
  const clock = createClock({});
  const nodes = createSimulatedFleet({
    ...{ clock, seed: 1, cluster: CLUSTER, count: NODES, offlineRate: 0, latency: logNormal(300, 1000) },
    faultOf: (index) => (index < BROKEN ? REPAIRABLE : undefined),
  });
  ids = nodes.map(({ instanceId }) => instanceId);
  lab = await bootLab({ ...synthScene([{ name: CLUSTER }]), ...LAB_ENVIRONMENT, nodes, clock, maxEnvironments: 2 });
});
afterAll(async () => {
  await lab.stop();
  rmSync(home, { recursive: true, force: true });
});

type Ran = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** Runs the built program as a person with these policies; `interruptAt` sends Ctrl-C once that text was written. */
const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}, interruptAt?: string): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      env: { HOME: home, PATH: process.env.PATH, ...lab.environmentFor('mei'), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const out = { stdout: '', stderr: '' };
    let wasInterrupted = false;
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        out[name] += text;
        if (interruptAt === undefined || !out[name].includes(interruptAt) || wasInterrupted) return;
        wasInterrupted = child.kill('SIGINT');
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...out }));
  });
const WHY = ['--reason', 'INC-1042 pods hang'];

describe('the program fleetmend', () => {
  it('repairs nodes, and shows them and their cluster', async () => {
    const broken = ids.slice(0, BROKEN);
    const plan = await run(['repair', ...broken, '-c', CLUSTER, '-r', 'pause-image', '--dry-run']);
    expect(plan).toMatchObject({ code: 0, stdout: expect.stringContaining(`✓ repair ${BROKEN} nodes`) });

    const repair = await run(['repair', ...broken, '-c', CLUSTER, '-r', 'pause-image', '--yes', ...WHY, '-o', 'json']);
    expect(repair.code).toBe(0);
    const report = JSON.parse(repair.stdout);
    expect(report).toMatchObject({ v: 1, kind: 'RequestReport', counts: { Repaired: BROKEN } });

    const [{ runId }] = report.runs;
    const watched = await run(['run', runId, '-w', '-o', 'csv'], { NO_COLOR: '1' });
    expect(watched.code).toBe(0);
    expect(watched.stdout.split('\n')[1]).toMatch(/^i-[0-9a-f]{17},Repaired,SandboxImageMissing,pause-image,ecr,/);
    expect((await run(['runs', '-c', CLUSTER, '-o', 'name'])).stdout).toContain(runId);
    expect((await run(['node', ids[0] ?? '', '-o', 'json'])).stdout).toContain('"Repaired"');

    const why = await run(['explain', ids[0] ?? '']);
    expect(why).toMatchObject({ code: 0, stdout: expect.stringMatching(/^i-[0-9a-f]{17} {2}.*shop/) });
    expect(why.stdout).toContain('Timeline');
    const month = await run(['report', '-o', 'json']);
    expect(month.code).toBe(0);
    expect(JSON.parse(month.stdout)).toMatchObject({ kind: 'Report', total: { repaired: BROKEN } });
    const state = await run([]);
    expect(state.stdout).toMatch(/^shop +repair /m);

    const check = await run(['check', '-c', CLUSTER]);
    expect(check).toMatchObject({ code: 0, stdout: expect.stringContaining(`${NODES} Healthy`) });
    expect(`${check.stdout}${check.stderr}`).not.toContain('\u001b');
  });

  it('records who asked, as AWS STS names them', async () => {
    const { stdout } = await run(['actions', '-c', CLUSTER, '-o', 'json']);
    const { items } = JSON.parse(stdout);
    expect(items.length).toBeGreaterThan(0);
    for (const { author } of items)
      expect(author).toMatchObject({ kind: 'verified', arn: expect.stringContaining(':user/mei') });
  });

  it('pauses, says what still holds after a resume, detaches from a check, and cancels it', async () => {
    expect(await run(['pause', '--all', '--everything', '--for', '2h', ...WHY])).toMatchObject({ code: 0 });
    const held = await run(['check', '-c', CLUSTER]);
    expect(held).toMatchObject({ code: 3, stderr: expect.stringContaining('Held back: paused by') });
    const resumed = await run(['resume', '-c', CLUSTER, ...WHY]);
    expect(resumed).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('Lift that too: fleetmend resume --all'),
    });
    const runId = /^Run (\S+)/.exec(held.stderr)?.[1] ?? '';

    const watched = await run(['run', runId, '-w', '--timeout', '1m'], {}, 'nodes answered');
    expect(watched).toMatchObject({ code: 130, stderr: expect.stringContaining('Stopped watching; the run goes on.') });
    expect(await run(['run', runId, '-w', '--timeout', '1s'])).toMatchObject({ code: 5 });
    expect(await run(['cancel', runId, ...WHY])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('cancelled'),
    });
    expect(await run(['resume', '--all', '--yes', ...WHY])).toMatchObject({ code: 0 });
  });

  it('says what is wrong, and what to do, in one line and by its exit code', async () => {
    const release = await run(['release', ids[2] ?? '', '-c', CLUSTER, ...WHY]);
    expect(release).toMatchObject({ code: 3, stdout: expect.stringContaining('is not in quarantine') });
    const cluster = await run(['check', '-c', 'shop2', '-o', 'json']);
    expect(cluster.code).toBe(3);
    expect(JSON.parse(cluster.stderr)).toMatchObject({
      kind: 'Error',
      code: 'Refused',
      field: '--cluster',
      allowed: [CLUSTER],
    });
    const stack = await run(['runs', '-c', CLUSTER, '--stack', 'other']);
    expect(stack).toMatchObject({ code: 4, stderr: expect.stringContaining('there is no function other-audit-query') });
    const readers = lab.managedPolicy(lab.outputs.ReadersPolicyArn ?? '');
    const denied = await run(['pause', '-c', CLUSTER, ...WHY], lab.environmentFor('reader', [readers]));
    expect(denied).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('attach the policy that the output RespondersPolicyArn of the stack names'),
    });
    const none = await run(['runs', '-c', CLUSTER], {
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
      AWS_EC2_METADATA_DISABLED: 'true',
    });
    expect(none).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('sign in, or name a profile with --profile'),
    });
  });
});
