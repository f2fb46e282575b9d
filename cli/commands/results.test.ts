import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { isDeep } from '../../test/deep.ts';
import { CLUSTER, clusterStatus, NODES, page, resultItem } from '../../test/support/cli-answers.ts';
import { runCli, stackOf } from '../../test/support/cli-world.ts';

const [node] = NODES;
const answer = stackOf({
  status: () => page(clusterStatus()),
  outcomes: ({ outcome }) => (outcome === 'Broken' ? page(resultItem(node, { message: '=cmd()' })) : page()),
});

describe('fleetmend results', () => {
  it('writes every outcome of every cluster as CSV, with formulas escaped', async () => {
    const { stdout, calls } = await runCli({ answer }, 'results', '--utc', '--since', '7d');
    const [title, row, end] = stdout.split('\n');
    expect(title).toBe('NODE,OUTCOME,REASON,REMEDIATION,METHOD,TOOK,RUN,AT,MESSAGE,ADVICE');
    expect(row).toMatch(/^i-07454f83100000000,Broken,.*,'=cmd\(\),$/);
    expect(end).toBe('');
    expect(calls.map(({ payload }) => payload.outcome).slice(1)).toHaveLength(10);
    expect(calls[1]?.payload).toMatchObject({ cluster: CLUSTER, since: '2026-11-22T03:16:00.000Z' });
  });

  it('writes JSON in one document, lines and names', async () => {
    const args = ['results', '-c', CLUSTER, '--outcome', 'Broken,Repaired', '-o'];
    const json = JSON.parse((await runCli({ answer }, ...args, 'json')).stdout);
    expect(json).toMatchObject({ v: 1, kind: 'ResultList', items: [{ instanceId: node }], next: null });
    const none = JSON.parse((await runCli({ answer: () => page() }, ...args, 'json')).stdout);
    expect(none).toEqual({ v: 1, kind: 'ResultList', items: [], next: null });
    expect(JSON.parse((await runCli({ answer }, ...args, 'jsonl')).stdout).instanceId).toBe(node);
    expect((await runCli({ answer }, ...args, 'name')).stdout).toBe(`${node}\n`);
    expect((await runCli({ answer }, ...args, 'table')).code).toBe(2);
  });

  const rows = isDeep ? 1_000_000 : 20_000;
  // A line of titles comes first in CSV.
  it.each([
    ['csv', 1],
    ['jsonl', 0],
  ])(`streams ${rows} rows as %s in flat memory`, { timeout: 600_000 }, async (format, titles) => {
    const PAGE = 500;
    const items = Array.from({ length: PAGE }, () => resultItem(node));
    let pages = 0;
    let written = 0;
    let lines = 0;
    let peak = 0;
    let ahead = 0;
    const many = stackOf({
      outcomes: () => ({ ok: true, items, ...(++pages < rows / PAGE ? { next: String(pages) } : {}) }),
    });
    const write = async (text: string): Promise<void> => {
      written += text.length;
      lines += text.split('\n').length - 1;
      // A reader that is slower than the stack: a program that does not wait for it would keep the rows.
      await setImmediate();
      ahead = Math.max(ahead, pages * PAGE - lines);
      if (pages % 20 === 0) peak = Math.max(peak, process.memoryUsage().heapUsed);
    };
    const before = process.memoryUsage().heapUsed;
    const { code } = await runCli(
      { answer: many, write, keepsCalls: false },
      'results',
      '-c',
      CLUSTER,
      '--outcome',
      'Broken',
      '-o',
      format,
    );
    expect([code, lines]).toEqual([0, rows + titles]);
    expect(written).toBeGreaterThan(rows * 100);
    // Rows that were read and not yet written: those of a page or two.
    expect(ahead).toBeLessThanOrEqual(2 * PAGE);
    const grown = (peak - before) / 1e6;
    if (isDeep) console.info(`${rows} rows as ${format}: the heap grew by at most ${Math.round(grown)} MB`);
    if (isDeep) expect(grown).toBeLessThan(150);
  });
});
