import { expect, it } from 'vitest';
import * as z from 'zod';
import { describeIssue, describeIssues, everyIssue, firstIssue } from './issue.ts';

const Pair = z.strictObject({ a: z.object({ b: z.string('not a text') }), c: z.number('not a number') });
const errorOf = (value: unknown, schema: z.ZodType = Pair): z.ZodError => {
  const parsed = schema.safeParse(value);
  if (parsed.success) throw new Error('the value is valid');
  return parsed.error;
};

it('names the first field that is wrong, by its path', () => {
  expect(describeIssue(errorOf({ a: { b: 1 }, c: '' }), '(event)')).toBe('field a.b: not a text');
  expect(firstIssue(errorOf({ a: { b: 1 }, c: '' }), '(event)', ['detail', 0])).toEqual({
    field: 'detail.0.a.b',
    message: 'not a text',
  });
});

it('names the input where it is wrong as such', () => {
  expect(describeIssue(errorOf(1, z.string('not a text')), '(line)')).toBe('field (line): not a text');
  expect(describeIssue(new z.ZodError([]), '(line)')).toBe('field (line): invalid');
});

it('lists three issues, and counts the rest', () => {
  const many = z.strictObject({ a: z.string('A'), b: z.string('B'), c: z.string('C'), d: z.string('D') });
  expect(describeIssues(errorOf({ a: 'x' }, many), '(whole)')).toBe('field b: B; field c: C; field d: D');
  expect(describeIssues(errorOf({}, many), '(whole)')).toBe('field a: A; field b: B; field c: C; and 1 more');
});

it('gives every issue with its field, for an answer that lists them all', () => {
  expect(everyIssue(errorOf({ a: { b: 1 }, c: '' }), '(event)')).toEqual([
    { field: 'a.b', message: 'not a text' },
    { field: 'c', message: 'not a number' },
  ]);
  expect(everyIssue(errorOf(1, z.string('not a text')), '(line)')).toEqual([
    { field: '(line)', message: 'not a text' },
  ]);
});
