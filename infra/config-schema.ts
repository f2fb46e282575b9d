// `npm run schema`: writes infra/config.schema.json, by which editors check and complete a configuration in JSON.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { Config } from './config.ts';

/** The JSON schema of a configuration file, as its file holds it. */
export const configSchema = (): string =>
  `${JSON.stringify({ title: 'fleetmend configuration', ...z.toJSONSchema(Config, { io: 'input' }) }, null, 2)}\n`;

/** Where the schema is published. */
export const CONFIG_SCHEMA_FILE = join(import.meta.dirname, 'config.schema.json');

// Not import.meta.main, which Node 24 knows from 24.2 on only.
if (process.argv[1] === import.meta.filename) writeFileSync(CONFIG_SCHEMA_FILE, configSchema());
