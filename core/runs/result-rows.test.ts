import { describe, expect, it } from 'vitest';
import { aCheck, aRun, at, because, node, observed } from '../../test/support/runs.ts';
import type { Texts } from '../model/render-message.ts';
import type { ObservationRow } from '../state/command-state.ts';
import type { Reading } from '../state/results.ts';
import { batchReadings, batchResults, healthyNodes, openNodes } from './batch-results.ts';

const texts: Texts = {
  version: '0badcafe',
  reasons: new Map([
    ['Grave', { severity: 'Fatal', title: 'It is grave', advice: 'act' }],
    ['Slight', { severity: 'Info', title: 'It is slight', advice: 'wait' }],
  ]),
  remediations: new Map(),
};
const [A, B] = [node(0), node(1)];
/** The observation of one part of a check. */
const part = (
  n: number,
  nodes: Readonly<Record<string, Reading>>,
  over: Partial<ObservationRow> = {},
): ObservationRow => observed(`1.${n}`, {}, { part: n, parts: 2, nodes, ...over });
const broken = (reason: string, outcome: 'Broken' | 'Unknown' = 'Broken'): Reading => ({
  outcome,
  reason,
  title: 't',
  endedAt: at(5),
});

describe('the row of a node', () => {
  it('is of the time of the last observation, as is a reading that a part does not have', () => {
    const parts = [
      part(1, { [A]: broken('Slight') }, { at: at(70) }),
      part(2, {}, { at: at(30) }),
      part(3, {}, { at: at(50) }),
    ];
    for (const order of [parts, parts.toReversed()]) {
      expect(batchReadings(order, () => undefined).get(A)?.endedAt).toBe(at(70));
      expect(batchResults(aCheck(1), order, texts)).toMatchObject([{ instanceId: A, at: at(70) }]);
    }
  });

  it('has the gravest finding, its advice, and the command that has it', () => {
    const parts = [part(1, { [A]: broken('Slight') }), part(2, { [A]: broken('Grave') })];
    expect(batchResults(aCheck(1), parts, texts)).toMatchObject([
      { outcome: 'Broken', reason: 'Grave', advice: 'act', commandId: 'c-1.2' },
    ]);
    const unknown = [part(1, { [A]: broken('Grave', 'Unknown') }), part(2, { [A]: broken('Grave') })];
    expect(batchResults(aCheck(1), unknown, texts)).toMatchObject([{ outcome: 'Broken', commandId: 'c-1.2' }]);
  });

  it('may have a reason that this version does not know, and no advice', () => {
    const [row] = batchResults(aCheck(1), [part(1, { [A]: broken('FromTheFuture') }), part(2, {})], texts);
    expect(row).toMatchObject({ outcome: 'Broken', reason: 'FromTheFuture' });
    expect(row).not.toHaveProperty('advice');
  });

  it('belongs to the request of its run, and exists because of it, or because of the node itself', () => {
    const run = aRun(2);
    const own = because('alarm');
    const parts = [observed('1', { [A]: {}, [B]: {} })];
    expect(batchResults({ ...run, becauses: { [A]: own } }, parts, texts)).toMatchObject([
      { instanceId: A, requestId: 'r-1', because: own },
      { instanceId: B, requestId: 'r-1', because: run.because },
    ]);
  });
});

describe('a healthy node of a check', () => {
  it('has a row only where an assumed reading of it has one, in any of the parts', () => {
    const first = part(1, {}, { healthy: [A, B] });
    const second = part(2, {}, { healthy: [A, B], amended: [B] });
    for (const parts of [
      [first, second],
      [second, first],
    ]) {
      expect(batchResults(aCheck(2), parts, texts)).toMatchObject([{ instanceId: B, outcome: 'Healthy' }]);
    }
    expect(batchResults(aCheck(2), [first, part(2, {}, { healthy: [A, B] })], texts)).toEqual([]);
  });

  it('is healthy by the parts of its own batch, once all of them were observed', () => {
    const half = observed('1.1', {}, { part: 1, parts: 2, healthy: [A] });
    const other = [1, 2].map((n) => observed(`2.${n}`, {}, { part: n, parts: 2, healthy: [B] }));
    expect(healthyNodes([half, ...other])).toEqual([B]);
  });
});

it('the open nodes of a run are those of all its observations, each once', () => {
  const seen = [observed('1', {}, { open: [A, B] }), observed('2', {}, { open: [B] }), observed('3', {})];
  expect(openNodes(seen)).toEqual([A, B]);
});
