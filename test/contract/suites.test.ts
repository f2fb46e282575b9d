import { globSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { expect, it } from 'vitest';
import * as z from 'zod';
import config from '../../vitest.config.ts';

const root = join(import.meta.dirname, '../..');
const { projects } = z
  .object({ projects: z.array(z.object({ test: z.object({ name: z.string(), include: z.array(z.string()) }) })) })
  .parse(config.test);

it('has each test in one suite: a file that no suite names would never run', () => {
  const exclude = (path: string): boolean =>
    ['node_modules', 'dist', 'cdk.out', 'coverage'].includes(path.split('/').at(-1) ?? '');
  const files = globSync('**/*.test.ts', { cwd: root, exclude });
  expect(files.length).toBeGreaterThan(100);
  const suitesOf = (file: string): string[] =>
    projects.filter(({ test }) => test.include.some((glob) => matchesGlob(file, glob))).map(({ test }) => test.name);
  expect(files.map((file) => [file, suitesOf(file).length]).filter(([, suites]) => suites !== 1)).toEqual([]);
});
