import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { costsSection, MONTH, NODES, pricesSection } from '../bench/costs-page.ts';
import { costOf } from '../bench/list-prices.ts';

const page = readFileSync(new URL('../../docs/costs.md', import.meta.url), 'utf8');
const [, bills = '', prices = ''] = page.split('\n## ');

/** The cells of a section's table, without its head. */
const rowsOf = (section: string): readonly (readonly string[])[] =>
  section
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
const numberOf = (cell: string | undefined): number => Number(cell?.replaceAll(/[$,]/g, ''));

/** A month in which nothing happened but what has a fixed price: what of the page no measurement changes. */
const NOTHING = {
  invocations: 0,
  gigabyteSeconds: 0,
  customEvents: 0,
  standardCalls: 0,
  fifoCalls: 0,
  writeUnits: 0,
  writes: 0,
  readUnits: 0,
  logBytes: 0,
  freeCalls: 0,
};
const still = costsSection({
  nodes: NODES,
  sweep: NOTHING,
  idleHour: NOTHING,
  alarm: NOTHING,
  lines: { count: 1, bill: NOTHING },
  newNodes: { count: 1, bill: NOTHING },
});

describe('docs/costs.md (npm run costs writes it)', () => {
  it('has the prices that the code counts with, each with its page', () => {
    expect(rowsOf(prices)).toEqual(pricesSection().table.rows);
    expect(prices).toContain(pricesSection().about);
  });

  it('is about the month that the code counts, way by way', () => {
    expect(bills).toContain(still.about);
    expect(rowsOf(bills).map(([way]) => way)).toEqual(still.table.rows.map(([way]) => way));
    const isPolling = ([way = '']: readonly string[]): boolean => way.includes('idle queues');
    expect(rowsOf(bills).find(isPolling)).toEqual(still.table.rows.find(isPolling));
  });

  it('has costs that are its counts times the prices', () => {
    for (const [way = '', invocations, gigabyteSeconds, events, sqs, writes, reads, , cost] of rowsOf(bills).slice(
      0,
      -1,
    )) {
      const fixed = way === 'alarms' ? costOf('alarmPerMonth', MONTH.alarms) + costOf('metricPerMonth', 1) : 0;
      const known =
        fixed +
        costOf('lambdaPerRequest', numberOf(invocations)) +
        costOf('lambdaPerGigabyteSecond', numberOf(gigabyteSeconds)) +
        costOf('eventPerPut', numberOf(events)) +
        costOf('dynamoPerWriteUnit', numberOf(writes)) +
        costOf('dynamoPerReadUnit', numberOf(reads));
      // Calls of both kinds of queues stand in one column; what the functions log stands in none.
      const least = known + costOf('sqsPerStandardCall', numberOf(sqs)) - 0.01;
      const most = known + costOf('sqsPerFifoCall', numberOf(sqs)) + 0.05;
      expect(numberOf(cost), way).toBeGreaterThanOrEqual(least);
      expect(numberOf(cost), way).toBeLessThanOrEqual(most);
    }
  });

  it('adds up', () => {
    const costs = rowsOf(bills).map((row) => numberOf(row.at(-1)));
    const sum = costs.slice(0, -1).reduce((a, b) => a + b, 0);
    expect(Math.abs((costs.at(-1) ?? 0) - sum)).toBeLessThanOrEqual(0.005 * costs.length);
  });

  it('reports a sweep that reached its aim', () => {
    expect(bills).not.toContain('missed');
    expect(bills).toContain('table writes of a sweep, for each node and document of node-check: at most 0.100');
  });
});
