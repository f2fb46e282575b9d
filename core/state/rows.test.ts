import { describe, expect, it } from 'vitest';
import { at, node, START } from '../../test/support/runs.ts';
import { LettersRow } from './letters-row.ts';
import { Attempt, NodeStateRow } from './node-state.ts';
import { isAnswered, MAX_REQUESTS, othersIn, PendingNode, rowsForRun, soleRequestOf } from './pending-node.ts';
import { Breaker, TrustResult, TrustRow } from './trust-state.ts';

const pending = (over: Partial<PendingNode> = {}): PendingNode => ({
  ...{ lane: 'demo/cni', cluster: 'demo', instanceId: node(1), reason: 'X', source: 's', version: 'v' },
  ...{ firstSeenAt: START, lastSeenAt: START, signals: 1, because: { kind: 'log' } },
  ...over,
});

describe('a stored row is read as it was written', () => {
  const attempt = { at: START, outcome: 'NotRepaired', reason: 'X', grade: 2 } as const;
  const result = { instanceId: node(1), runId: 'r-1', at: START, end: 'failed', isCanary: true } as const;
  const breaker = { openedAt: START, openUntil: at(900), openings: 1, runId: 'r-1' };
  it.each<[string, { parse: (row: unknown) => unknown }, object]>([
    ['an action on dead letters', LettersRow, { action: 'replay', at: START, by: 'mei', kinds: { wake: 2 } }],
    ['an attempt', Attempt, attempt],
    [
      'the state of a node',
      NodeStateRow,
      { instanceId: node(1), cluster: 'demo', remediation: 'cni', attempts: { 'r-1': attempt }, quarantinedAt: START },
    ],
    ['a result', TrustResult, result],
    ['a breaker', Breaker, breaker],
    [
      'the experience with a document',
      TrustRow,
      { document: 'd', cluster: 'demo', version: 0, results: [result], breaker },
    ],
    ['a pending node', PendingNode, pending({ requestIds: ['q-1'], skipped: 'Busy', decidedAt: START })],
  ])('%s', (_, schema, row) => {
    expect(schema.parse(row)).toEqual(row);
  });

  it.each<[string, { safeParse: (row: unknown) => { success: boolean } }, object]>([
    ['dead letters of another action', LettersRow, { action: 'burn', at: START, by: 'mei' }],
    ['an attempt without a time', Attempt, { outcome: 'NotRepaired' }],
    ['a result of another end', TrustResult, { ...result, end: 'other' }],
    ['a breaker that has never opened', Breaker, { ...breaker, openings: 0 }],
    ['a node of no id', NodeStateRow, { instanceId: 'x', cluster: 'demo', remediation: 'cni', attempts: {} }],
    [
      'a pending node that very many requests want',
      PendingNode,
      pending({ requestIds: Array(MAX_REQUESTS + 1).fill('q') }),
    ],
  ])('but not %s', (_, schema, row) => {
    expect(schema.safeParse(row).success).toBe(false);
  });

  it('and dead letters that were discarded too', () => {
    expect(LettersRow.parse({ action: 'discard', at: START, by: 'mei' }).action).toBe('discard');
  });
});

describe('a pending node', () => {
  it('belongs to one request where no signal and no other request wants it', () => {
    expect(soleRequestOf(pending({ signals: 0, requestIds: ['q-1'] }))).toBe('q-1');
    expect(soleRequestOf(pending({ signals: 1, requestIds: ['q-1'] }))).toBeUndefined();
    expect(soleRequestOf(pending({ signals: 0, requestIds: ['q-1', 'q-2'] }))).toBeUndefined();
    expect(soleRequestOf(pending({ signals: 0 }))).toBeUndefined();
  });

  it('has other requests than a run where it stands for requests alone, and not for that of the run alone', () => {
    const of = (signals: number, requestIds?: string[]) =>
      othersIn(pending({ signals, ...(requestIds === undefined ? {} : { requestIds }) }), 'q-1');
    expect(of(0, ['q-1', 'q-2'])).toEqual(['q-1', 'q-2']);
    expect(of(0, ['q-2'])).toEqual(['q-2']);
    for (const none of [of(0, ['q-1']), of(0), of(1, ['q-2'])]) expect(none).toEqual([]);
  });

  it('goes with those of the same request, or with those of none', () => {
    const own = [1, 2].map((n) => pending({ instanceId: node(n), signals: 0, requestIds: ['q-1'] }));
    const others = [3, 4].map((n) => pending({ instanceId: node(n) }));
    expect(rowsForRun([...own, ...others], 9)).toEqual(own);
    expect(rowsForRun([...others, ...own], 9)).toEqual(others);
    expect(rowsForRun([...others, ...own], 1)).toEqual(others.slice(0, 1));
    expect(rowsForRun([], 9)).toEqual([]);
  });

  it('is answered once it was decided on for good, and no newer symptom was seen', () => {
    expect(isAnswered(pending({ decidedAt: START }))).toBe(true);
    expect(isAnswered(pending({ decidedAt: at(-1) }))).toBe(false);
    expect(isAnswered(pending({ decidedAt: START, skipped: 'Busy' }))).toBe(false);
    expect(isAnswered(pending())).toBe(false);
  });
});
