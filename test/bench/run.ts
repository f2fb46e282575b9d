import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { probe } from '../../lab/real/packages.ts';
import { type BundlesFigures, measureBundles } from './bundles.ts';
import { type FleetRunFigures, measureFleetRun } from './fleet-runs.ts';
import { type HopsFigures, measureHops } from './hops.ts';
import { measureNodeRepairs, type NodeRepairsFigures } from './node-repairs.ts';
import { type Section, toMarkdown, toText } from './section.ts';
import { bundlesSection, fleetSection, hopsSection, nodeSection } from './sections.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    nodes: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '5' },
    help: { type: 'boolean', default: false },
  },
});

const USAGE = `usage: npm run bench [-- OPTION...]
  --json       print the figures as JSON
  --write      also write them to docs/performance.md
  --nodes N    simulated nodes (1000)
  --rounds N   rounds on the real node (5)`;
const PAGE = fileURLToPath(new URL('../../docs/performance.md', import.meta.url));
/** What follows this line on the page is dated, and stays. */
const DATED = '\n<!-- Measured once: `npm run bench -- --write` keeps what follows. -->\n';
const LOADS = 15;

type Figures = {
  readonly machine: string;
  readonly node: NodeRepairsFigures;
  readonly fleet: readonly FleetRunFigures[];
  readonly bundles: BundlesFigures;
  readonly hops: HopsFigures | undefined;
};

const machineText = (): string => {
  const [first] = cpus();
  const gibibytes = Math.round(totalmem() / 1024 ** 3);
  return `${cpus().length} processors (${first?.model.trim() ?? 'unknown'}), ${gibibytes} GiB, Node ${process.versions.node}`;
};

const page = (figures: Figures, sections: readonly Section[]): string => `# Performance

The figures of \`npm run bench\`, written by \`npm run bench -- --write\`; do not edit them by hand. They are of one machine:
${figures.machine}. Read the ratios and the counts; times of another machine differ. Counts of calls are exact, times are
medians.

To run it: \`npm run bench\` (about five minutes). As root on Debian 12 it also boots real nodes and says which packages it
needs; without root it measures the rest and says what it left out. \`--json\` prints the raw figures.

${sections.map(toMarkdown).join('\n')}`;

const progress = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

const bench = async (): Promise<void> => {
  const machine = await probe();
  progress('the functions: size and load time');
  const bundles = measureBundles(LOADS);
  progress('one real node: by hand and by each method');
  const node = await measureNodeRepairs(Number(values.rounds));
  progress('one real node: the hops from log line to result');
  const hops = machine.ok ? await measureHops() : undefined;
  const fleet: FleetRunFigures[] = [];
  for (const action of ['check', 'repair'] as const) {
    progress(`${values.nodes} simulated nodes: ${action}`);
    fleet.push(await measureFleetRun(action, Number(values.nodes)));
  }
  const figures: Figures = { machine: machineText(), node, fleet, bundles, hops };
  const why = machine.ok ? '' : `this machine lacks ${machine.missing.join('; ')}`;
  const sections = [nodeSection(node), fleetSection(fleet), bundlesSection(bundles), hopsSection(hops, why)];
  if (values.json) console.log(JSON.stringify(figures, null, 2));
  else console.log(`${figures.machine}\n\n${sections.map(toText).join('\n')}`);
  if (!values.write) return;
  const [, ...dated] = readFileSync(PAGE, 'utf8').split(DATED);
  writeFileSync(PAGE, [page(figures, sections).trimEnd().concat('\n'), ...dated].join(DATED));
  progress(`written: ${PAGE}`);
};

if (values.help) console.log(USAGE);
else await bench();
process.exit(0);
