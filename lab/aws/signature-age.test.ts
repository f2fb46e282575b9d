import { expect, it } from 'vitest';
import { refuseOldSignature } from './signature-age.ts';

const SIGNED = '20261130T120000Z';
const at = (seconds: number): number => Date.UTC(2026, 10, 30, 12, 0, seconds);

it.each([0, 299, 300, -60])('a signature is taken %d s after it was made', (seconds) => {
  expect(() => refuseOldSignature(SIGNED, at(seconds))).not.toThrow();
});

it.each([301, 480])('a signature is refused %d s after it was made', (seconds) => {
  expect(() => refuseOldSignature(SIGNED, at(seconds))).toThrow(/^Signature expired/);
});

it('a request without a date is left to the services', () => {
  expect(() => refuseOldSignature(undefined, at(0))).not.toThrow();
});
