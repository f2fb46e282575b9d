import { readWords } from '../../infra/words.mjs';
import { synthScene } from '../e2e/support.ts';
import { measureLie } from './liar-runs.ts';
import { CLUSTER, liesOf, TRUTH } from './lies.ts';

const USAGE = `usage: node test/bench/liars.ts [OPTION...]
Prints what each lie costs the honest nodes of a cluster, as a table: see docs/security.md. Build first.
  --only TEXT   the lies whose name contains this
  --healthy N   nodes that are healthy (290)
  --honest N    nodes that are broken (10)
  --names N     the most nodes that a lie names (2000)
  --minutes N   the lab's minutes after which a scene is given up (90)
  --speed N     the lab's seconds for a second in which the machine computes (0.05)`;

const { values } = readWords(USAGE, {
  only: { type: 'string', default: '' },
  healthy: { type: 'string', default: '290' },
  honest: { type: 'string', default: '10' },
  names: { type: 'string', default: '2000' },
  minutes: { type: 'string', default: '90' },
  speed: { type: 'string', default: '0.05' },
});

const run = async (): Promise<void> => {
  const size = {
    ...{ honest: Number(values.honest), healthy: Number(values.healthy) },
    patienceMinutes: Number(values.minutes),
  };
  const assembly = synthScene([{ name: CLUSTER }]);
  const lies = [TRUTH, ...liesOf(Number(values.names))].filter(({ name }) => name.includes(values.only));
  console.log(
    '| lie | last honest repair after | of this, computing | checks of healthy nodes | repairs of healthy nodes | rows | writes |',
  );
  console.log('|---|---:|---:|---:|---:|---:|---:|');
  for (const lie of lies) {
    const { name, seconds, machineSeconds, checksOfHealthy, repairsOfHealthy, rows, writes } = await measureLie(
      assembly,
      lie,
      size,
      Number(values.speed),
    );
    const after = seconds === undefined ? 'not within the time' : `${seconds} s`;
    console.log(
      `| ${name} | ${after} | ${machineSeconds} s | ${checksOfHealthy} | ${repairsOfHealthy} | ${rows} | ${writes} |`,
    );
  }
};

await run();
process.exit(0);
