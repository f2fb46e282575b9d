import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CONFIG_SCHEMA_FILE, configSchema } from './config-schema.ts';

it('the published schema is that of the configuration: npm run schema writes it', () => {
  expect(readFileSync(CONFIG_SCHEMA_FILE, 'utf8')).toBe(configSchema());
});
