import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { type Bundle, bundleFunctions, complaints, FUNCTION_NAMES } from '../../infra/bundle.ts';
import { temporaryFolder } from './temporary-folder.ts';

const root = join(import.meta.dirname, '..', '..');
let bundles: ReadonlyMap<string, Bundle>;
// All in one build, as a deployment makes them.
beforeAll(async () => {
  const built = await bundleFunctions({ root, sources: join(root, 'functions'), out: temporaryFolder() });
  bundles = new Map(built.map((bundle) => [bundle.name, bundle]));
});

it.each(FUNCTION_NAMES)('%s keeps its budget and carries nothing that is not wanted', (name) => {
  const bundle = bundles.get(name);
  expect(bundle === undefined ? ['nothing was built'] : complaints(bundle)).toEqual([]);
});

it('carries of the package.json of each AWS client its version alone', () => {
  const bundle = bundles.get('audit-query');
  const packages = Object.entries(bundle?.inputs ?? {}).filter(([file]) => /client-[a-z]+\/package\.json$/.test(file));
  expect(packages.length).toBeGreaterThan(1);
  expect(packages.filter(([, bytes]) => bytes > 200)).toEqual([]);
  expect(readFileSync(bundle?.file ?? '', 'utf8')).toMatch(/\{version:"3\.\d+\.\d+"\}/);
});
