import { NODE_CHECK_KEYS } from '../support/node-check-keys.ts';
import { type Bill, dollarsOf, type HearingCosts, type SweepFigures } from './costs.ts';
import { AS_OF, costOf, type ListPrice, PRICES, REGION } from './list-prices.ts';
import { atMost, type Section, toMarkdown } from './section.ts';

/** Nodes of the cluster that the page is about. */
export const NODES = 1000;
const HOURS = 730;
/** The assumptions for a month of one cluster. */
export const MONTH = {
  sweeps: HOURS * 2,
  /** Lines that match the coarse pattern: a node writes few, and few of them are ours. */
  linesPerNode: 300,
  /** Every node is replaced three times. */
  newNodes: 3 * NODES,
  alarms: 3,
  alarmsRaised: 30,
} as const;

/**
 * Lambda asks the queues that it works on without end, and SQS counts empty answers too (AWS re:Post, "Why are my Amazon
 * SQS charges higher than expected?"). It starts with five at a time (AWS Compute Blog, "Understanding how AWS Lambda
 * scales with Amazon SQS standard queues"), each of which waits for 20 seconds at most.
 */
const POLLERS = 5;
const POLLS_PER_HOUR = POLLERS * (3600 / 20);
/** Queues of signals and of progress; the third, of lanes, is a FIFO queue. */
const STANDARD_QUEUES = 2;
const POLLING: Bill = {
  invocations: 0,
  gigabyteSeconds: 0,
  customEvents: 0,
  standardCalls: STANDARD_QUEUES * POLLS_PER_HOUR * HOURS,
  fifoCalls: POLLS_PER_HOUR * HOURS,
  writeUnits: 0,
  writes: 0,
  readUnits: 0,
  logBytes: 0,
  freeCalls: 0,
};

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
  const fixed = costOf('alarmPerMonth', MONTH.alarms) + costOf('metricPerMonth', 1);
  const bills: readonly (readonly [string, Bill, number])[] = [
    ['sweeps, every 30 minutes', scaled(costs.sweep, MONTH.sweeps), 0],
    ['log lines', scaled(costs.lines.bill, (MONTH.linesPerNode * NODES) / costs.lines.count), 0],
    ['alarms', scaled(costs.alarm, MONTH.alarmsRaised), fixed],
    ['new nodes', scaled(costs.newNodes.bill, MONTH.newNodes / costs.newNodes.count), 0],
    ['the clock (once for all clusters)', scaled(costs.idleHour, HOURS), 0],
    ["Lambda's asking of three idle queues (once for all clusters)", POLLING, 0],
  ];
  const total = bills.reduce((sum, [, bill, extra]) => sum + dollarsOf(bill) + extra, 0);
  return {
    title: `A cluster of ${count(costs.nodes)} nodes, a month`,
    about: `Counts of the lab (simulated nodes, healthy) times the list prices of ${REGION}, ${AS_OF}, without free tiers. A month is ${HOURS} hours, ${count(MONTH.sweeps)} sweeps, ${count(MONTH.linesPerNode * NODES)} log lines that match the coarse pattern and are not ours, ${MONTH.alarmsRaised} times that an alarm or a change leads to a check of the cluster, ${count(MONTH.newNodes)} new nodes.`,
    table: {
      head: [
        'way',
        'invocations',
        'GB-s',
        'events',
        'SQS calls',
        'KB written',
        'reads',
        'EC2, SSM and EKS calls',
        'cost',
      ],
      rows: [
        ...bills.map(([name, bill, extra]) => row(name, bill, extra)),
        ['all', '', '', '', '', '', '', '', dollars(total)],
      ],
    },
    aims: [
      atMost(
        'table writes of a sweep, for each node and document of node-check',
        costs.sweep.writes / costs.nodes / NODE_CHECK_KEYS.length,
        0.1,
        (v) => v.toFixed(3),
      ),
    ],
    notes: [
      `One sweep: ${count(costs.sweep.writes)} writes, ${count(costs.sweep.freeCalls)} calls of EC2, SSM and EKS (free), $${dollarsOf(costs.sweep).toFixed(4)}, and ${count(costs.sweep.writeUnits)} KB written, copies in indexes included, most of it the run's own state. A row for every node would be ${count(costs.nodes)} writes.`,
      'Lambda time is as long as it took on the machine that measured, at 512 MB; KB written counts a row once for the table and once for each index that it is in or leaves, by the length of the request, which is longer than the item.',
      'Not in it: what the nodes’ logs cost to collect (you have them, or you do not), repairs, alarms of your own, the functions’ stored logs, point-in-time recovery.',
    ],
  };
};

