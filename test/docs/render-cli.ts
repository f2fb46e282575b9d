/** Writes the list of commands and the transcripts of docs/cli.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { CLI_PAGE, renderCliPage } from './cli-page.ts';

writeFileSync(CLI_PAGE, await renderCliPage(readFileSync(CLI_PAGE, 'utf8')));
