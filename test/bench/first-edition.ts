import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { LabAssembly } from '../../lab/synth.ts';
import { CommandDocument } from '../../ssm-documents/builder/document.ts';

/** The last commit of version 0.1.0, whose documents read journals byte by byte and list every image. */
const COMMIT = '9aa21f4';
const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const PRINT = `const { buildDocuments } = await import(process.argv[1]);
console.log(JSON.stringify(buildDocuments().map(({ key, content }) => ({ key, content }))));`;

const SYNTH = `const { synthLab } = await import(process.argv[1]);
const { cpSync } = await import('node:fs');
const { assembly, stackName } = synthLab();
cpSync(assembly, process.argv[2], { recursive: true });
console.log(stackName);`;

const Documents = z.array(z.object({ key: z.string(), content: CommandDocument }));
/** A document of the first edition. */
export type FirstEditionDocument = z.infer<typeof Documents>[number];

type Built<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly why: string };

/** Unpacks the first edition into a folder that is removed after the use of it; or says why this is not possible. */
const inFirstEdition = <T>(use: (folder: string) => T): Built<T> => {
  const isThere = spawnSync('git', ['cat-file', '-e', `${COMMIT}^{commit}`], { cwd: REPOSITORY });
  if (isThere.status !== 0) return { ok: false, why: `this clone does not have the commit ${COMMIT}` };
  const folder = mkdtempSync(join(tmpdir(), 'fleetmend-first-edition-'));
  try {
    const archive = execFileSync('git', ['archive', COMMIT], { cwd: REPOSITORY, maxBuffer: 2 ** 28 });
    execFileSync('tar', ['--extract', '--directory', folder], { input: archive });
    symlinkSync(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'));
    return { ok: true, ...use(folder) };
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** The documents of the first edition, built from its commit in a folder of their own; or why they cannot be built. */
export const firstEdition = (): Built<{ readonly documents: readonly FirstEditionDocument[] }> =>
  inFirstEdition((folder) => {
    const builder = join(folder, 'ssm-documents/build.ts');
    const json = execFileSync(process.execPath, ['--input-type=module', '--eval', PRINT, builder], {
      cwd: folder,
      maxBuffer: 2 ** 28,
      encoding: 'utf8',
    });
    return { documents: Documents.parse(JSON.parse(json)) };
  });

/** The stack of the first edition for the lab's cluster, in a folder that is removed with the process; or why there is none. */
export const firstEditionAssembly = (): Built<{ readonly assembly: LabAssembly }> =>
  inFirstEdition((folder) => {
    const assembly = mkdtempSync(join(tmpdir(), 'fleetmend-first-assembly-'));
    process.on('exit', () => rmSync(assembly, { recursive: true, force: true }));
    execFileSync(process.execPath, [join(folder, 'infra/build.ts')], { cwd: folder });
    const synth = join(folder, 'test/lab/synth.ts');
    const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', SYNTH, synth, assembly], {
      ...{ cwd: folder, encoding: 'utf8' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return { assembly: { assembly, stackName: printed.trim() } };
  });
