import { expect, it } from 'vitest';
import { ClusterPolicy } from '../model/policy.ts';
import { isFrozen } from './freeze.ts';

const cluster = (days: string[], fromUtc: string, toUtc: string) =>
  ClusterPolicy.parse({ name: 'demo', freezeWindows: [{ days, fromUtc, toUtc }] });
const friday = cluster(['Fri'], '16:00', '20:00');
const overnight = cluster(['Fri'], '22:00', '06:00');
const wholeDay = cluster(['Sun'], '00:00', '00:00');

// 2026-08-21 is a Friday.
it.each([
  ['before it', friday, '2026-08-21T15:59:59.999Z', false],
  ['at its start', friday, '2026-08-21T16:00:00.000Z', true],
  ['within it', friday, '2026-08-21T19:59:59.999Z', true],
  ['at its end', friday, '2026-08-21T20:00:00.000Z', false],
  ['on another day', friday, '2026-08-20T17:00:00.000Z', false],
  ['on the evening that it starts', overnight, '2026-08-21T23:00:00.000Z', true],
  ['on the morning after', overnight, '2026-08-22T05:59:00.000Z', true],
  ['when that morning is over', overnight, '2026-08-22T06:00:00.000Z', false],
  ['on the morning of its day', overnight, '2026-08-21T05:00:00.000Z', false],
  ['on the evening after', overnight, '2026-08-22T23:00:00.000Z', false],
  ['from Saturday to Sunday', cluster(['Sat'], '22:00', '06:00'), '2026-08-23T01:00:00.000Z', true],
  ['of a whole day, at midnight', wholeDay, '2026-08-23T00:00:00.000Z', true],
  ['of a whole day, at its last minute', wholeDay, '2026-08-23T23:59:00.000Z', true],
  ['of a whole day, when it is over', wholeDay, '2026-08-24T00:00:00.000Z', false],
  ['where there is none', ClusterPolicy.parse({ name: 'demo' }), '2026-08-21T17:00:00.000Z', false],
])('a freeze window %s', (_, policy, now, expected) => {
  expect(isFrozen(policy, now)).toBe(expected);
});
