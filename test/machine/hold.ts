/** The suite `programs`. Usage: hold.ts FILE [--whole]: holds what the recorder wrote to FILE against the list. */
import { existsSync, readFileSync } from 'node:fs';
import { problemsOf } from './held.ts';

const [file = '', ...words] = process.argv.slice(2);
const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
const problems =
  lines.length === 0 ? ['the run recorded no started program'] : problemsOf(lines, words.includes('--whole'));
for (const problem of problems) console.error(problem);
if (problems.length === 0) console.log(`${new Set(lines).size} command lines: each starts what the list names`);
process.exitCode = problems.length === 0 ? 0 : 1;
