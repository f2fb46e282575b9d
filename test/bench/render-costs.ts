import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { NODE_CHECK_KEYS } from '../support/node-check-keys.ts';
import { measureHearing, measureSweep } from './costs.ts';
import { CHECKED_NODES, costsPage, NODES } from './costs-page.ts';

const costs = await measureHearing(NODES);
const checks = [
  [1, await measureSweep(CHECKED_NODES, 1)],
  [2, await measureSweep(CHECKED_NODES, 2)],
  [NODE_CHECK_KEYS.length, await measureSweep(CHECKED_NODES)],
] as const;
const text = costsPage(costs, checks);
writeFileSync(fileURLToPath(new URL('../../docs/costs.md', import.meta.url)), text);
console.log(text);
process.exit(0);
