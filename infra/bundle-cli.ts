import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';

/** The largest size of the program, in kilobytes of 1,000 bytes: its start takes longer with it. */
export const CLI_BUDGET_KILOBYTES = 1200;

/** Packages that are CommonJS ask for Node's modules by `require`, which an ES module lacks. */
const REQUIRE =
  "import { createRequire as createRequireOfCli } from 'node:module'; const require = createRequireOfCli(import.meta.url);";

/** Bundles `fleetmend` with its packages into one executable file, and answers with its size in bytes. */
export const bundleCli = async ({ root, out }: { readonly root: string; readonly out: string }): Promise<number> => {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [join(root, 'cli', 'main.ts')],
    outfile: out,
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
  const folder = dirname(out);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { path, contents } of outputFiles) writeFileSync(join(folder, basename(path)), contents);
  chmodSync(out, 0o755);
  return outputFiles.reduce((sum, { contents }) => sum + contents.byteLength, 0);
};
