import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../test/infra/temporary-folder.ts';
import { type Bundle, bundleFunctions, complaints } from './bundle.ts';

const root = join(import.meta.dirname, '..');

/** Handlers by function name, in a folder of their own. */
const sources = (handlers: Readonly<Record<string, string>>): string => {
  const folder = temporaryFolder();
  for (const [name, source] of Object.entries(handlers)) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'handler.ts'), source);
  }
  return folder;
};
const out = () => temporaryFolder();

describe('bundleFunctions', () => {
  it('writes an ES module with its source map, and lists its inputs', async () => {
    const options = {
      root,
      sources: sources({ 'log-classifier': `import { b } from './b.ts'; export const handler = async () => b;` }),
      out: out(),
      names: ['log-classifier'] as const,
    };
    writeFileSync(
      join(options.sources, 'log-classifier', 'b.ts'),
      `export const b = 'kept'; export const c = 'dropped';`,
    );
    const [bundle] = await bundleFunctions(options);
    const text = readFileSync(join(options.out, 'log-classifier', 'index.mjs'), 'utf8');
    expect(text).toMatch(/export\s*\{/);
    expect(text).toContain('sourceMappingURL=index.mjs.map');
    expect(text).not.toContain('dropped');
    expect(bundle?.bytes).toBe(Buffer.byteLength(text));
    expect(Object.keys(bundle?.inputs ?? {}).map((file) => file.split('/').at(-1))).toEqual(['b.ts', 'handler.ts']);
  });

  it('names every handler that is missing, and builds nothing', async () => {
    const options = {
      root,
      sources: sources({ 'signal-intake': '' }),
      out: out(),
      names: ['log-classifier', 'signal-intake', 'command-tracker'] as const,
    };
    await expect(bundleFunctions(options)).rejects.toThrow(
      /no such handler: .*log-classifier.handler\.ts, .*command-tracker.handler\.ts$/,
    );
  });
});

describe('complaints', () => {
  const bundle = (bytes: number, inputs: Readonly<Record<string, number>>): Bundle => ({
    name: 'log-classifier',
    file: 'index.mjs',
    bytes,
    inputs,
  });

  it('are none for a small bundle of wanted code', () => {
    expect(complaints(bundle(650_000, { 'functions/log-classifier/handler.ts': 900 }))).toEqual([]);
  });

  it('name the largest files of a bundle over its budget', () => {
    expect(complaints(bundle(650_001, { small: 1, big: 500_000 }))).toEqual([
      'log-classifier: 651 KB of 650 KB; heaviest: big (500 KB), small (1 KB)',
    ]);
  });

  it.each([
    'node_modules/zod/v4/locales/de.js',
    'node_modules/aws-xray-sdk-core/dist/index.js',
    'lab/node.ts',
    'core/runs/advance.test.ts',
    'node_modules/@aws-sdk/credential-provider-sso/dist-es/index.js',
  ])('refuses %s', (file) => {
    expect(complaints(bundle(1, { [file]: 1 }))).toEqual([`log-classifier: ${file} must not be bundled`]);
  });
});
