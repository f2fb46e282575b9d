import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { answerSchemas } from './answers-schema.ts';

it.each(answerSchemas())('$file is up to date (npm run schema writes it)', ({ file, text }) => {
  expect(readFileSync(file, 'utf8')).toBe(text);
});
