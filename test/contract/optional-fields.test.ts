import { expect, it } from 'vitest';
import { PRODUCT_FILES, read } from '../support/repository.ts';

/** A field that is copied unless it is undefined; core/model/defined.ts does that. */
const COPIED = /\.\.\.\(\s*([\w.?]+) === undefined\s*\?\s*\{\}\s*:\s*\{\s*(?:[\w'-]+:\s*)?\1,?\s*\}\s*\)/g;
const copiesIn = (text: string): readonly string[] => [...text.matchAll(COPIED)].map(([copy]) => copy);

it('leaves out undefined fields by `defined` alone', () => {
  expect(PRODUCT_FILES.flatMap((file) => copiesIn(read(file)).map((copy) => `${file}: ${copy}`))).toEqual([]);
});

it.each([
  ['...(x === undefined ? {} : { x })', 1],
  ['...(a.b === undefined ? {} : { c: a.b })', 1],
  ['...(x === undefined\n  ? {}\n  : { y: x,\n })', 1],
  ['...(x === undefined ? {} : { y: String(x) })', 0],
  ['...defined({ x })', 0],
])('finds a copied field: %j', (text, count) => {
  expect(copiesIn(text)).toHaveLength(count);
});
