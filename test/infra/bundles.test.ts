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
