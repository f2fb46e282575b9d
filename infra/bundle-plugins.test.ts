import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../test/infra/temporary-folder.ts';
import {
  clientsOf,
  dropErrorClasses,
  envCredentials,
  inlineSchemaKeys,
  leanSchemas,
  parseOnly,
} from './bundle-plugins.ts';

const root = join(import.meta.dirname, '..');

const bundle = (contents: string, plugins: readonly Plugin[], resolveDir = root) =>
  build({
    stdin: { contents, resolveDir, loader: 'ts' },
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    minify: true,
    mainFields: ['module', 'main'],
    logLevel: 'silent',
    plugins: [...plugins],
  });
const sizeOf = async (contents: string, plugins: readonly Plugin[]) => {
  const { outputFiles } = await bundle(contents, plugins);
  return outputFiles[0]?.contents.length ?? 0;
};

/** A package with a layout that the SDK may have in the future. */
const fakeClient = (files: Readonly<Record<string, string>>): string => {
  const folder = temporaryFolder();
  for (const [file, text] of Object.entries(files)) {
    const path = join(folder, 'node_modules', '@aws-sdk', 'client-fake', file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return folder;
};
const manifest = {
  'package.json': JSON.stringify({ name: '@aws-sdk/client-fake', version: '1.0.0', main: 'index.js' }),
};
const USE = `import { fake } from '@aws-sdk/client-fake'; console.log(fake);`;

const EC2 = `import { EC2Client, DescribeInstancesCommand } from '@aws-sdk/client-ec2';
  export const handler = () => new EC2Client({}).send(new DescribeInstancesCommand({}));`;

let wholeEc2Bytes = 0;
beforeAll(async () => {
  wholeEc2Bytes = await sizeOf(EC2, []);
});

const SSM = `import { SSMClient, ListCommandsCommand } from '@aws-sdk/client-ssm';
  export const handler = () => new SSMClient({}).send(new ListCommandsCommand({}));`;

describe('dropErrorClasses', () => {
  it('removes the modelled errors and keeps the base class', () => {
    const source =
      '_s_registry.registerError(S$, S);\nn0_registry.registerError(A$, A);\nn1_registry.registerError(B$, B);\n';
    expect(dropErrorClasses(source).trim()).toBe('_s_registry.registerError(S$, S);');
  });
});

describe('inlineSchemaKeys', () => {
  it('writes the constants into the keys and counts them', () => {
    const source = 'const _iI = "InstanceIds";\nconst _n = "Name";\nexport const S = { [_iI]: [_n], [_n]: 1 };\n';
    const { source: inlined, replaced } = inlineSchemaKeys(source);
    expect(inlined).toContain('{ "InstanceIds": [_n], "Name": 1 }');
    expect(replaced).toBe(2);
  });

  it('keeps a key with an unknown constant', () => {
    expect(inlineSchemaKeys('export const S = { [_x]: 1 };')).toEqual({
      source: 'export const S = { [_x]: 1 };',
      replaced: 0,
    });
  });

  it('changes keys only: a real schema module evaluates to the same values', async () => {
    const require = createRequire(import.meta.url);
    const file = join(dirname(require.resolve('@aws-sdk/client-ssm/package.json')), 'dist-es/schemas/schemas_0.js');
    const contents = `import * as all from ${JSON.stringify(file)}; export const handler = all;`;
    const load = async (plugins: readonly Plugin[]): Promise<unknown> => {
      const { outputFiles } = await bundle(contents, plugins);
      const folder = temporaryFolder();
      const path = join(folder, 'schemas.mjs');
      writeFileSync(path, outputFiles[0]?.text ?? '');
      const { handler } = await import(path);
      // Functions only name another schema, by a name that minifying made up.
      return JSON.stringify(handler, (_, value) => (typeof value === 'function' ? 'schema' : value));
    };
    const plain = await load([]);
    expect(String(plain).length).toBeGreaterThan(10_000);
    // One answer for all: the text is half a megabyte.
    expect((await load([leanSchemas()])) === plain).toBe(true);
  });
});

describe('leanSchemas', () => {
  it('removes at least 300 KB from a bundle with one operation of EC2', async () => {
    expect(wholeEc2Bytes - (await sizeOf(EC2, [leanSchemas()]))).toBeGreaterThan(300_000);
  });

  it.each([
    [
      'has keys of another form',
      {
        ...manifest,
        'index.js': `export { fake } from './dist-es/schemas/schemas_0.js';`,
        'dist-es/schemas/schemas_0.js': 'export const fake = { a: 1 };',
      },
      /no schema key was replaced in client-fake/,
    ],
    [
      'lies elsewhere',
      {
        ...manifest,
        'index.js': `export { fake } from './schemas.js';`,
        'schemas.js': 'export const fake = { a: 1 };',
      },
      /no schema module was found in client-fake/,
    ],
  ])('fails the build when a schema module %s', async (_, files, message) => {
    await expect(bundle(USE, [leanSchemas()], fakeClient(files))).rejects.toThrow(message);
  });

  it('leaves the error classes of SSM out', async () => {
    const { metafile } = await bundle(SSM, [leanSchemas()]);
    const errors = Object.values(metafile.outputs).flatMap(({ inputs }) =>
      Object.entries(inputs).filter(([file]) => file.endsWith('client-ssm/dist-es/models/errors.js')),
    );
    expect(errors.map(([, { bytesInOutput }]) => bytesInOutput).filter((bytes) => bytes > 0)).toEqual([]);
  });

  it('fails the build when an error class is used, since no error would be an instance of it', async () => {
    const contents = `${SSM} import { InvalidInstanceId } from '@aws-sdk/client-ssm';
      export const isIt = (thrown: unknown) => thrown instanceof InvalidInstanceId;`;
    await expect(bundle(contents, [leanSchemas()])).rejects.toThrow(/errors\.js is bundled: compare an error's name/);
  });

  it('keeps name, message and fault of an error that the service answers', async () => {
    const contents = `${SSM} export const answered = async () => {
      const requestHandler = { handle: async () => ({ response: { statusCode: 400, headers: {}, body: new TextEncoder().encode(
        JSON.stringify({ __type: 'InvalidInstanceId', Message: 'i-1 is gone' })) } }), updateHttpClientConfig() {}, httpHandlerConfigs: () => ({}) };
      const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
      const client = new SSMClient({ region: 'eu-west-1', credentials, maxAttempts: 1, requestHandler });
      return client.send(new ListCommandsCommand({})).then(() => undefined, (error) => error);
    };`;
    const thrownBy = async (plugins: readonly Plugin[]) => {
      const { outputFiles } = await bundle(contents, plugins);
      const path = join(temporaryFolder(), 'index.mjs');
      writeFileSync(path, outputFiles[0]?.text ?? '');
      const { name, message, $fault, $metadata } = await (await import(path)).answered();
      return { name, message, $fault, status: $metadata.httpStatusCode };
    };
    const expected = { name: 'InvalidInstanceId', message: 'i-1 is gone', $fault: 'client', status: 400 };
    expect(await thrownBy([])).toEqual(expected);
    expect(await thrownBy([leanSchemas()])).toEqual(expected);
  });

  it('leaves a bundle without SDK clients alone', async () => {
    const { metafile } = await bundle('console.log(1)', [leanSchemas(), envCredentials()]);
    expect(clientsOf(metafile.inputs)).toEqual([]);
  });
});

describe('envCredentials', () => {
  it('leaves no provider but the environment in the bundle', async () => {
    const { metafile } = await bundle(EC2, [envCredentials()]);
    const providers = Object.keys(metafile.inputs).flatMap((file) => /credential-provider-[a-z-]+/.exec(file) ?? []);
    expect([...new Set(providers)]).toEqual(['credential-provider-env']);
  });

  it('removes at least 80 KB', async () => {
    expect(wholeEc2Bytes - (await sizeOf(EC2, [envCredentials()]))).toBeGreaterThan(80_000);
  });

  it('fails the build when a client no longer uses the provider chain', async () => {
    const files = { ...manifest, 'index.js': 'export const fake = 1;' };
    await expect(bundle(USE, [envCredentials()], fakeClient(files))).rejects.toThrow(
      /client-fake did not ask for @aws-sdk\/credential-provider-node/,
    );
  });
});

describe('parseOnly', () => {
  const SCHEMA = `import * as z from 'zod'; export const read = (value) => z.object({ a: z.string().min(1) }).parse(value);
    export const convert = () => z.string().toJSONSchema();`;

  it('leaves the conversion of schemas to JSON Schema out, and parses the same', async () => {
    const { outputFiles, metafile } = await bundle(SCHEMA, [parseOnly()]);
    const used = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.entries(inputs));
    const bytes = used.flatMap(([file, { bytesInOutput }]) => (/json-schema/.test(file) ? [bytesInOutput] : []));
    expect(bytes.reduce((sum, one) => sum + one, 0)).toBeLessThan(2000);
    const file = join(temporaryFolder(), 'read.mjs');
    writeFileSync(file, outputFiles[0]?.contents ?? '');
    const { read, convert } = await import(file);
    expect(read({ a: 'x', b: 1 })).toEqual({ a: 'x' });
    expect(convert).toThrow('zod: the bundles leave out the conversion to JSON Schema');
    expect(() => read({ a: '' })).toThrow(/expected string to have >=1 characters/);
  });

  it('fails the build where zod has another shape', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'node_modules', 'zod', 'v4', 'classic', 'schemas.js');
    mkdirSync(dirname(file), { recursive: true });
    const build = () => bundle(`export * from './node_modules/zod/v4/classic/schemas.js';`, [parseOnly()], folder);
    for (const source of ['export const z = 1;', '  inst._zod.processJSONSchema = 1;\nexport const z = 1;']) {
      writeFileSync(file, source);
      await expect(build()).rejects.toThrow(/changed shape/);
    }
  });
});
