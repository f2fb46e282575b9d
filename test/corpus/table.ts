// `npm run -s corpus`: prints precision and recall by reason; with `--write`, puts them into docs/log-signals.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { renderTables, withTables } from './score.ts';

const PAGE = new URL('../../docs/log-signals.md', import.meta.url);
if (process.argv.includes('--write')) writeFileSync(PAGE, withTables(readFileSync(PAGE, 'utf8')));
else console.log(renderTables());
