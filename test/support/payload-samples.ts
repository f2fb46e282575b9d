import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('../../events/samples/', import.meta.url);

/** The samples of a function: files `<function>-<entry>.json`, or `<function>-<entry>-<variant>.json`. */
export const payloadSamples = (functionName: string) =>
  readdirSync(folder)
    .filter((file) => file.startsWith(`${functionName}-`) && file.endsWith('.json'))
    .toSorted()
    .map((file) => ({ file, payload: JSON.parse(readFileSync(new URL(file, folder), 'utf8')) }));
