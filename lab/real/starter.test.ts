import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { killGroup } from './process.ts';
import { endStarter, type StartOptions, startProgram } from './starter.ts';

afterAll(endStarter);

describe.each([
  ['small', 0],
  ['large', Number.POSITIVE_INFINITY],
])('a program that a %s process starts', (_size, ownBytes) => {
  const start = (script: string, options?: StartOptions) => startProgram('sh', ['-c', script], options, ownBytes);

  it('has its input, its environment and its folder, and returns its output and its exit code', async () => {
    const program = start('cat; echo "$WORD"; pwd >&2; exit 3', {
      input: 'read\n',
      env: { ...process.env, WORD: 'set' },
    });
    const { stdout, stderr, ...end } = await program.closed;
    expect([end, stdout.toString(), stderr.toString()]).toEqual([
      { code: 3, signal: null },
      'read\nset\n',
      `${process.cwd()}\n`,
    ]);
  });

  it('has bytes as it wrote them, and no input where none is given', async () => {
    const { stdout } = await start("cat; printf '\\377\\000'").closed;
    expect([...stdout]).toEqual([255, 0]);
  });

  it('can be killed with its children, and ends before what holds its output', async () => {
    const program = start('echo begun; (setsid sleep 2 &) ; sleep 600', { detached: true });
    await expect.poll(() => program.written().stdout.toString()).toBe('begun\n');
    killGroup((await program.pid) ?? 0);
    await program.exited;
    const early = await Promise.race([program.closed, Promise.resolve('still held')]);
    expect(early).toBe('still held');
    expect(await program.closed).toMatchObject({ code: null, signal: 'SIGKILL' });
  });

  it('that is not there is refused with the reason', async () => {
    const program = startProgram(join(tmpdir(), 'no-such-program'), [], {}, ownBytes);
    await expect(program.closed).rejects.toThrow(/ENOENT/);
    expect(await program.pid).toBeUndefined();
  });
});
