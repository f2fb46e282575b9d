import { LIVED_IN } from './lived-in.ts';
import { LIVED_IN_WAYS, type LivedInFigures } from './lived-in-repairs.ts';
import type { NodeRepairsFigures } from './node-repairs.ts';
import type { WayFigures } from './node-ways.ts';
import { type Aim, atMost, type FiguresTable, type Section } from './section.ts';

/** The aims: ratios to the commands by hand, to the fetch alone, and to the first edition's documents, in the same round. */
export const NODE_AIMS = {
  repairByHand: 1,
  methodOfFetch: 1.5,
  healthyCheckProcessorMs: 300,
  livedInRepair: 0.15,
  livedInCheck: 2,
} as const;

const ms = (value: number): string => `${Math.round(value)} ms`;
const ratio = (value: number): string => value.toFixed(2);
const maybe = (value: number | undefined, show: (value: number) => string): string =>
  value === undefined ? '' : show(value);

const PARTS = ['look', 'others', 'token', 'image', 'pin', 'proof', 'end'] as const;
const WHAT_THE_PARTS_ARE =
  'The parts of a repair, by its own log: **look** until the fault is named; **others** the methods tried before; **token**; **image** until it is usable (fetched and checked, tagged or imported); **pin** with the wait for the CRI; **proof**, the test container; **end** with the agent. The last column compares **image** with the fetch alone: what it costs beyond the same fetch by hand is the nameless file for the token and the look whether the image is usable.';

const tableOf = (ways: readonly WayFigures[]): FiguresTable => ({
  head: ['way', 'wall', 'processor', 'wall / by hand', ...PARTS, 'image / fetch'],
  rows: ways.map((w) => [
    w.way,
    ms(w.wallMs),
    ms(w.processorMs),
    ratio(w.wallRatio),
    ...PARTS.map((part) => maybe(w.parts?.[part], ms)),
    maybe(w.methodRatio, ratio),
  ]),
});

const repairAims = (ways: readonly WayFigures[]): Aim[] => {
  const repairs = ways.filter((w) => w.methodRatio !== undefined);
  return [
    atMost(
      'a repair, over the commands by hand',
      Math.max(...repairs.map((w) => w.wallRatio)),
      NODE_AIMS.repairByHand,
      ratio,
    ),
    ...repairs.map((w) =>
      atMost(
        `${w.way}: its method, over ctr content fetch`,
        w.methodRatio ?? Number.NaN,
        NODE_AIMS.methodOfFetch,
        ratio,
      ),
    ),
  ];
};

const notMeasured = (title: string, why: string): Section => ({
  title,
  about: `Not measured: real nodes need root on Debian 12, and ${why}.`,
  table: { head: [], rows: [] },
  aims: [],
  notes: [],
});

/** Repairs and checks on a fresh real node. */
export const nodeSection = (figures: NodeRepairsFigures): Section => {
  const title = 'On one real node';
  if (!figures.ran) return notMeasured(title, figures.why);
  const ways = [figures.manual, ...figures.ways];
  const check = ways.find((w) => w.way === 'check of a healthy node');
  return {
    title,
    about: `Each way breaks the node first, then runs as an SSM document by the lab's agent (containerd ${figures.containerd}, a registry and an ECR API on the same machine). Medians of ${figures.rounds} rounds; a round runs every way once, and a ratio is within the same round. Processor time is that of the whole node: the script, its tools, containerd, runc.`,
    table: tableOf(ways),
    aims: [
      ...repairAims(ways),
      atMost(
        'processor time of a healthy check',
        check?.processorMs ?? Number.NaN,
        NODE_AIMS.healthyCheckProcessorMs,
        ms,
      ),
    ],
    notes: [
      WHAT_THE_PARTS_ARE,
      'The commands by hand fetch the image and stop there: before a pod starts, containerd has to tell its CRI plugin, and their time does not have that. The repair waits for it, and also finds out what is wrong and why, pins the image, and proves it: it starts a container of it and removes it again.',
      ...figures.left.map((what) => `Not measured: ${what}.`),
    ],
  };
};

/** Repairs and checks of a node that has been lived in, beside the first edition's documents. */
export const livedInSection = (figures: LivedInFigures): Section => {
  const title = 'On a node that has been lived in';
  if (!figures.ran) return notMeasured(title, figures.why);
  const { ways } = figures;
  const over = (name: keyof typeof LIVED_IN_WAYS, other: keyof typeof LIVED_IN_WAYS): number =>
    ways.find((w) => w.way === LIVED_IN_WAYS[name])?.over?.[LIVED_IN_WAYS[other]] ?? Number.NaN;
  const cpu = (name: keyof typeof LIVED_IN_WAYS): number =>
    ways.find((w) => w.way === LIVED_IN_WAYS[name])?.processorMs ?? Number.NaN;
  return {
    title,
    about: `Amazon Linux 2 as its AMI is, with ${LIVED_IN.imageNames} names of images, ${LIVED_IN.containers} running containers, ${LIVED_IN.journalLines.toLocaleString('en')} lines of kubelet in the journal and the AMI's unit. The documents of the first edition (version 0.1.0) are built from their commit and run in the same rounds. Medians of ${figures.rounds} rounds; a ratio is within the same round.`,
    table: tableOf(ways),
    aims: [
      atMost('a repair, over that of the first edition', over('repair', 'firstRepair'), NODE_AIMS.livedInRepair, ratio),
      ...repairAims(ways),
      atMost('a check, over that of the first edition', over('check', 'firstCheck'), NODE_AIMS.livedInCheck, ratio),
      atMost(
        'node-check, over that of the first edition',
        over('nodeCheck', 'firstNodeCheck'),
        NODE_AIMS.livedInCheck,
        ratio,
      ),
      atMost(
        'node-check, over that of the first edition, in processor time',
        cpu('nodeCheck') / cpu('firstNodeCheck'),
        NODE_AIMS.livedInCheck,
        ratio,
      ),
    ],
    notes: [
      `In processor time the repair takes ${ratio(cpu('repair') / cpu('firstRepair'))} of the first edition's. On a busy machine that one's look at the journal, which is limited to seconds, reads fewer lines.`,
      "node-check asks more than the first edition's: the runtime by its CRI, kubelet's health check, the agent of the network, and the journals of the last ten minutes. It runs as several documents in parallel.",
    ],
  };
};
