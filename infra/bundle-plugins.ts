import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Metafile, PartialMessage, Plugin } from 'esbuild';

/** The schema module that every generated AWS SDK client carries. Source: @aws-sdk/client-* 3.1169, `dist-es`. */
const SCHEMA_FILE = /[\\/]@aws-sdk[\\/](client-[a-z0-9-]+)[\\/]dist-es[\\/]schemas[\\/]schemas_0\.js$/;
const CLIENT_FILE = /(?:^|\/)@aws-sdk\/(client-[a-z0-9-]+)\//;
const STRING_CONSTANT = /^const (_\w+) = ("[^"]*");$/gm;
const COMPUTED_KEY = /\[(_\w+)\]:/g;
/** The line that registers a modelled error with its class; the service's base class is in `_s_registry` and stays. */
const ERROR_REGISTRATION = /^n\d+_registry\.registerError\(\w+\$, \w+\);$/gm;
const ERRORS_FILE = /\/@aws-sdk\/client-[a-z0-9-]+\/dist-es\/models\/errors\.js$/;

/**
 * Writes the constants of an SDK schema module into its computed keys (`[_iI]:` becomes `"InstanceIds":`). esbuild
 * keeps every object with a computed key, because evaluating the key might have an effect; with plain keys the schemas
 * of the operations that are not called fall away (client-ec2: 552 KB to 30 KB).
 *
 * @returns the new source and how many keys were replaced; 0 means that the file no longer has the known shape
 */
export const inlineSchemaKeys = (source: string): { readonly source: string; readonly replaced: number } => {
  const constants = new Map([...source.matchAll(STRING_CONSTANT)].map(([, name, value]) => [name, value]));
  let replaced = 0;
  const inlined = source.replace(COMPUTED_KEY, (key, name: string) => {
    const value = constants.get(name);
    if (value === undefined) return key;
    replaced += 1;
    return `${value}:`;
  });
  return { source: inlined, replaced };
};

/**
 * Leaves out the classes of a client's modelled errors (SSM has 130, 40 KB). An error then comes as the service's base
 * class with the same name, message, fault and metadata, as EC2's always do; the SDK retries by name and status.
 */
export const dropErrorClasses = (source: string): string => source.replace(ERROR_REGISTRATION, '');

/** The AWS SDK clients among a bundle's inputs, by package name without the scope. */
export const clientsOf = (inputs: Metafile['inputs']): readonly string[] => [
  ...new Set(Object.keys(inputs).flatMap((file) => CLIENT_FILE.exec(file)?.[1] ?? [])),
];

const shapeChanged = (what: string): PartialMessage => ({
  text: `${what}: the AWS SDK's files changed shape; adapt infra/bundle-plugins.ts, or bundles grow by half a megabyte`,
});

const bundledErrors = (metafile: Metafile | undefined): readonly string[] =>
  Object.values(metafile?.outputs ?? {}).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) =>
      bytesInOutput > 0 && ERRORS_FILE.test(`/${file}`) ? [file] : [],
    ),
  );

/**
 * Makes unused SDK schemas and error classes removable, see {@link inlineSchemaKeys} and {@link dropErrorClasses}. The
 * build fails if a client's schema module has no replaceable key, if a client is bundled whose schema module was
 * never seen, and where an error class is bundled after all: `instanceof` would never be true. Needs `metafile: true`.
 */
export const leanSchemas = (): Plugin => ({
  name: 'lean-schemas',
  setup: (build) => {
    const seen = new Set<string>();
    build.onStart(() => seen.clear());
    build.onLoad({ filter: SCHEMA_FILE }, async ({ path }) => {
      const client = SCHEMA_FILE.exec(path)?.[1] ?? path;
      const { source, replaced } = inlineSchemaKeys(await readFile(path, 'utf8'));
      if (replaced === 0) return { errors: [shapeChanged(`no schema key was replaced in ${client}`)] };
      seen.add(client);
      return { contents: dropErrorClasses(source), loader: 'js' };
    });
    build.onEnd((result) => {
      if (result.errors.length > 0) return undefined;
      const missed = clientsOf(result.metafile?.inputs ?? {}).filter((client) => !seen.has(client));
      return {
        errors: [
          ...missed.map((client) => shapeChanged(`no schema module was found in ${client}`)),
          ...bundledErrors(result.metafile).map((file) => ({
            text: `${file} is bundled: compare an error's name in place of its class, or adapt infra/bundle-plugins.ts`,
          })),
        ],
      };
    });
  },
});

