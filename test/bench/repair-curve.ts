import { readWords } from '../../infra/words.mjs';
import { measureRepair, type RepairFigures, type RepairScene } from './repair-runs.ts';
import { median } from './statistics.ts';

const USAGE = `usage: node test/bench/repair-curve.ts [OPTION...]
  --nodes N       simulated nodes (1000)
  --seeds N       repairs for each choice (10); in two of them the first canaries are silent
  --seed N        only this one
  --choice JSON   limits that differ from their defaults, {"repairFirstLookSeconds":0} for example; may be given several times`;

const { values } = readWords(USAGE, {
  nodes: { type: 'string', default: '1000' },
  seeds: { type: 'string', default: '10' },
  seed: { type: 'string' },
  choice: { type: 'string', multiple: true, default: ['{}'] },
});

/** The places of the first canaries, which are silent for these seeds. */
const SILENT: Readonly<Record<number, readonly number[]>> = { 2: [0], 5: [1, 2] };

const show = (choice: string, figures: readonly RepairFigures[]): void => {
  const middle = (of: (f: RepairFigures) => number): number => median(figures.map(of));
  const [seconds, lastSend] = [middle((f) => f.seconds), middle((f) => f.lastSendSeconds)];
  const calls = middle((f) => f.ssmCallsPerNode);
  console.log(
    `${choice}: median ${Math.round(seconds)} s, last send ${Math.round(lastSend)} s, ${calls.toFixed(3)} SSM calls a node`,
  );
};

const seeds = (): readonly number[] =>
  values.seed === undefined ? Array.from({ length: Number(values.seeds) }, (_, i) => i + 1) : [Number(values.seed)];

const curve = async (): Promise<void> => {
  for (const choice of values.choice) {
    const limits: NonNullable<RepairScene['limits']> = JSON.parse(choice);
    const figures: RepairFigures[] = [];
    for (const seed of seeds()) {
      const own = await measureRepair({ nodes: Number(values.nodes), seed, limits, silent: SILENT[seed] ?? [] });
      figures.push(own);
      console.log(JSON.stringify({ choice, ...own }));
    }
    show(choice, figures);
  }
};

await curve();
process.exit(0);
