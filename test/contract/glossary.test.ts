import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { BECAUSE_KINDS } from '../../core/model/because.ts';
import { Outcome, SkipReason } from '../../core/model/outcome.ts';
import { Mode } from '../../core/model/policy.ts';
import { FUNCTION_NAMES } from '../../infra/bundle.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The values that a schema allows, whether it is an enum or a union of literals. */
const valuesOf = (schema: z.ZodType): readonly unknown[] => z.toJSONSchema(schema).enum ?? [];

const page = read('docs/glossary.md');
/** The terms of a text, each with its meaning. */
const termsOf = (text: string) =>
  [...text.matchAll(/^- \*\*([^*]+)\*\*: (.+)$/gm)].map(([, term = '', meaning = '']) => ({ term, meaning }));

describe('docs/glossary.md', () => {
  it.each(
    Object.entries({
      outcome: valuesOf(Outcome),
      'skip reason': valuesOf(SkipReason),
      mode: valuesOf(Mode),
      'kind of because': BECAUSE_KINDS,
      function: FUNCTION_NAMES,
    }),
  )('has every %s', (_, names) => {
    const known = termsOf(page).map(({ term }) => term.replaceAll('`', ''));
    expect(names.length).toBeGreaterThan(1);
    expect(names.filter((name) => !known.includes(String(name)))).toEqual([]);
  });

  it('defines a term once in each section', () => {
    const repeated = page.split(/^## /m).flatMap((section) => {
      const named = termsOf(section).map(({ term }) => term);
      return named.filter((term, i) => named.indexOf(term) !== i);
    });
    expect(repeated).toEqual([]);
  });

  it('defines each term by a sentence', () => {
    expect(termsOf(page).filter(({ meaning }) => !/^[\p{L}`].*\.$/u.test(meaning))).toEqual([]);
  });
});

describe('docs/architecture.md', () => {
  const folders = [...read('docs/architecture.md').matchAll(/^\| `([a-z/-]+)` +\| /gm)].map(([, name = '']) => name);
  const foldersIn = (path: string): readonly string[] =>
    readdirSync(join(root, path), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => (path === '' ? name : `${path}/${name}`));
  /** Not in git, or described by their parts. */
  const BUILT = ['node_modules', 'dist', 'cdk.out', 'coverage'];

  it('describes folders that exist', () => {
    expect(folders.filter((folder) => !existsSync(join(root, folder)))).toEqual([]);
  });

  it('describes every folder at the top, every room of core, and the parts of infra', () => {
    const wanted = [
      ...foldersIn('').filter((name) => !BUILT.includes(name)),
      ...foldersIn('core'),
      ...foldersIn('infra'),
    ];
    expect(wanted.length).toBeGreaterThan(15);
    expect(wanted.filter((folder) => folder !== 'core' && !folders.includes(folder))).toEqual([]);
  });
});
