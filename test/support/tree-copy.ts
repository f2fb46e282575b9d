import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { root } from './repository.ts';

const FOLDERS = ['core', 'events', 'functions', 'ssm-documents', 'infra', 'cli', 'lab', 'test', 'docs'];
const ROOT_FILES = ['package.json', 'tsconfig.json', 'vitest.config.ts', 'README.md'];

const Report = z.object({
  testResults: z.array(z.object({ assertionResults: z.array(z.object({ title: z.string(), status: z.string() })) })),
});

/** Copies the sources of the repository to a temporary folder, with its packages, to change and to test them there. */
export const copyTree = (name: string) => {
  const copy = mkdtempSync(join(tmpdir(), `fleetmend-${name}-`));
  for (const path of [...FOLDERS, ...ROOT_FILES]) cpSync(join(root, path), join(copy, path), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));

  const node = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8' });
    return { status, output: `${stdout}${stderr}` };
  };
  return {
    /** The path of the copy. */
    copy,
    write: (path: string, text: string): void => writeFileSync(join(copy, path), text),
    read: (path: string): string => readFileSync(join(copy, path), 'utf8'),
    /** Runs node in the copy. */
    node,
    /** Runs the compiler over these folders of the copy, and what they import. */
    compile: (...folders: readonly string[]) => {
      const project = 'tsconfig.folders.json';
      writeFileSync(
        join(copy, project),
        JSON.stringify({ extends: './tsconfig.json', include: folders, exclude: ['**/*.test.ts'] }),
      );
      return node(join('node_modules', 'typescript', 'bin', 'tsc'), '-p', project);
    },
    /** The titles of the unit tests that ran in the copy, by status. */
    runTests: (
      ...files: readonly string[]
    ): { readonly passed: readonly string[]; readonly failed: readonly string[] } => {
      const report = join(copy, 'report.json');
      rmSync(report, { force: true });
      const vitest = join('node_modules', 'vitest', 'vitest.mjs');
      const { output } = node(
        vitest,
        'run',
        '--project',
        'unit',
        // One process loads what the files have in common once.
        '--maxWorkers=1',
        '--reporter=json',
        `--outputFile=${report}`,
        ...files,
      );
      if (!existsSync(report)) throw new Error(`running ${files}: ${output}`);
      const results = Report.parse(JSON.parse(readFileSync(report, 'utf8'))).testResults;
      const all = results.flatMap(({ assertionResults }) => assertionResults);
      const titled = (status: string) => all.filter((test) => test.status === status).map(({ title }) => title);
      return { passed: titled('passed'), failed: titled('failed') };
    },
    /** The files of the copy that are not as in the repository. */
    changed: (): readonly string[] =>
      globSync(`{${FOLDERS}}/**`, { cwd: copy })
        .filter((path) => statSync(join(copy, path)).isFile())
        .filter(
          (path) =>
            !existsSync(join(root, path)) || !readFileSync(join(root, path)).equals(readFileSync(join(copy, path))),
        )
        .toSorted(),
    remove: (): void => rmSync(copy, { recursive: true, force: true }),
  };
};
