import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentReply, DeliveredDocument } from '../node.ts';
import { type RealFleet, startRealFleet } from './fleet.ts';
import type { RealNode } from './node.ts';
import { describeWithRealNodes } from './suite.ts';

const COMMAND_ID = '8fe0a2a4-9a3b-4c1c-8d3e-1f2a3b4c5d6e';

await describeWithRealNodes('the agent of a real node', () => {
  let fleet: RealFleet;
  let node: RealNode;

  beforeAll(async () => {
    fleet = await startRealFleet({
      nodes: [{ agentEnvironment: { HTTPS_PROXY: 'http://10.0.0.1:3128' }, documentGapMilliseconds: 300 }],
    });
    const [first] = fleet.nodes;
    if (first === undefined) throw new Error('starting the fleet: it has no node');
    node = first;
  });
  afterAll(async () => {
    await fleet.stop();
  });

  const run = async (
    lines: readonly string[],
    options: { timeoutSeconds?: string; signal?: AbortSignal } = {},
  ): Promise<AgentReply> =>
    await node.run(documentOf(lines, options.timeoutSeconds ?? '60'), options.signal ?? new AbortController().signal);

  it('runs the lines as one script, as root, where the agent runs, with the whole environment of the agent', async () => {
    const reply = await run(['#!/usr/bin/env bash', 'set -o pipefail', 'id -u', 'env -0 | sort -z | tr "\\0" "\\n"']);
    expect(reply).toMatchObject({ statusDetails: 'Success', exitCode: 0, stderr: '' });
    const [user, ...environment] = reply.stdout.trim().split('\n');
    expect(user).toBe('0');
    expect(environment.filter((line) => !/^(SHLVL|_)=/.test(line))).toEqual([
      `AWS_SSM_INSTANCE_ID=${node.instanceId}`,
      'AWS_SSM_PLATFORM_NAME=Amazon Linux',
      'AWS_SSM_PLATFORM_VERSION=2',
      'AWS_SSM_REGION_NAME=cn-north-1',
      'HTTPS_PROXY=http://10.0.0.1:3128',
      expect.stringMatching(/^INVOCATION_ID=[0-9a-f]{32}$/),
      'LANG=en_US.UTF-8',
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'PWD=/usr/bin',
      `SSM_COMMAND_ID=${COMMAND_ID}`,
    ]);
  });

  it('runs a script without a shebang with sh', async () => {
    expect(await run(['set -o pipefail'])).toMatchObject({ statusDetails: 'Failed', exitCode: 2 });
  });

  it.each([
    [0, 'Success'],
    [1, 'Failed'],
    [2, 'Failed'],
    [137, 'ExecutionTimedOut'],
  ])('reports exit code %d as %s', async (exitCode, statusDetails) => {
    expect(await run([`exit ${exitCode}`])).toMatchObject({ statusDetails, exitCode });
  });

  it('treats a requested reboot as an error of the document', async () => {
    await expect(run(['exit 194'])).rejects.toThrow('asked for a reboot');
  });

  it('reports a killed script as timed out, and a killed sh that ran it as Failed without an exit code', async () => {
    const script = (victim: string) => ['#!/bin/bash', `echo before; kill -KILL ${victim}`];
    expect(await run(script('$$'))).toMatchObject({ statusDetails: 'ExecutionTimedOut', exitCode: 137 });
    expect(await run(script('$PPID'))).toMatchObject({ statusDetails: 'Failed', exitCode: -1, stdout: 'before\n' });
  });

  it.each([
    [168, 'Success', 'succeeded', 'said\n', ''],
    [169, 'Failed', 'Failed', 'said\n', 'said\n'],
  ])('adds to the output of a script that ends with %d', async (exitCode, statusDetails, marked, before, error) => {
    const added = `\nStep exited with code ${exitCode}. Therefore, marking step as ${marked}. Further document steps will be skipped.`;
    expect(await run([`echo said; echo said >&2; exit ${exitCode}`])).toEqual({
      statusDetails,
      exitCode,
      stdout: before + added,
      stderr: error === '' ? '' : error + added,
    });
  });

  it('keeps the first bytes of long outputs, and says so', async () => {
    const reply = await run([
      'echo start; head -c 100000 /dev/zero | tr "\\0" x',
      'head -c 100000 /dev/zero | tr "\\0" y >&2',
    ]);
    expect(reply.stdout).toMatch(/^start\nx+--output truncated--$/);
    expect(reply.stderr).toMatch(/^y+--output truncated--$/);
    expect([reply.stdout.length, reply.stderr.length]).toEqual([24_000, 24_000]);
  });

  it('kills the script and its children at the timeout', async () => {
    const reply = await run(['sleep 1234 & sleep 1235'], { timeoutSeconds: '5' });
    expect(reply).toMatchObject({ statusDetails: 'ExecutionTimedOut', exitCode: 137 });
    expect((await node.exec(['pgrep', '-f', 'sleep 123[45]'])).stdout).toBe('');
  });

  it('answers at the timeout although a child that has left the group holds the output, and lets that child live', async () => {
    const since = Date.now();
    const reply = await run(['echo said; setsid sleep 1238 & sleep 1239'], { timeoutSeconds: '5' });
    expect(reply).toMatchObject({ statusDetails: 'ExecutionTimedOut', exitCode: 137, stdout: 'said\n' });
    expect(Date.now() - since).toBeLessThan(600_000);
    expect((await node.exec(['pgrep', '-c', '-f', 'sleep 123[89]'])).stdout).toBe('1\n');
    await node.exec(['pkill', '-f', 'sleep 1238']);
  });

  it('waits for a child in the background that holds the output', async () => {
    const since = Date.now();
    await run(['sleep 1.5 &']);
    expect(Date.now() - since).toBeGreaterThan(1400);
  });

  it('starts a document some time after the last', async () => {
    const times = await Promise.all([run(['date +%s%3N']), run(['date +%s%3N']), run(['date +%s%3N'])]);
    const [first = 0, second = 0, third = 0] = times.map(({ stdout }) => Number(stdout)).toSorted((a, b) => a - b);
    expect([second - first, third - second].every((gap) => gap >= 200)).toBe(true);
  });

  it('kills the script on cancel', async () => {
    const cancel = new AbortController();
    const reply = run(['sleep 1236'], { signal: cancel.signal });
    while ((await node.exec(['pgrep', '-f', 'sleep 1236'])).code !== 0);
    cancel.abort();
    expect(await reply).toMatchObject({ statusDetails: 'Cancelled' });
    expect((await node.exec(['pgrep', '-f', 'sleep 1236'])).stdout).toBe('');
  });

  it('shows in a trace each program that the script and containerd start, arguments and environment', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fleetmend-trace-'));
    try {
      const trace = await node.trace(join(folder, 'execve'));
      await run(['TOLD_BY_ENVIRONMENT=yes /bin/echo told-by-argument > /dev/null']);
      expect(await node.runPodSandbox()).toMatchObject({ ok: true });
      const text = await trace.stop();
      expect(text).toContain('"told-by-argument"');
      expect(text).toContain('"TOLD_BY_ENVIRONMENT=yes"');
      expect(text).toContain('_script.sh');
      expect(text).toMatch(/execve\("[^"]*runc"/);
      await node.removeSandboxes();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('never replies once its node has ended', async () => {
    const doomed = await fleet.addNode();
    const replied = doomed.run(documentOf(['sleep 1237'], '60'), new AbortController().signal).then(() => 'a reply');
    while ((await doomed.exec(['pgrep', '-f', 'sleep 1237'])).code !== 0);
    await doomed.stop();
    expect(doomed.state()).toBe('terminated');
    const nothing = new Promise((resolve) => setTimeout(resolve, 500, 'nothing'));
    expect(await Promise.race([replied, nothing])).toBe('nothing');
    expect(await node.runPodSandbox()).toMatchObject({ ok: true });
  });
});

function documentOf(runCommand: readonly string[], timeoutSeconds: string): DeliveredDocument {
  return {
    commandId: COMMAND_ID,
    documentName: 'fleetmend-test',
    content: {
      schemaVersion: '2.2',
      mainSteps: [{ name: 'repair', action: 'aws:runShellScript', inputs: { runCommand, timeoutSeconds } }],
    },
  };
}
