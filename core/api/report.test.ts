import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { aCheck, aQueuedRun, node, START, sendingRun } from '../../test/support/runs.ts';
import type { CommandState } from '../state/command-state.ts';
import { cursorOf, laneSummary, Page, readCursor, runSummary, Times } from './report.ts';

const command = (over: Partial<CommandState>): CommandState => ({
  key: '1',
  instanceIds: [],
  size: 2,
  status: 'closed',
  ...over,
});

describe('a run in a list', () => {
  it('shows how many nodes wait, how many have a command, and the outcomes of the rest', () => {
    const run = aCheck(3, {
      settled: { Gone: 1 },
      commands: [
        command({ key: '1', status: 'closed', counts: { Healthy: 1, Broken: 1 } }),
        command({ key: '2', status: 'sent', size: 4 }),
        command({ key: '3', status: 'sending', size: 5 }),
        command({ key: '4', status: 'planned', size: 6 }),
      ],
    });
    expect(runSummary(run)).toMatchObject({
      runId: run.runId,
      pending: 3,
      inFlight: 9,
      counts: { Gone: 1, Healthy: 1, Broken: 1 },
    });
  });

  it('counts a node once, however many parts its check has', () => {
    const parts = [1, 2, 3].map((part) => command({ key: `1.${part}`, part, parts: 3, status: 'sent', size: 7 }));
    expect(runSummary(aCheck(0, { commands: parts })).inFlight).toBe(7);
  });

  it('names no node, only how many were asked for', () => {
    const shown = runSummary(sendingRun(2));
    expect(shown).toMatchObject({ inFlight: 2 });
    expect(JSON.stringify(shown)).not.toContain(node(0));
    for (const name of ['commands', 'outbox', 'settled', 'version']) expect(shown).not.toHaveProperty(name);
    expect(runSummary(sendingRun(2))).not.toHaveProperty('asked');
    expect(runSummary(aCheck(0, { looks: [[node(0), 60]] }))).not.toHaveProperty('looks');
    expect(runSummary(aQueuedRun())).toMatchObject({ status: 'queued', pending: 0, inFlight: 0 });
  });
});

it('a lane in a list has everything but its version', () => {
  const lane = { lane: 'demo/pause-image', cluster: 'demo', remediation: 'pause-image', attributableFailures: 1 };
  expect(laneSummary({ ...lane, version: 3 })).toEqual(lane);
});

describe('the fields of every query', () => {
  const page = z.object(Page);
  it('are a limit of 100 items, or 1 to 500, and a position', () => {
    expect(page.parse({})).toEqual({ limit: 100 });
    for (const limit of [1, 500]) expect(page.parse({ limit, next: 'x'.repeat(20_000) }).limit).toBe(limit);
    for (const bad of [{ limit: 0 }, { limit: 501 }, { limit: 1.5 }, { next: 'x'.repeat(20_001) }]) {
      expect(page.safeParse(bad).success).toBe(false);
    }
  });

  it('may be two times, which are compared as text and so have one form', () => {
    const times = z.object(Times);
    expect(times.parse({ since: '2026-08-22T10:00:00Z', until: '2026-08-22T10:00:00.5Z' })).toEqual({
      since: '2026-08-22T10:00:00.000Z',
      until: '2026-08-22T10:00:00.500Z',
    });
    expect(times.parse({})).toEqual({});
    expect(times.safeParse({ since: 'yesterday' }).success).toBe(false);
  });
});

describe('a cursor', () => {
  const query = { query: 'runs', limit: 100, since: START };
  const cursor = cursorOf(query, ['done', null, { pk: 'a' }]);

  it('is read again for the same query, with another limit too', () => {
    expect(readCursor(query, cursor)).toEqual(['done', null, { pk: 'a' }]);
    expect(readCursor({ ...query, limit: 5, next: cursor }, cursor)).toHaveLength(3);
  });

  it('is one for the same fields in any order', () => {
    expect(readCursor({ since: START, limit: 100, query: 'runs' } as never, cursor)).toHaveLength(3);
    expect(cursorOf({ since: START, limit: 100, query: 'runs' } as never, ['done', null, { pk: 'a' }])).toBe(cursor);
  });

  it.each<[string, string]>([
    ['another query', cursorOf({ query: 'actions', limit: 100 }, [null])],
    ['no positions', cursorOf(query, [])],
    ['text that is not base64', '%'],
    ['base64 that is not JSON', btoa('next')],
    ['JSON that is no cursor', btoa('{}')],
  ])('of %s is refused', (_, next) => {
    expect(readCursor(query, next)).toBeUndefined();
  });
});
