import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleFunctions, complaints } from '../bundle.ts';
import { root } from '../load.ts';
import type { SynthesisFolders } from '../synthesize.ts';
import { UserError } from '../user-error.ts';

/**
 * Bundles the functions into a folder that no other deployment uses, so that two of them from one clone, at the same
 * time, cannot deploy each other's. The folder is removed when the process ends.
 *
 * @throws UserError where a bundle is over its budget
 */
export const buildHere = async (): Promise<SynthesisFolders> => {
  const folder = mkdtempSync(join(tmpdir(), 'fleetmend-deploy-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const dist = join(folder, 'dist');
  const bundles = await bundleFunctions({
    root,
    sources: join(root, 'functions'),
    out: join(root, 'dist', 'functions'),
    writeTo: join(dist, 'functions'),
  });
  const wrong = bundles.flatMap(complaints);
  if (wrong.length > 0) throw new UserError(wrong);
  return { dist, outdir: join(folder, 'cdk.out') };
};
