import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CellResult } from './cell.ts';
import type { Fault } from './fault.ts';
import { isNew, keepParts, readParts, runOfParts } from './parts.ts';
import { renderMatrix } from './table.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fleetmend-parts-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const fault = (name: string): Fault => ({
  name,
  remediation: 'pause-image',
  generations: ['al2-1.6', 'docker'],
  break: () => Promise.resolve(),
  check: { outcome: 'Broken' },
});
const faults = [fault('one'), fault('two')];
const [one, two] = faults as [Fault, Fault];
const result = (repairMs: number): CellResult => ({
  verdict: 'repaired',
  reason: 'SandboxImageMissing',
  checkMs: 1,
  repairMs,
  record: { check: {}, repair: {}, changes: [] } as unknown as CellResult['record'],
});
const healthy = { versions: 'containerd 1', processorMs: { least: 1, median: 2 }, hundredForksMs: 3 };
const runWith = (cells: readonly (readonly [Fault, 'al2-1.6' | 'docker', Promise<CellResult>])[]) => ({
  cells: new Map(
    cells.map(([of, generation, promise]) => [{ fault: of, generation, kills: 0, isJudged: true }, promise] as const),
  ),
  healthy: new Map([['docker', Promise.resolve(healthy)] as const]),
  combinations: new Map(),
  ended: Promise.resolve(),
});

it('puts a matrix together from the parts that ended well, the last one of each', async () => {
  const file = join(folder, 'parts.jsonl');
  expect(readParts(file)).toEqual([]);
  const failed = Promise.reject(new Error('no'));
  for (const [of, generation, promise] of [
    [one, 'al2-1.6', Promise.resolve(result(10))],
    [one, 'docker', failed],
    [two, 'docker', Promise.resolve(result(20))],
    [one, 'al2-1.6', Promise.resolve(result(30))],
  ] as const) {
    const run = runWith([[of, generation, promise]]);
    keepParts(file, run);
    await Promise.allSettled([...run.cells.values(), ...run.healthy.values()]);
  }
  const page = await renderMatrix(faults, runOfParts(faults, readParts(file)), readParts(file));
  const text = page.text.replaceAll(/ +/g, ' ');
  expect(text).toContain('| one | `SandboxImageMissing` | repaired, 1 + 30 ms |');
  expect(text).toMatch(
    /\| one \|.*\| not run \|\n\| two \| `SandboxImageMissing` \| not run \|.*\| repaired, 1 \+ 20 ms \|/,
  );
  expect(text).toContain('| docker | containerd 1 | 1 ms | 2 ms | 3 ms |');
  expect(text).toMatch(/from runs of parts on \d{4}-\d\d-\d\d/);
  expect((await renderMatrix([two], runOfParts([two], readParts(file)), readParts(file))).text).not.toContain(
    '| one |',
  );
});

it('knows which cells were not run on the documents of now', async () => {
  const file = join(folder, 'new.jsonl');
  const run = runWith([[one, 'al2-1.6', Promise.resolve(result(10))]]);
  keepParts(file, run);
  await Promise.allSettled([...run.cells.values(), ...run.healthy.values()]);
  const parts = readParts(file);
  expect(isNew(parts, { fault: one, generation: 'al2-1.6' })).toBe(false);
  expect(isNew(parts, { fault: one, generation: 'docker' })).toBe(true);
  expect(isNew(parts, { fault: two, generation: 'al2-1.6' })).toBe(true);
  const older = parts.map((part) => (part.kind === 'cell' ? { ...part, hashes: 'aaaaaaaa and bbbbbbbb' } : part));
  expect(isNew(older, { fault: one, generation: 'al2-1.6' })).toBe(true);
  const { text } = await renderMatrix(faults, runOfParts(faults, older), older);
  expect(text).toContain('Cells run on the documents whose names end in `aaaaaaaa` and `bbbbbbbb`: 1.');
});

it('refuses a file with something else', () => {
  const file = join(folder, 'other.jsonl');
  writeFileSync(file, '{"kind":"cell","generation":"al3"}\n');
  expect(() => readParts(file)).toThrow();
});
