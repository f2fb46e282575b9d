import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { envCredentials, leanPackages, leanSchemas, parseOnly } from './bundle-plugins.ts';

/** The Lambda functions of fleetmend, in the order of the flow. */
export const FUNCTION_NAMES = [
  'log-classifier',
  'signal-intake',
  'operator-api',
  'command-tracker',
  'run-controller',
  'scheduler',
  'audit-query',
  'notifier',
] as const;
export type FunctionName = (typeof FUNCTION_NAMES)[number];

/** The largest size of a bundle, in kilobytes of 1,000 bytes: load time grows with it. */
export const BUNDLE_BUDGET_KILOBYTES = 650;

/** Paths whose code must not be in a bundle: each cost hundreds of kilobytes or is not for production. */
export const UNWANTED_INPUTS: readonly RegExp[] = [
  // zod's classic schemas contain English messages; the other locales come with `import { z }` only.
  /\/zod\/.*\/locales\/(?!en\.)/,
  /\/aws-xray-sdk/,
  /^(?:lab|test)\/|\/test\//,
  /\.test\.ts$/,
  /\/credential-provider-(?:ini|sso|process|web-identity|login)\//,
];

/** One built bundle: its path, its size, and the bytes from each input file. */
export type Bundle = {
  readonly name: FunctionName;
  readonly file: string;
  readonly bytes: number;
  /** Bytes in the bundle by input file; files that tree shaking removed completely are left out. */
  readonly inputs: Readonly<Record<string, number>>;
};

const PACKAGE_FILE = /^(.*node_modules\/((?:@[^/]+\/)?[^/]+))\//;

/** The folders of each package that is bundled from more than one: npm installs a second version below what needs it. */
const installedTwice = (files: readonly string[]): readonly string[] => {
  const folders = new Map<string, Set<string>>();
  for (const file of files) {
    const [, folder, name] = PACKAGE_FILE.exec(file) ?? [];
    if (folder !== undefined && name !== undefined) folders.set(name, new Set([...(folders.get(name) ?? []), folder]));
  }
  return [...folders].flatMap(([name, { size }]) => (size > 1 ? [name] : []));
};

/** Problems of a bundle: over the budget, with code of an unwanted file, or with a package twice. Empty if there are none. */
export const complaints = (bundle: Bundle): readonly string[] => {
  const kilobytes = Math.ceil(bundle.bytes / 1000);
  const heaviest = Object.entries(bundle.inputs)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 5)
    .map(([file, bytes]) => `${file} (${Math.ceil(bytes / 1000)} KB)`);
  return [
    ...(kilobytes > BUNDLE_BUDGET_KILOBYTES
      ? [`${bundle.name}: ${kilobytes} KB of ${BUNDLE_BUDGET_KILOBYTES} KB; heaviest: ${heaviest.join(', ')}`]
      : []),
    ...Object.keys(bundle.inputs)
      .filter((file) => UNWANTED_INPUTS.some((unwanted) => unwanted.test(file)))
      .map((file) => `${bundle.name}: ${file} must not be bundled`),
    ...installedTwice(Object.keys(bundle.inputs)).map(
      (name) => `${bundle.name}: ${name} is bundled twice; depend on one version of it in package.json`,
    ),
  ];
};

const usedInputs = (output: Metafile['outputs'][string]): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(output.inputs)
      .map(([file, { bytesInOutput }]) => [file, bytesInOutput] as const)
      .filter(([, bytes]) => bytes > 0),
  );

/** The folders of the sources and of the bundles. */
export type BundleOptions = {
  /** The folder of package.json; paths in the bundles are relative to it, so that they are the same on each machine. */
  readonly root: string;
  /** Holds `<name>/handler.ts`. */
  readonly sources: string;
  /** Gets `<name>/index.mjs` and `<name>/index.mjs.map`. */
  readonly out: string;
  /** Receives the files instead of `out`; the paths in them stay those of `out`, so that the bundles are identical. */
  readonly writeTo?: string;
  readonly names?: readonly FunctionName[];
};

/**
 * Bundles the functions for the Lambda runtime nodejs24.x.
 *
 * @throws naming every missing handler before anything is built
 */
export const bundleFunctions = async (options: BundleOptions): Promise<readonly Bundle[]> => {
  const names = options.names ?? FUNCTION_NAMES;
  const missing = names.map((name) => join(options.sources, name, 'handler.ts')).filter((file) => !existsSync(file));
  if (missing.length > 0) throw new Error(`bundling the functions: no such handler: ${missing.join(', ')}`);
  // One build, which reads each file once; all are built before one is written: a failed build leaves the previous one.
  const { metafile, outputFiles } = await build({
    absWorkingDir: options.root,
    entryPoints: names.map((name) => ({ in: join(options.sources, name, 'handler.ts'), out: join(name, 'index') })),
    outdir: options.out,
    outExtension: { '.js': '.mjs' },
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minify: true,
    mainFields: ['module', 'main'],
    sourcemap: 'linked',
    sourcesContent: false,
    metafile: true,
    logLevel: 'silent',
    plugins: [leanSchemas(), leanPackages(), parseOnly(), envCredentials()],
  });
  const outputs = new Map(
    Object.entries(metafile.outputs).map(([path, output]) => [resolve(options.root, path), output]),
  );
  const built = names.map((name) => {
    const file = join(options.out, name, 'index.mjs');
    const output = outputs.get(resolve(file));
    if (output === undefined) throw new Error(`bundling ${name}: esbuild reported no output ${file}`);
    const bundle: Bundle = { name, file, bytes: output.bytes, inputs: usedInputs(output) };
    return { bundle, files: outputFiles.filter(({ path }) => dirname(path) === dirname(resolve(file))) };
  });
  for (const { bundle, files } of built) {
    const folder = join(options.writeTo ?? options.out, bundle.name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const { path, contents } of files) writeFileSync(join(folder, basename(path)), contents);
  }
  return built.map(({ bundle }) => bundle);
};
