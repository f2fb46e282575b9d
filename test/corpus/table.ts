// `npm run -s corpus`: prints precision and recall by reason; with `--write`, puts them into docs/log-signals.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { readWords } from '../../infra/words.mjs';
import { renderTables, withTables } from './score.ts';

const PAGE = new URL('../../docs/log-signals.md', import.meta.url);
const { values } = readWords(
  `usage: npm run -s corpus [-- --write]
Prints the precision and the recall of each reason on the lines of the corpus.
  --write      put them into docs/log-signals.md instead`,
  { write: { type: 'boolean' } },
);
if (values.write === true) writeFileSync(PAGE, withTables(readFileSync(PAGE, 'utf8')));
else console.log(renderTables());
