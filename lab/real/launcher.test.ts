import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostArchitecture } from '../image/elf.ts';
import { launcherOf } from './launcher.ts';
import { runProgram } from './process.ts';

const rejectAfter = async (ms: number): Promise<never> => {
  await delay(ms, undefined, { ref: false });
  throw new Error('the script still runs');
};

describe('a launcher', () => {
  let folder = '';
  const launcher = (script: string): string => {
    const program = join(folder, 'program');
    for (const [path, content] of [
      [join(folder, 'script'), `#!/bin/sh\n${script}\n`],
      [program, launcherOf(hostArchitecture(), join(folder, 'script'))],
    ] as const) {
      rmSync(path, { force: true });
      writeFileSync(path, content);
      chmodSync(path, 0o755);
    }
    return program;
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'fleetmend-launcher-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('hands its arguments, environment and output on, and ends with the exit code of the script', async () => {
    const program = launcher('echo "$@" "$COLOUR"; exit 7');
    expect(await runProgram(program, ['--a', 'b c'], { env: { COLOUR: 'red' } })).toMatchObject({
      code: 7,
      stdout: '--a b c red\n',
    });
  });

  it('ends by the signal that ended the script', async () => {
    expect(await runProgram(launcher('kill -TERM $$'), [])).toMatchObject({ code: 128 + 15 });
  });

  it('fails where there is no script', async () => {
    const program = launcher('exit 0');
    rmSync(join(folder, 'script'));
    expect(await runProgram(program, [])).toMatchObject({ code: 127 });
  });

  it('is the process that /proc shows, and takes the script with it', async () => {
    const program = launcher('echo started; exec sleep 60');
    const child = spawn(program, [], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    expect(readlinkSync(`/proc/${child.pid}/exe`)).toBe(program);
    const ended = once(child.stdout, 'close');
    child.kill('SIGTERM');
    // The script holds the pipe: it is closed once the script is gone, or this waits for a minute.
    await Promise.race([ended, rejectAfter(10_000)]);
  });
});
