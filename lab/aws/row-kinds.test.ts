import { expect, it } from 'vitest';
import { rowKindsOf } from './row-kinds.ts';

const keys = (pk: string, sk: string) => ({ pk: { S: pk }, sk: { S: sk } });
const node = 'i-0123456789abcdef0';

it.each<[string, unknown, string]>([
  ['a put', { Item: keys('LANE#demo/cni-files', `NODE#${node}`) }, 'LANE NODE'],
  ['a read of a result', { Key: keys('RESULT#r-1', node) }, 'RESULT'],
  ['a count of a second', { Key: keys('RATE#calls', '2026-08-22T10:00:01') }, 'RATE'],
  [
    'a query of rows',
    { ExpressionAttributeValues: { ':v0': { S: 'RUN#r-1' }, ':v1': { S: 'COMMAND#' }, ':v2': { S: 'COMMAND#~' } } },
    'RUN COMMAND',
  ],
  [
    'a query of an index',
    { IndexName: 'byDue', ExpressionAttributeValues: { ':v0': { S: 'OPEN#1' }, ':v1': { S: ' ' } } },
    'byDue: OPEN  ',
  ],
  [
    'a batch',
    { RequestItems: { audit: { Keys: [keys('NODE#i-1', 'STATE#x'), keys('NODE#i-2', 'STATE#x')] } } },
    'NODE STATE',
  ],
  [
    'a transaction',
    {
      TransactItems: [
        { Put: { Item: keys('RUN#r-1', 'STATE') } },
        { ConditionCheck: { Key: keys('PAUSES', 'CURRENT#ALL') } },
      ],
    },
    'PAUSES CURRENT + RUN STATE',
  ],
])('%s names its kinds of rows', (_, input, kinds) => {
  expect(rowKindsOf(input)).toBe(kinds);
});
