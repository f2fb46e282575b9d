import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { countOf, readWords, stopForWords } from '../../infra/words.mjs';
import { BENCH_PARTS, programs } from '../../lab/programs.mjs';
import { probe } from '../../lab/real/packages.ts';
import { measureBundles } from './bundles.ts';
import { measureFirstFault } from './first-fault.ts';
import { type FleetRunFigures, measureFleetRun } from './fleet-runs.ts';
import { measureHops } from './hops.ts';
import { measureLivedIn } from './lived-in-repairs.ts';
import { measureNodeRepairs } from './node-repairs.ts';
import { livedInSection, nodeSection } from './node-sections.ts';
import { pageOf, type Section, toText } from './section.ts';
import { bundlesSection, firstFaultSection, fleetSection, hopsSection } from './sections.ts';

const { usage, options } = programs.bench;
const { values } = readWords(usage, options);
const nodes = countOf('nodes', values.nodes, usage);
const rounds = countOf('rounds', values.rounds, usage);
const PAGE = fileURLToPath(new URL('../../docs/performance.md', import.meta.url));
/** What follows this line on the page is dated, and stays. */
const DATED = '\n<!-- Measured once: `npm run bench -- --write` keeps what follows. -->\n';
const LOADS = 15;

const machineText = (): string => {
  const [first] = cpus();
  const gibibytes = Math.round(totalmem() / 1024 ** 3);
  return `${cpus().length} processors (${first?.model.trim() ?? 'unknown'}), ${gibibytes} GiB, Node ${process.versions.node}`;
};

const intro = `# Performance

The figures of \`npm run bench\`, written by \`npm run bench -- --write\`; do not edit them by hand. They are of one machine:
${machineText()}. Read the ratios and the counts; times of another machine differ. Counts of calls are exact, times are
medians.

To run it: \`npm run bench\` (about ten minutes). As root on Debian 12 it also boots real nodes and says which packages it
needs; without root it measures the rest and says what it left out. \`--only\` measures some parts; the date of each part
is below its title. \`--json\` prints the raw figures.
`;

const progress = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** Each part of the page in its order: what it measures, and its section. */
const measures: Readonly<Record<(typeof BENCH_PARTS)[number], () => Promise<{ figures: unknown; section: Section }>>> =
  {
    node: async () => {
      progress('one real node: by hand and by each method');
      const figures = await measureNodeRepairs(rounds);
      return { figures, section: nodeSection(figures) };
    },
    'lived-in': async () => {
      progress('a real node that has been lived in, beside the first edition');
      const figures = await measureLivedIn(rounds);
      return { figures, section: livedInSection(figures) };
    },
    fleet: async () => {
      const figures: FleetRunFigures[] = [];
      for (const action of ['check', 'repair'] as const) {
        progress(`${nodes} simulated nodes: ${action}`);
        figures.push(await measureFleetRun(action, nodes));
      }
      return { figures, section: fleetSection(figures) };
    },
    functions: async () => {
      progress('the functions: size and load time');
      const figures = measureBundles(LOADS);
      return { figures, section: bundlesSection(figures) };
    },
    'first-fault': async () => {
      progress('the first fault of a small and of a large cluster, beside the first edition');
      const figures = await measureFirstFault(rounds);
      return { figures, section: firstFaultSection(figures) };
    },
    hops: async () => {
      progress('one real node: the hops from log line to result');
      const machine = await probe();
      const figures = machine.ok ? await measureHops() : undefined;
      return {
        figures,
        section: hopsSection(figures, machine.ok ? '' : `this machine lacks ${machine.missing.join('; ')}`),
      };
    },
  };

const bench = async (): Promise<void> => {
  const only: readonly string[] = values.only?.split(',') ?? BENCH_PARTS;
  const unknown = only.filter((name) => !(BENCH_PARTS as readonly string[]).includes(name));
  if (unknown.length > 0) stopForWords(`--only: there is no part ${unknown.join(', ')}`, usage);
  const all: Record<string, unknown> = { machine: machineText() };
  const sections = new Map<string, Section>();
  for (const [name, measure] of Object.entries(measures)) {
    if (!only.includes(name)) continue;
    const { figures, section } = await measure();
    all[name] = figures;
    sections.set(name, section);
  }
  if (values.json) console.log(JSON.stringify(all, null, 2));
  else console.log(`${machineText()}\n\n${[...sections.values()].map(toText).join('\n')}`);
  if (!values.write) return;
  const [measured = '', ...dated] = readFileSync(PAGE, 'utf8').split(DATED);
  const when = { date: new Date().toISOString().slice(0, 10), load: loadavg()[1] ?? Number.NaN };
  const page = pageOf(intro, Object.keys(measures), sections, measured, when);
  writeFileSync(PAGE, [page, ...dated].join(DATED));
  progress(`written: ${PAGE}`);
};

await bench();
process.exit(0);
