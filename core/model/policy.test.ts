import { expect, it } from 'vitest';
import { Policy } from './policy.ts';

const messagesOf = (clusters: readonly object[]): readonly string[] =>
  Policy.safeParse({ clusters, limits: {} }).error?.issues.map(({ message }) => message) ?? [];

it('a refusal names the list of clusters as the place', () => {
  const clusters = [
    { name: 'a', alarms: ['x'] },
    { name: 'a', alarms: ['x'] },
  ];
  const place = { code: 'custom', path: ['clusters'] };
  expect(Policy.safeParse({ clusters, limits: {} }).error?.issues).toEqual([
    { ...place, message: 'alarm x is listed twice' },
    { ...place, message: 'cluster a is listed twice' },
  ]);
});

it.each<[string, readonly object[], readonly string[]]>([
  [
    'accepts clusters and alarms that differ',
    [
      { name: 'a', alarms: ['x'] },
      { name: 'b', alarms: ['y'] },
    ],
    [],
  ],
  ['refuses a cluster that is listed twice', [{ name: 'a' }, { name: 'a' }], ['cluster a is listed twice']],
  [
    'refuses an alarm that two clusters list',
    [
      { name: 'a', alarms: ['x'] },
      { name: 'b', alarms: ['x'] },
    ],
    ['alarm x is listed twice'],
  ],
])('%s', (_, clusters, expected) => {
  expect(messagesOf(clusters)).toEqual(expected);
});
