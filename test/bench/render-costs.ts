import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Bill, dollarsOf, type HearingCosts, measureHearing } from './costs.ts';
import { LIST_PRICES as P } from './list-prices.ts';
import { atMost, type Section, toMarkdown } from './section.ts';

const NODES = 1000;
const HOURS = 730;
/** What a month of one cluster is taken to hold; change these to your own. */
const MONTH = {
  sweeps: HOURS * 2,
  /** Lines that match the coarse pattern: a node writes few, and few of them are ours. */
  linesPerNode: 300,
  /** Every node is replaced three times. */
  newNodes: 3 * NODES,
  alarms: 3,
  alarmsRaised: 30,
} as const;

const dollars = (value: number): string => `$${value.toFixed(2)}`;
const count = (value: number): string => Math.round(value).toLocaleString('en');
const scaled = (bill: Bill, by: number): Bill =>
  Object.fromEntries(Object.entries(bill).map(([name, value]) => [name, value * by])) as Bill;

const row = (name: string, bill: Bill, extra = 0): string[] => [
  name,
  count(bill.invocations),
  count(bill.gigabyteSeconds),
  count(bill.customEvents),
  count(bill.standardCalls + bill.fifoCalls),
  count(bill.writeUnits),
  count(bill.readUnits),
  count(bill.freeCalls),
  dollars(dollarsOf(bill) + extra),
];

/** The page's section. */
export const costsSection = (costs: HearingCosts): Section => {
  const fixed = MONTH.alarms * P.alarmPerMonth + P.metricPerMonth;
  const bills: readonly (readonly [string, Bill, number])[] = [
    ['sweeps, every 30 minutes', scaled(costs.sweep, MONTH.sweeps), 0],
    ['logs', scaled(costs.lines.bill, (MONTH.linesPerNode * NODES) / costs.lines.count), 0],
    ['alarms', scaled(costs.alarm, MONTH.alarmsRaised), fixed],
    ['new nodes', scaled(costs.newNodes.bill, MONTH.newNodes / costs.newNodes.count), 0],
    ['the clock (once for all clusters)', scaled(costs.idleHour, HOURS), 0],
  ];
  const total = bills.reduce((sum, [, bill, extra]) => sum + dollarsOf(bill) + extra, 0);
  return {
    title: `A cluster of ${count(costs.nodes)} nodes, a month`,
    about: `Counts of the lab (simulated nodes, healthy) times the list prices of ${P.region}, ${P.asOf}, without free tiers. A month is ${HOURS} hours, ${count(MONTH.sweeps)} sweeps, ${count(MONTH.linesPerNode * NODES)} log lines that match the coarse pattern and are not ours, ${MONTH.alarmsRaised} times that an alarm or a change leads to a check of the cluster, ${count(MONTH.newNodes)} new nodes.`,
    table: {
      head: ['way', 'invocations', 'GB-s', 'events', 'SQS calls', 'KB written', 'reads', 'EC2 and SSM calls', 'cost'],
      rows: [
        ...bills.map(([name, bill, extra]) => row(name, bill, extra)),
        ['all', '', '', '', '', '', '', '', dollars(total)],
      ],
    },
    aims: [
      atMost('table writes of a sweep, for each node', costs.sweep.writes / costs.nodes, 0.1, (v) => v.toFixed(3)),
    ],
    notes: [
      `One sweep: ${count(costs.sweep.writes)} writes, ${count(costs.sweep.freeCalls)} calls of EC2 and SSM (free), $${dollarsOf(costs.sweep).toFixed(4)}, and ${count(costs.sweep.writeUnits / 3)} KB written, most of it the run's own state. A row for every node would be ${count(costs.nodes)} writes.`,
      'Lambda time is as long as it took on the machine that measured, at 512 MB; KB written counts every row thrice, for the table and two indexes, which is an upper bound.',
      'Not in it: what the nodes’ logs cost to collect (you have them, or you do not), repairs, alarms of your own, the functions’ stored logs, point-in-time recovery.',
    ],
  };
};

const PAGE = fileURLToPath(new URL('../../docs/costs.md', import.meta.url));
const costs = await measureHearing(NODES);
const text = `# What hearing costs

Written by \`npm run costs\`; do not edit it by hand. The prices stand in \`test/bench/list-prices.ts\`.

${toMarkdown(costsSection(costs))}`;
writeFileSync(PAGE, text.trimEnd().concat('\n'));
console.log(text);
process.exit(0);
