import { createHash } from 'node:crypto';
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

  it('writes the same bytes each time, so that a deployment replaces only the functions that have changed', async () => {
    const names = ['notifier'] as const;
    const build = async (): Promise<readonly string[]> => {
      const writeTo = out();
      await bundleFunctions({ root, sources: join(root, 'functions'), out: join(root, 'dist'), writeTo, names });
      return ['index.mjs', 'index.mjs.map'].map((file) =>
        createHash('sha256')
          .update(readFileSync(join(writeTo, names[0], file)))
          .digest('hex'),
      );
    };
    // Beside one another: the order in which esbuild's plugins get their answers differs from build to build.
    const [first, ...others] = await Promise.all(Array.from({ length: 8 }, build));
    for (const other of others) expect(other).toEqual(first);
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

  it('refuses a package that is bundled twice, and not two packages or a package below another', () => {
    const logger = 'node_modules/@aws-lambda-powertools/logger';
    const inputs = (...files: readonly string[]) => Object.fromEntries(files.map((file) => [file, 1]));
    const own = ['node_modules/@aws-lambda-powertools/commons/a.js', `${logger}/a.js`, `${logger}/b.js`];
    expect(complaints(bundle(1, inputs(...own, 'node_modules/zod/node_modules/tslib/a.js')))).toEqual([]);
    expect(complaints(bundle(1, inputs(...own, `${logger}/node_modules/@aws-lambda-powertools/commons/a.js`)))).toEqual(
      ['log-classifier: @aws-lambda-powertools/commons is bundled twice; depend on one version of it in package.json'],
    );
  });
});
