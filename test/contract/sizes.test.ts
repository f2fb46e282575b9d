import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/** Above this a file has more than one subject. */
const MAX_LINES = 299;
const CODE = '**/*.{ts,mts,mjs,cjs,js,sh,bats,py}';
const GENERATED: readonly string[] = ['node_modules', 'dist', 'cdk.out', 'coverage', '.git'];

const root = join(import.meta.dirname, '../..');
const files = globSync(CODE, { cwd: root, exclude: (path) => GENERATED.includes(path.split('/').at(-1) ?? '') });

const linesOf = (text: string): number => text.replace(/\n$/u, '').split('\n').length;
const tooLong = (file: string, text: string): readonly string[] =>
  linesOf(text) > MAX_LINES ? [`${file}: ${linesOf(text)} lines, ${MAX_LINES} are allowed`] : [];

it('sees the code of every folder', () => {
  const folders = new Set(files.map((file) => file.split('/')[0]));
  for (const folder of ['cli', 'core', 'events', 'functions', 'infra', 'lab', 'ssm-documents', 'test']) {
    expect(folders).toContain(folder);
  }
});

it(`keeps every file of code within ${MAX_LINES} lines`, () => {
  expect(files.flatMap((file) => tooLong(file, readFileSync(join(root, file), 'utf8')))).toEqual([]);
});

it('finds a file of 300 lines, and no shorter one', () => {
  expect(tooLong('a.ts', 'x\n'.repeat(300))).toEqual(['a.ts: 300 lines, 299 are allowed']);
  expect(tooLong('a.ts', 'x\n'.repeat(299))).toEqual([]);
});
