import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { costsOf, PROCESSOR_BUDGET_SECONDS } from '../costs.mjs';
import { measure, processorSeconds } from '../measured.mjs';
import { runSuites } from '../schedule.mjs';

describe('a measured command', () => {
  const BUSY = 'let n = 0; const end = Date.now() + 400; while (Date.now() < end) n++;';

  it('has its output, its result and the processor time of what it started', async () => {
    const { env } = process;
    const child = `require('node:child_process').execFileSync(process.execPath, ['--eval', ${JSON.stringify(BUSY)}]); console.log('done')`;
    const result = await measure(process.execPath, ['--eval', child], { env });
    expect(result).toMatchObject({ ok: true, output: 'done\n' });
    expect(result.processor).toBeGreaterThan(0.05);
    const failed = await measure('sh', ['-c', 'echo out; echo err >&2; exit 3'], { env });
    expect(failed.ok).toBe(false);
    expect(failed.output.split('\n').toSorted()).toEqual(['', 'err', 'out']);
  });

  it('stands back behind others where it shall', async () => {
    const niceness = async (more: number) =>
      Number((await measure('nice', [], { env: process.env, niceness: more })).output);
    expect(await niceness(3)).toBe(Math.min((await niceness(0)) + 3, 19));
  });

  it('fails where the program is not there, and names it', async () => {
    expect(await measure('./no-such-program', [], { env: process.env })).toMatchObject({
      ok: false,
      output: expect.stringContaining('./no-such-program'),
    });
  });

  it.each([
    ['0m0.001s 0m0.002s\n1m2.500s 0m3.250s\n', 65.75],
    ['0m0,001s 0m0,002s\n0m0,500s 0m0,250s\n', 0.75],
    ['', 0],
  ])('reads %j', (times, seconds) => {
    expect(processorSeconds(times)).toBeCloseTo(seconds, 6);
  });
});

describe('the schedule', () => {
  const trace = async (
    capacity: number,
    suites: readonly (readonly [name: string, share: number, ms: number, needs?: string])[],
  ) => {
    const lines: string[] = [];
    const results = await runSuites(
      suites.map(([name, share, ms, needs]) => ({
        name,
        share,
        ...(needs === undefined ? {} : { needs }),
        run: async () => {
          await delay(ms);
          return { passed: 1 };
        },
      })),
      { capacity, begins: ({ name }) => lines.push(`+${name}`), ends: ({ name }) => lines.push(`-${name}`) },
    );
    return { line: lines.join(' '), results };
  };

  it('begins each suite as early as the processors and its needs allow, in its order', async () => {
    const { line, results } = await trace(2, [
      ['a', 1, 60],
      ['b', 1, 30, 'a'],
      ['c', 0.5, 200],
      ['d', 1, 1],
      ['e', 0.5, 1],
    ]);
    expect(line).toBe('+a +c +e -e -a +b -b +d -d -c');
    expect(results.map(({ name }) => name)).toEqual(['e', 'a', 'b', 'd', 'c']);
    expect(results.every(({ passed, seconds }) => passed === 1 && seconds > 0)).toBe(true);
  });

  it('begins a suite after another one that runs too, and without it where that was not asked for', async () => {
    const last = { name: 'last', share: 1, after: 'first', run: async () => ({ passed: 1 }) };
    const first = { name: 'first', share: 1, run: async () => await delay(20, { passed: 1 }) };
    const order = async (suites: Parameters<typeof runSuites>[0]) =>
      (await runSuites(suites, { capacity: 2 })).map(({ name }) => name);
    expect(await order([last, first])).toEqual(['first', 'last']);
    expect(await order([last])).toEqual(['last']);
  });

  it('runs a suite that is larger than the capacity alone', async () => {
    expect(
      (
        await trace(1, [
          ['a', 0.5, 20],
          ['b', 3, 1],
          ['c', 0.5, 1],
        ])
      ).line,
    ).toBe('+a +c -c -a +b -b');
  });

  it('throws where a suite needs one that never ran', async () => {
    await expect(trace(1, [['a', 1, 1, 'b']])).rejects.toThrow('nothing can begin: a needs b');
  });
});

it('lists the suites and the files by what they cost, and the whole beside the budget', () => {
  const files = Array.from({ length: 15 }, (_, i) => ({ name: `${i}.test.ts`, seconds: i }));
  const lines = costsOf(
    [
      { name: 'lint', seconds: 4, processor: 6 },
      { name: 'unit', seconds: 100, processor: 90.4, files },
      { name: 'shell', seconds: 0 },
    ],
    { seconds: 60, processors: 2 },
  );
  expect(lines.slice(0, 3)).toEqual([
    'suite         seconds  processor      share',
    'unit              100         90       0.90',
    'lint                4          6       1.50',
  ]);
  expect(lines[4]).toBe('    14 s  unit: 14.test.ts');
  expect(lines).toHaveLength(4 + 12 + 2);
  expect(lines.at(-2)).toBe(
    `processor time 96 s of the ${PROCESSOR_BUDGET_SECONDS} that a whole run may take, 80 % of what 2 processors had`,
  );
  expect(lines.at(-1)).toBe('in all 60 s on 2 processors');
});
