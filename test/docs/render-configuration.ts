/** Writes docs/configuration.md. */
import { writeFileSync } from 'node:fs';
import { CONFIGURATION_PAGE, renderConfigurationPage } from './configuration-page.ts';

writeFileSync(CONFIGURATION_PAGE, renderConfigurationPage());
