import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { build, type Metafile } from 'esbuild';

/** The largest size of what the program loads at its start, in kilobytes of 1,000 bytes: its start takes longer with it. */
export const CLI_BUDGET_KILOBYTES = 1200;

/** Packages that are CommonJS ask for Node's modules by `require`, which an ES module lacks. */
const REQUIRE =
  "import { createRequire as createRequireOfCli } from 'node:module'; const require = createRequireOfCli(import.meta.url);";

/** The bytes of a file and of all that it imports when it is loaded; without what it imports later. */
const loadedAtStart = ({ outputs }: Metafile, entry: string): number => {
  const loaded = new Set<string>([entry]);
  for (const path of loaded)
    for (const { kind, external, path: imported } of outputs[path]?.imports ?? [])
      if (kind === 'import-statement' && external !== true) loaded.add(imported);
  return [...loaded].reduce((sum, path) => sum + (outputs[path]?.bytes ?? 0), 0);
};

/**
 * Bundles `fleetmend` with its packages into an executable file, and the files beside it that a command loads when it needs them.
 * Answers with the size of what every command loads, in bytes.
 */
export const bundleCli = async ({ root, out }: { readonly root: string; readonly out: string }): Promise<number> => {
  const folder = dirname(out);
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [{ in: join(root, 'cli', 'main.ts'), out: basename(out, '.mjs') }],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    splitting: true,
    metafile: true,
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minify: true,
    mainFields: ['module', 'main'],
    banner: { js: REQUIRE },
    legalComments: 'none',
    logLevel: 'silent',
  });
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { path, contents } of outputFiles) writeFileSync(join(folder, basename(path)), contents);
  chmodSync(out, 0o755);
  return loadedAtStart(metafile, relative(root, out));
};
