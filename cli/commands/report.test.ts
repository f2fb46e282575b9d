import { describe, expect, it } from 'vitest';
import { NODES, page } from '../../test/support/cli-answers.ts';
import { summary } from '../../test/support/cli-summary.ts';
import { runCli } from '../../test/support/cli-world.ts';

describe('fleetmend report', () => {
  it('sums up a month, the largest group first', async () => {
    const { stdout, calls, code } = await runCli({ answer: () => summary() }, 'report', '--month', '2026-11');
    expect(calls[0]?.payload).toEqual({
      ...{ query: 'summary', by: 'reason', limit: 500 },
      ...{ since: '2026-11-01T00:00:00.000Z', until: '2026-11-30T23:59:59.999Z' },
    });
    expect(stdout).toBe(
      [
        '2026-11-01 to 2026-11-30 (UTC) · 2 clusters · 450 nodes · 2,880 sweeps · 1 person',
        '',
        'REASON               FOUND  REPAIRED  FAILED  RECURRED    P50     P95',
        'SandboxImageMissing     61        60       1         0  ≤ 6 s  ≤ 45 s',
        'CNIConfigMissing         2         1       1         0  ≤ 6 s  ≤ 45 s',
        '',
        'Not acted on   5   OptedOut 3 · NotAllowed 2',
        'Without answer Unreachable 2 · Unknown 0 · Unsupported 1',
        `Worst nodes    ${NODES[0]} (4×)`,
        'People         mei (3)',
        '',
      ].join('\n'),
    );
    expect(code).toBe(0);
  });

  it('says a period by its days, or by its times where it is not of whole days', async () => {
    const titleOf = async (...words: readonly string[]) =>
      (await runCli({ answer: () => summary() }, 'report', ...words)).stdout.split(' · ', 1)[0];
    expect(await titleOf('--since', '2026-11-01', '--until', '2026-11-03')).toBe('2026-11-01 to 2026-11-03 (UTC)');
    const hour = ['--since', '2026-11-02T23:40:00Z', '--until', '2026-11-03T00:40:00Z'];
    expect(await titleOf(...hour)).toBe('2026-11-02 23:40 to 2026-11-03 00:40 (UTC)');
  });

  it('names no node as the worst that broke once, and no number of nodes where no sweep has counted them', async () => {
    const [total, ...others] = summary().items;
    const once = others.map((item) => ({ ...item, found: 1 }));
    const { stdout } = await runCli({ answer: () => page({ ...total, sweeps: 0, nodes: 0 }, ...once) }, 'report');
    expect(stdout.split('\n')[0]).toMatch(/ · 2 clusters · no sweep · /);
    expect(stdout).toContain('Worst nodes    none more than once\n');
  });

  it('puts the parts of a long period together', async () => {
    const answer = (_call: unknown, count: number) => summary(count === 1 ? { next: 'more' } : {});
    const { stdout, calls } = await runCli({ answer }, 'report', '--since', '30d', '-o', 'json');
    expect(calls).toHaveLength(2);
    const { items, total, worstNodes, next } = JSON.parse(stdout);
    expect(next).toBeNull();
    expect(total).toMatchObject({
      found: 126,
      nodes: 450,
      sweeps: 5760,
      notActedOn: { OptedOut: 6 },
      people: [{ by: 'mei', requests: 6 }],
    });
    expect(items).toMatchObject([
      {
        group: 'SandboxImageMissing',
        found: 122,
        repairedAfter: { count: 4, p50: 6, p95: 45, histogram: { 5: 2, 11: 2 } },
      },
      { group: 'CNIConfigMissing', found: 4 },
    ]);
    expect(worstNodes).toMatchObject([{ found: 8 }]);
  });

  it('writes Markdown in which no text of a stack is read, and CSV in seconds', async () => {
    const group = { ...summary().items[1], group: '[x](http://a)|<b>' };
    const markdown = await runCli({ answer: () => page(group) }, 'report', '-o', 'markdown');
    expect(markdown.stdout).toContain('| REASON | FOUND | REPAIRED | FAILED | RECURRED | P50 | P95 |\n| --- | --: |');
    expect(markdown.stdout).toContain('| \\[x\\](http://a)\\|\\<b\\> | 2 |');
    const csv = await runCli({ answer: () => summary() }, 'report', '-o', 'csv');
    expect(csv.stdout.split('\n')[1]).toBe('SandboxImageMissing,61,60,1,0,6,45,6,45');
  });

  it('says so where nothing was found, and refuses a wrong group, month or period', async () => {
    expect((await runCli({ answer: () => page() }, 'report')).stdout).toContain('No fault was found in this time.');
    for (const args of [
      ['--by', 'team'],
      ['--month', '2026-13'],
      ['--month', '2026-11', '--since', '1d'],
    ]) {
      const { code, calls } = await runCli({ answer: () => page() }, 'report', ...args);
      expect([args, code, calls]).toEqual([args, 2, []]);
    }
  });
});
