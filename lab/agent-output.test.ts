import { describe, expect, it } from 'vitest';
import { outputOf, stderrOf } from './agent-output.ts';

/** A text of so many bytes, its line end included. */
const textOf = (bytes: number, letter: string): string => (bytes === 0 ? '' : `${letter.repeat(bytes - 1)}\n`);

/** The stderr of a script that wrote this and exited 1. */
const failed = (stderr: string): string => stderrOf({ statusDetails: 'Failed', exitCode: 1, stderr });

describe("the agent's output", () => {
  // Measured with the real agent: bytes of stdout and of stderr before the agent adds the exit code, and of stdout after it.
  it.each([
    [1238, 5000, 1238],
    [1239, 1300, 1215],
    [1400, 1050, 1366],
    [1600, 900, 1516],
    [1999, 400, 1999],
    [1999, 450, 1966],
  ])('of %d and %d bytes keeps %d bytes of stdout', (stdoutBytes, stderrBytes, kept) => {
    const stdout = textOf(stdoutBytes, 'o');
    const output = outputOf(stdout, failed(textOf(stderrBytes, 'e')));
    const [before = ''] = output.split('\n----------ERROR-------\n');
    expect(before.replace('\n---Output truncated---', '')).toBe(stdout.slice(0, kept));
    expect(before.includes('---Output truncated---')).toBe(kept < stdoutBytes);
    expect(Buffer.byteLength(output)).toBeLessThanOrEqual(2500);
  });

  it('has no separator without stderr, and adds the exit code of a script that failed alone', () => {
    expect(outputOf('{}\n', stderrOf({ statusDetails: 'Success', exitCode: 0, stderr: '' }))).toBe('{}\n');
    expect(stderrOf({ statusDetails: 'Failed', exitCode: -1, stderr: '' })).toBe(
      '\nfailed to run commands: signal: killed',
    );
    expect(outputOf('{}\n', failed(''))).toBe('{}\n\n----------ERROR-------\n\nfailed to run commands: exit status 1');
  });
});
