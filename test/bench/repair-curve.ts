import { parseArgs } from 'node:util';
import { measureRepair, type RepairFigures } from './repair-runs.ts';
import { median } from './statistics.ts';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '1000' },
    seeds: { type: 'string', default: '10' },
    looks: { type: 'string', multiple: true, default: ['0,0'] },
    help: { type: 'boolean', default: false },
  },
});

const USAGE = `usage: node test/bench/repair-curve.ts [OPTION...]
  --nodes N       simulated nodes (1000)
  --seeds N       repairs for each choice (10); two of them have silent nodes among the canaries
  --looks A,B     seconds after the sending at which a command is looked at, 0 for no look; may be given several times`;

/** The places of the first canaries, which are silent for these seeds. */
const SILENT: Readonly<Record<number, readonly number[]>> = { 2: [0], 5: [1, 2] };

const show = (choice: string, figures: readonly RepairFigures[]): void => {
  const middle = (of: (f: RepairFigures) => number): number => median(figures.map(of));
  const [seconds, lastSend] = [middle((f) => f.seconds), middle((f) => f.lastSendSeconds)];
  const calls = middle((f) => f.ssmCallsPerNode);
  console.log(
    `looks ${choice}: median ${Math.round(seconds)} s, last send ${Math.round(lastSend)} s, ${calls.toFixed(3)} SSM calls a node`,
  );
};

const curve = async (): Promise<void> => {
  for (const choice of values.looks) {
    const [first = 0, second = 0] = choice.split(',').map(Number);
    const figures: RepairFigures[] = [];
    for (let seed = 1; seed <= Number(values.seeds); seed++) {
      const limits = { repairFirstLookSeconds: first, repairSecondLookSeconds: second };
      const own = await measureRepair({ nodes: Number(values.nodes), seed, limits, silent: SILENT[seed] ?? [] });
      figures.push(own);
      console.log(JSON.stringify({ looks: choice, ...own }));
    }
    show(choice, figures);
  }
};

if (values.help) console.log(USAGE);
else await curve();
process.exit(0);
