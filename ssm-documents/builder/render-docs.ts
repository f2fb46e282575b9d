/** Writes docs/remediations.md. */
import { writeFileSync } from 'node:fs';
import { renderRemediations } from './remediations-page.ts';

writeFileSync(new URL('../../docs/remediations.md', import.meta.url), renderRemediations());
