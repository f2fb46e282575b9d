import { globSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { expect, it } from 'vitest';
import { read, root } from '../support/repository.ts';

/** Why Node cannot run a file: vitest, tsc and esbuild read more than what Node's own removal of types does. */
const refusalOf = (file: string, text: string): readonly string[] => {
  try {
    stripTypeScriptTypes(text);
    return [];
  } catch (error) {
    return [`${file}: ${String(error)}`];
  }
};

// The mutation runner, the lab and the scripts run sources as they are.
it('Node can run every file of TypeScript', () => {
  const files = globSync('{cli,core,events,functions,infra,lab,ssm-documents,test}/**/*.ts', { cwd: root });
  expect(files.length).toBeGreaterThan(1000);
  expect(files.flatMap((file) => refusalOf(file, read(file)))).toEqual([]);
});

it('finds a variable whose name Node reads as a keyword', () => {
  expect(refusalOf('a.ts', 'for (const of of [1]) console.log(of);')).toEqual([expect.stringMatching(/^a\.ts: /)]);
});
