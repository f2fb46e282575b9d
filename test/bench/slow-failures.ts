import { readWords } from '../../infra/words.mjs';
import { measureRepair, type RepairScene } from './repair-runs.ts';

const USAGE = `usage: node test/bench/slow-failures.ts [OPTION...]
Prints how many nodes a document reaches that always fails, at once and after 200 s, and whether a run ends whose document
fails on 1 % of 1,000 nodes.
  --small       10 nodes, 6 clusters of 20, one seed
  --only TEXT   the scenes whose name contains this
  --minutes N   the lab's minutes after which a scene is judged (30)`;

const { values } = readWords(USAGE, {
  small: { type: 'boolean', default: false },
  only: { type: 'string', default: '' },
  minutes: { type: 'string', default: '30' },
});

const SLOW_MS = 200_000;
const AT_ONCE_MS = 1000;
const RARE = { share: 0.01, afterMs: AT_ONCE_MS } as const;
const always = (afterMs: number) => ({ share: 1, afterMs });

type Named = RepairScene & { readonly name: string };

const scenes = (): readonly Named[] => {
  const patienceMinutes = Number(values.minutes);
  const base = { seed: 1, patienceMinutes } as const;
  const [many, clusters, each] = values.small ? [100, 6, 20] : [10_000, 60, 200];
  return [
    { ...base, name: 'always, after 200 s, 10 nodes', nodes: 10, failure: always(SLOW_MS) },
    { ...base, name: `always, after 200 s, ${many} nodes`, nodes: many, failure: always(SLOW_MS) },
    {
      ...base,
      name: `always, at once, ${clusters} clusters of ${each}`,
      nodes: each,
      clusters,
      failure: always(AT_ONCE_MS),
    },
    {
      ...base,
      name: `always, after 200 s, ${clusters} clusters of ${each}`,
      nodes: each,
      clusters,
      failure: always(SLOW_MS),
    },
    ...Array.from({ length: values.small ? 1 : 10 }, (_, i) => ({
      name: `1 % of 1,000 nodes, seed ${i + 1}`,
      nodes: values.small ? 100 : 1000,
      seed: i + 1,
      failure: RARE,
      patienceMinutes: 240,
    })),
  ];
};

const run = async (): Promise<void> => {
  for (const { name, ...scene } of scenes().filter((s) => s.name.includes(values.only))) {
    const { reached, mostAtOnce, ends, hasEnded, seconds } = await measureRepair(scene);
    console.log(JSON.stringify({ name, reached, mostAtOnce, ends, hasEnded, seconds: Math.round(seconds) }));
  }
};

await run();
process.exit(0);
