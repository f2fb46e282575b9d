/** Writes the tables of docs/payloads.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { PAYLOADS_PAGE, renderPayloadsPage } from './payloads-page.ts';

writeFileSync(PAYLOADS_PAGE, renderPayloadsPage(readFileSync(PAYLOADS_PAGE, 'utf8')));
