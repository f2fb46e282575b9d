/** Writes the tables of docs/signals.md, and events/samples/signals/README.md. */
import { writeFileSync } from 'node:fs';
import { PAGE, renderSamplesPage, renderSignalsPage, SAMPLES_PAGE } from './signals-page.ts';

writeFileSync(PAGE, renderSignalsPage());
writeFileSync(SAMPLES_PAGE, renderSamplesPage());
