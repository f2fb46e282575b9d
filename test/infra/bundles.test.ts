import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { bundleFunctions, complaints, FUNCTION_NAMES } from '../../infra/bundle.ts';
import { temporaryFolder } from './temporary-folder.ts';

const root = join(import.meta.dirname, '..', '..');
const out = temporaryFolder();

it.each(FUNCTION_NAMES)('%s keeps its budget and carries nothing that is not wanted', async (name) => {
  const [bundle] = await bundleFunctions({ root, sources: join(root, 'functions'), out, names: [name] });
  expect(bundle === undefined ? ['nothing was built'] : complaints(bundle)).toEqual([]);
});

it('carries of the package.json of each AWS client its version alone', async () => {
  const [bundle] = await bundleFunctions({ root, sources: join(root, 'functions'), out, names: ['audit-query'] });
  const packages = Object.entries(bundle?.inputs ?? {}).filter(([file]) => /client-[a-z]+\/package\.json$/.test(file));
  expect(packages.length).toBeGreaterThan(1);
  expect(packages.filter(([, bytes]) => bytes > 200)).toEqual([]);
  expect(readFileSync(bundle?.file ?? '', 'utf8')).toMatch(/\{version:"3\.\d+\.\d+"\}/);
});