const PROVIDER_CHAIN = '@aws-sdk/credential-provider-node';
const REAL_PATH = 'env-credentials:real-path';

/**
 * Replaces the default provider chain of the SDK by the credentials of the environment: Lambda always passes credentials
 * by environment variables, and the chain (SSO, INI files, instance metadata, …) costs 110 KB. The build fails where a
 * client is bundled but the chain was never asked for. Needs `metafile: true`.
 */
export const envCredentials = (): Plugin => ({
  name: 'env-credentials',
  setup: (build) => {
    let replaced = 0;
    build.onStart(() => {
      replaced = 0;
    });
    build.onResolve({ filter: new RegExp(`^${PROVIDER_CHAIN}$`) }, async ({ path, pluginData, resolveDir, kind }) => {
      if (pluginData === REAL_PATH) return undefined;
      const real = await build.resolve(path, { resolveDir, kind, pluginData: REAL_PATH });
      if (real.errors.length > 0) return { errors: real.errors };
      replaced += 1;
      return { path: 'env', namespace: 'env-credentials', pluginData: dirname(real.path) };
    });
    build.onLoad({ filter: /.*/, namespace: 'env-credentials' }, ({ pluginData }) => ({
      contents: `export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';`,
      resolveDir: String(pluginData),
    }));
    build.onEnd((result) => {
      if (result.errors.length > 0) return undefined;
      const clients = clientsOf(result.metafile?.inputs ?? {});
      if (replaced > 0 || clients.length === 0) return undefined;
      return { errors: [shapeChanged(`${clients.join(', ')} did not ask for ${PROVIDER_CHAIN}`)] };
    });
  },
});

/** Keeps of the package.json of an AWS client what it reads of it: its version, for the header User-Agent. */
export const leanPackages = (): Plugin => ({
  name: 'lean-packages',
  setup: ({ onLoad }) => {
    onLoad({ filter: /[\\/]@aws-sdk[\\/]client-[a-z0-9-]+[\\/]package\.json$/ }, async ({ path }) => {
      const { version } = JSON.parse(await readFile(path, 'utf8')) as { readonly version: string };
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
  },
});

/** How each kind of schema of zod would be written as JSON Schema, a line for each kind. */
const JSON_SCHEMA_LINE = /^ *inst\._zod\.processJSONSchema = .*;$/gm;
/** The two makers of methods that convert a schema to JSON Schema. */
const JSON_SCHEMA_IMPORT =
  'import { createStandardJSONSchemaMethod, createToJSONSchemaMethod } from "../core/to-json-schema.js";';
const NO_JSON_SCHEMA = `const createToJSONSchemaMethod = () => () => {
  throw new Error('zod: the bundles leave out the conversion to JSON Schema');
};
const createStandardJSONSchemaMethod = createToJSONSchemaMethod;`;

/**
 * Leaves the conversion of schemas to JSON Schema out of zod: functions only parse. A call of it says so. The build
 * fails where zod's lines are no longer found.
 */
export const parseOnly = (): Plugin => ({
  name: 'parse-only',
  setup: ({ onLoad }) => {
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]classic[\\/]schemas\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const lean = source.replace(JSON_SCHEMA_LINE, '');
      const contents = lean.replace(JSON_SCHEMA_IMPORT, NO_JSON_SCHEMA);
      return lean === source || contents === lean
        ? { errors: [{ text: `${path} changed shape; adapt infra/bundle-plugins.ts, or bundles grow by 20 KB` }] }
        : { contents, loader: 'js' };
    });
  },
});
