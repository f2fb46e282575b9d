/** Writes `cli/schemas/v1.schema.json`: the JSON schema of every document that `fleetmend -o json` writes. */
import { writeFileSync } from 'node:fs';
import { jsonSchema } from './kinds.ts';

writeFileSync(new URL('v1.schema.json', import.meta.url), `${JSON.stringify(jsonSchema(), undefined, 2)}\n`);
