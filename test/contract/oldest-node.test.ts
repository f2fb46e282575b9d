import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

/**
 * Features that Node 24.0.0, the oldest of the lockfile (macOS on arm64), lacks without an error: a call of one does
 * nothing there, or something else. A feature that fails with an error needs no rule. From the histories in Node's API
 * documentation.
 */
const SILENT: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['import.meta.main (24.2): make the program a file of its own', /import\.meta\.main\b/],
  ['the option proxyEnv of http.Agent (24.5)', /\bproxyEnv\b/],
];
/** A comment line may name a feature that is not used. */
const codeOf = (text: string): string => text.replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, '');
const silentIn = (text: string): string[] =>
  SILENT.flatMap(([what, pattern]) => (pattern.test(codeOf(text)) ? [what] : []));

it('uses no feature that the oldest Node.js of the lockfile silently lacks', () => {
  const paths = globSync('{core,functions,ssm-documents,events,infra,cli,lab,test}/**/*.{ts,mjs}', {
    cwd: root,
  }).filter((path) => !import.meta.filename.endsWith(path));
  expect(paths.length).toBeGreaterThan(300);
  const found = paths.flatMap((path) =>
    silentIn(readFileSync(join(root, path), 'utf8')).map((what) => `${path}: ${what}`),
  );
  expect(found).toEqual([]);
});

it.each(['if (import.meta.main) run();', 'new Agent({ proxyEnv: process.env })'])('refuses %s', (text) => {
  expect(silentIn(text)).toHaveLength(1);
});

it('lets a comment name it', () => {
  expect(silentIn('// Not import.meta.main.\n/**\n * Not proxyEnv.\n */')).toEqual([]);
});