/** Nodes of the check that the second table is about. */
export const CHECKED_NODES = 10_000;
const OPERATIONS = [
  'SendCommand',
  'ListCommandInvocations',
  'ListCommands',
  'DescribeInstanceInformation',
  'GetCommandInvocation',
] as const;

const perNode = ({ ssm, nodes }: SweepFigures): number => Object.values(ssm).reduce((sum, n) => sum + n, 0) / nodes;

/** A check of many healthy nodes, by the number of documents that `node-check` consists of. */
export const checkSection = (checks: readonly (readonly [documents: number, figures: SweepFigures])[]): Section => ({
  title: `A check of ${count(CHECKED_NODES)} nodes`,
  about:
    'Every node is healthy, and every document of `node-check` is sent to every node, 50 nodes a command. SSM throttles SendCommand at 5 a second; throttled calls are counted. KB written includes the copies in indexes.',
  table: {
    head: ['documents', ...OPERATIONS, 'throttled', 'SSM calls a node', 'writes', 'KB written', 'reads', 'cost'],
    rows: checks.map(([documents, figures]) => [
      String(documents),
      ...OPERATIONS.map((name) => count(figures.ssm[name] ?? 0)),
      count(figures.throttled),
      perNode(figures).toFixed(3),
      count(figures.bill.writes),
      count(figures.bill.writeUnits),
      count(figures.bill.readUnits),
      `$${dollarsOf(figures.bill).toFixed(4)}`,
    ]),
  },
  aims: checks
    .filter(([documents]) => documents === 2)
    .flatMap(([, figures]) => [
      atMost('SSM calls a node, two documents', perNode(figures), 0.15, (v) => v.toFixed(3)),
      atMost('dollars, two documents', dollarsOf(figures.bill), 0.015, (v) => v.toFixed(4)),
    ]),
  notes: [
    'The last row is `node-check` as it is built. Each document costs a SendCommand and a ListCommandInvocations for every 50 nodes. The run is woken and stored once for each batch, when all parts of the batch are in.',
    'A healthy node costs no row: its id is in the observation of its command.',
  ],
});

const priceRow = ({ what, dollars: amount, unit, page, seenAt }: ListPrice): string[] => [
  what,
  `$${amount} per ${unit}`,
  page,
  seenAt,
];

/** The prices with their sources. */
export const pricesSection = (): Section => ({
  title: 'The prices',
  about: `List prices of ${REGION}, compared on ${AS_OF}. AWS's own pages load their amounts by script, so that the second address is where the amount was read.`,
  table: { head: ['what', 'price', "AWS's page", 'amount read at'], rows: Object.values(PRICES).map(priceRow) },
  aims: [],
  notes: [
    'Without a price: SSM Run Command on EC2 instances, describe calls, events of AWS services, and the delivery of CloudWatch Logs to Lambda.',
  ],
});

/** The whole page. */
export const costsPage = (costs: HearingCosts, checks: Parameters<typeof checkSection>[0]): string =>
  `# Costs

Written by \`npm run costs\`; do not edit it by hand. The prices stand in \`test/bench/list-prices.ts\`.

${toMarkdown(costsSection(costs))}
${toMarkdown(pricesSection())}
${toMarkdown(checkSection(checks))}`
    .trimEnd()
    .concat('\n');
