// `npm run -s corpus`: prints precision and recall by reason; with `--write`, puts them into docs/hearing.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { renderTables, withTables } from './score.ts';

const HEARING = new URL('../../docs/hearing.md', import.meta.url);
if (process.argv.includes('--write')) writeFileSync(HEARING, withTables(readFileSync(HEARING, 'utf8')));
else console.log(renderTables());
