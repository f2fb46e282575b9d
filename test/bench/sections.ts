import type { BundlesFigures } from './bundles.ts';
import type { FirstFaultFigures } from './first-fault.ts';
import type { FleetRunFigures, RunFigures } from './fleet-runs.ts';
import type { HopsFigures } from './hops.ts';
import { LOOP_CONCURRENCY, LOOP_POLL_MS } from './poll-loop.ts';
import { type Aim, atMost, type Section } from './section.ts';

/** The aims of the runs and of the functions. */
export const AIMS = {
  // A check that a person waits for is looked at three times before its end, and at its soft deadline.
  ssmCallsPerNode: { check: 0.16, repair: 0.26 },
  processingMs: 1000,
  firstFault: { overFirstEdition: 0.6, largeOverSmall: 1.1 },
} as const;

const ms = (value: number): string => `${Math.round(value)} ms`;
const ratio = (value: number): string => value.toFixed(2);
const perNode = (value: number): string => value.toFixed(3);
const kilobytes = (value: number): string => `${Math.ceil(value)} KB`;
const seconds = (value: number): string => `${Math.round(value)} s`;

const operation = (figures: RunFigures, name: string): string => String(figures.calls[`ssm:${name}`] ?? 0);
const SSM_OPERATIONS = [
  'SendCommand',
  'ListCommandInvocations',
  'GetCommandInvocation',
  'DescribeInstanceInformation',
  'ListCommands',
];

/** A check and a repair of a whole simulated fleet. */
export const fleetSection = (runs: readonly FleetRunFigures[]): Section => {
  const nodes = runs[0]?.nodes ?? 0;
  const row = (name: string, f: RunFigures): string[] => [
    name,
    perNode(f.ssmCallsPerNode),
    ...SSM_OPERATIONS.map((o) => operation(f, o)),
    String(f.ssmErrors),
    seconds(f.seconds),
  ];
  return {
    title: `On ${nodes.toLocaleString('en')} simulated nodes`,
    about: `A person asks operator-api for the check, then for the repair (every node broken) of the whole cluster; against a script that sends one command to each node, ${LOOP_CONCURRENCY} nodes at a time, and asks for its result every ${LOOP_POLL_MS / 1000} s. Same lab, same nodes, same latency: log-normal, median 8 s, 99th percentile 60 s, 1 % offline; list calls lag by 1 s; SendCommand is throttled at 5 a second. The time is the lab's, from the request to the last result.`,
    table: {
      head: ['run', 'SSM calls a node', ...SSM_OPERATIONS, 'of these throttled', 'time'],
      rows: runs.flatMap((r) => [row(`${r.action}, fleetmend`, r.fleetmend), row(`${r.action}, loop`, r.loop)]),
    },
    aims: runs.map(
      (r): Aim =>
        atMost(
          `SSM calls a node of a ${r.action}`,
          r.fleetmend.ssmCallsPerNode,
          AIMS.ssmCallsPerNode[r.action],
          perNode,
        ),
    ),
    notes: [
      "A repair run is slower than it could be, on purpose: three canaries one after the other, then a window that opens with what was repaired, never more than 10 % of the cluster's nodes and never more than 50. The loop has no such care.",
      ...runs.map(
        (r) =>
          `${r.action}: the nodes ended ${JSON.stringify(r.fleetmend.ends)}; other calls of fleetmend: ${others(r.fleetmend)}.`,
      ),
    ],
  };
};

const others = (figures: RunFigures): string =>
  Object.entries(figures.calls)
    .filter(([name]) => !name.startsWith('ssm:'))
    .map(([name, n]) => `${name} ${n}`)
    .join(', ');

/** Size and load time of the functions. */
export const bundlesSection = (figures: BundlesFigures): Section => ({
  title: 'The functions',
  about: `Size of each built bundle, and what loading it costs a fresh process of Node ${process.versions.node}: the median of ${figures.repetitions} processes, in turns with a process that loads an empty module (${ms(figures.emptyProcessMs)}). Lambda is slower; use the ratios.`,
  table: {
    head: ['function', 'size', 'import', 'process / empty'],
    rows: figures.bundles.map((b) => [b.name, kilobytes(b.kilobytes), ms(b.loadMs), ratio(b.processRatio)]),
  },
  aims: [
    atMost('the largest bundle', Math.max(...figures.bundles.map((b) => b.kilobytes)), figures.maxKilobytes, kilobytes),
  ],
  notes: [],
});

/** The hops of one real node's way; `undefined` where there are no real nodes. */
export const hopsSection = (figures: HopsFigures | undefined, why: string): Section => {
  const title = 'From the log line to the result';
  if (figures === undefined)
    return { title, about: `Not measured: ${why}.`, table: { head: [], rows: [] }, aims: [], notes: [] };
  return {
    title,
    about:
      'One real node, warm functions, one failed pod and one log line. Processing is the time in which at least one function of the pipeline ran; the rest is the document on the node, and the second by which the queue of progress waits, since what SSM lists lags behind its events.',
    table: {
      head: ['hop', 'took', 'processing'],
      rows: [
        ...figures.hops.map((hop) => [hop.what, ms(hop.wallMs), ms(hop.processingMs)]),
        ['together', ms(figures.wallMs), ms(figures.processingMs)],
      ],
    },
    aims: [atMost("the pipeline's own processing", figures.processingMs, AIMS.processingMs, ms)],
    notes: [],
  };
};

/** The first fault of a small and of a large cluster, beside the first edition; or why it was not measured. */
export const firstFaultSection = (
  measured: { readonly ok: true; readonly figures: FirstFaultFigures } | { readonly ok: false; readonly why: string },
): Section => {
  const title = 'The first fault of a cluster';
  if (!measured.ok)
    return { title, about: `Not measured: ${measured.why}.`, table: { head: [], rows: [] }, aims: [], notes: [] };
  const { rounds, small, large, ms: taken, overFirstEdition, largeOverSmall } = measured.figures;
  const nodes = (count: number): string => `${count.toLocaleString('en')} nodes`;
  return {
    title,
    about: `From the delivery of a log line to SendCommand, where no function has run yet, no lane exists and no node was counted. The stack of the first edition (version 0.1.0) is built from its commit; both run in the same lab, each in a lab of its own, in turns. Medians of ${rounds} rounds; a ratio is within the same round. Functions start as processes of this machine, so that a cold start is what loading the code costs.`,
    table: {
      head: ['edition', nodes(small), nodes(large)],
      rows: [
        ['first edition', ms(taken['first edition']), ms(taken['first edition, large'])],
        ['this edition', ms(taken['this edition']), ms(taken['this edition, large'])],
      ],
    },
    aims: [
      atMost(
        `the first fault among ${nodes(small)}, over that of the first edition`,
        overFirstEdition,
        AIMS.firstFault.overFirstEdition,
        ratio,
      ),
      atMost(
        `the first fault among ${nodes(large)}, over that among ${nodes(small)}`,
        largeOverSmall,
        AIMS.firstFault.largeOverSmall,
        ratio,
      ),
    ],
    notes: [
      'The first edition counted the nodes of the cluster first, at two calls of EC2 a second. The first node needs no count: a budget is never below one.',
    ],
  };
};
