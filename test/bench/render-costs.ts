import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { measureHearing } from './costs.ts';
import { costsPage, NODES } from './costs-page.ts';

const text = costsPage(await measureHearing(NODES));
writeFileSync(fileURLToPath(new URL('../../docs/costs.md', import.meta.url)), text);
console.log(text);
process.exit(0);
