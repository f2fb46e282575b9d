import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { isDeep } from '../../test/deep.ts';
import { CLUSTER, clusterStatus, NODES, page, resultItem } from '../../test/support/cli-answers.ts';
import { runCli, stackOf } from '../../test/support/cli-world.ts';
import { sampleOf } from '../../test/support/sample.ts';

/** The heap after a collection, in megabytes. */
const keptMegabytes = (): number => {
  collect();
  return process.memoryUsage().heapUsed / 1e6;
};
setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

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
  const formats = [
    ['csv', 1],
    ['jsonl', 0],
  ] as const;
  it.each(sampleOf('formats of many rows', formats, 1))(
    `streams ${rows} rows as %s in flat memory`,
    { timeout: 600_000 },
    async (format, titles) => {
      const PAGE = 500;
      const items = Array.from({ length: PAGE }, () => resultItem(node));
      let pages = 0;
      let written = 0;
      let lines = 0;
      const kept: number[] = [];
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
        // Counted after a collection: a busy machine collects late.
        if (lines >= (kept.length + 1) * (rows / 10)) kept.push(keptMegabytes());
      };
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
      console.info(`${rows} rows as ${format}: kept at each tenth: ${kept.map((mb) => mb.toFixed(1)).join(', ')} MB`);
      expect(kept).toHaveLength(10);
      // Nine tenths of the rows, of at least 100 bytes each, would be 1.8 MB in the sample and 90 MB in full.
      expect((kept.at(-1) ?? Number.NaN) - (kept[0] ?? Number.NaN)).toBeLessThan(isDeep ? 5 : 1.5);
    },
  );
});
