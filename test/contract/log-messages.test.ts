import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** The files that log, and core's milestones, which run-controller logs at info. */
const MILESTONES = 'core/runs/milestones.ts';
const sources = globSync('functions/**/*.ts', { cwd: ROOT })
  .filter((file) => !file.endsWith('.test.ts'))
  .map((file) => ({ file, text: read(file) }));

type Logged = { readonly level: string; readonly message: string };

const CALL =
  /\b(?:log|logger)\.(?<level>debug|info|warn|error|critical)\(\s*(?:'(?<message>[^']*)'|(?<other>[^,)]*))/gu;

const calls = sources.flatMap(({ file, text }) =>
  [...text.matchAll(CALL)].map(({ groups }) => ({
    file,
    level: groups?.level ?? '',
    message: groups?.message,
    other: groups?.other?.trim(),
  })),
);

const milestones: readonly Logged[] = [...read(MILESTONES).matchAll(/message: '(?<message>[^']+)'/gu)].map(
  ({ groups }) => ({ level: 'info', message: groups?.message ?? '' }),
);

const logged: readonly Logged[] = [
  ...milestones,
  ...calls.flatMap(({ level, message }) => (message === undefined ? [] : [{ level, message }])),
];
const lineOf = ({ level, message }: Logged): string => `${level}: ${message}`;

/** The table of the page: level and message of each row. */
const documented = [
  ...read('docs/log-messages.md').matchAll(/^\|\s*(?<level>info|warn|error)\s*\|\s*(?<message>[^|]+?)\s*\|/gmu),
].map(({ groups }) => `${groups?.level ?? ''}: ${groups?.message ?? ''}`);

it('finds the messages', () => {
  expect(milestones).toHaveLength(8);
  expect(calls.length).toBeGreaterThan(15);
});

it('logs constant messages: values are fields', () => {
  const variable = calls.filter(({ message }) => message === undefined);
  expect(variable.map(({ file, other }) => [file, other])).toEqual([['functions/run-controller/commit.ts', 'message']]);
});

it.each([...new Set(logged.map(({ message }) => message))])(
  'starts with a verb and ends without a stop: %s',
  (message) => {
    expect(message).toMatch(/^[a-z]+ing /u);
    expect(message).not.toMatch(/[.!]$/u);
  },
);

it('has every message in docs/log-messages.md, and no other', () => {
  expect(documented.toSorted()).toEqual([...new Set(logged.map(lineOf))].toSorted());
});
