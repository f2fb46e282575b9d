import { expect, it } from 'vitest';
import { aCheck, node, observed } from '../../test/support/runs.ts';
import { batchReadings, batchResults } from './batch-results.ts';
import { isSettled } from './observation.ts';

const texts = { version: '0badcafe', reasons: new Map(), remediations: new Map() };

it('a batch of which nothing was observed has no readings and no results', () => {
  expect(batchReadings([], () => undefined).size).toBe(0);
  expect(batchResults(aCheck(1), [], texts)).toEqual([]);
});

it('a node that one part does not mention has timed out, with the command of the first part', () => {
  const parts = [
    observed('1.1', {}, { part: 1, parts: 2, healthy: [node(0)] }),
    observed('1.2', {}, { part: 2, parts: 2 }),
  ];
  expect(batchResults(aCheck(1), parts, texts)).toMatchObject([
    { instanceId: node(0), outcome: 'TimedOut', commandId: 'c-1.1' },
  ]);
});

it('a node of two readings of one rank has the command of the part that it was read from', () => {
  const parts = [
    observed('1.1', {}, { part: 1, parts: 2, healthy: [node(0)] }),
    observed('1.2', { [node(0)]: { outcome: 'Broken', reason: 'DiskFull' } }, { part: 2, parts: 2 }),
  ];
  expect(batchResults(aCheck(1), parts, texts)).toMatchObject([
    { instanceId: node(0), outcome: 'Broken', reason: 'DiskFull', commandId: 'c-1.2' },
  ]);
});

it('a batch is settled when SSM has reported every node, and no reading is assumed', () => {
  const row = observed('1', { [node(0)]: {} });
  expect(isSettled([row, row])).toBe(true);
  expect(isSettled([row, { ...row, final: false, open: [node(1)] }])).toBe(false);
  expect(isSettled([row, { ...row, assumed: [node(0)] }])).toBe(false);
});
