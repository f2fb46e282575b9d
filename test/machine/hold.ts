/**
 * The suite `programs`. Usage: hold.ts FILE [--whole]: holds the lines that the recorder wrote to FILE against the list,
 * and fails for each line of FILE.failed, which the recorder could not write to FILE.
 */
import { existsSync, readFileSync } from 'node:fs';
import { problemsOf } from './held.ts';

const [file = '', ...words] = process.argv.slice(2);
const linesOf = (path: string): readonly string[] =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
const lines = linesOf(file);
const problems = [
  ...linesOf(`${file}.failed`).map((failure) => `a started program could not be recorded: ${failure}`),
  ...(lines.length === 0 ? ['the run recorded no started program'] : problemsOf(lines, words.includes('--whole'))),
];
for (const problem of problems) console.error(problem);
if (problems.length === 0) console.log(`${new Set(lines).size} command lines: each starts what the list names`);
process.exitCode = problems.length === 0 ? 0 : 1;
