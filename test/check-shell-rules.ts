/** Usage: check-shell-rules.ts FILE...: names the breaches of the rules for the scripts of documents. */
import { readFileSync } from 'node:fs';
import { problemsOf } from './shell-rules.ts';

const found = process.argv
  .slice(2)
  .flatMap((path) => problemsOf(readFileSync(path, 'utf8')).map((problem) => `${path}: ${problem}`));
for (const problem of found) console.error(problem);
process.exitCode = found.length > 0 ? 1 : 0;
