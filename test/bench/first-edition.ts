import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { CommandDocument } from '../../ssm-documents/builder/document.ts';

/** The last commit of version 0.1.0, whose documents read journals byte by byte and list every image. */
const COMMIT = '9aa21f4';
const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const PRINT = `const { buildDocuments } = await import(process.argv[1]);
console.log(JSON.stringify(buildDocuments().map(({ key, content }) => ({ key, content }))));`;

const Built = z.array(z.object({ key: z.string(), content: CommandDocument }));
/** A document of the first edition. */
export type FirstEditionDocument = z.infer<typeof Built>[number];

/** The documents of the first edition, built from its commit in a folder of their own; or why they cannot be built. */
export const firstEdition = ():
  | { readonly ok: true; readonly documents: readonly FirstEditionDocument[] }
  | { readonly ok: false; readonly why: string } => {
  const isThere = spawnSync('git', ['cat-file', '-e', `${COMMIT}^{commit}`], { cwd: REPOSITORY });
  if (isThere.status !== 0) return { ok: false, why: `this clone does not have the commit ${COMMIT}` };
  const folder = mkdtempSync(join(tmpdir(), 'fleetmend-first-edition-'));
  try {
    const archive = execFileSync('git', ['archive', COMMIT], { cwd: REPOSITORY, maxBuffer: 2 ** 28 });
    execFileSync('tar', ['--extract', '--directory', folder], { input: archive });
    symlinkSync(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'));
    const builder = join(folder, 'ssm-documents/build.ts');
    const json = execFileSync(process.execPath, ['--input-type=module', '--eval', PRINT, builder], {
      cwd: folder,
      maxBuffer: 2 ** 28,
      encoding: 'utf8',
    });
    return { ok: true, documents: Built.parse(JSON.parse(json)) };
  } finally {
    rmSync(folder, { recursive: true });
  }
};
