import { readWords } from '../infra/words.mjs';
import { createClock } from './aws/clock.ts';
import { bootLab } from './boot.ts';
import { paint } from './demo/show.ts';
import { startDrillServer } from './drill-server.ts';
import { programs } from './programs.mjs';
import { createSimulatedFleet } from './sim/fleet.ts';
import { LAB_CLUSTER, LAB_ENVIRONMENT, LAB_LOG_GROUP, synthLab } from './synth.ts';

const NODES = 100;
const BROKEN_EVERY = 10;

readWords(programs.lab.usage, programs.lab.options);

/** `npm run lab`: keeps a lab running, with a hundred simulated nodes of which ten are broken, until Ctrl-C. */
const clock = createClock({});
const nodes = createSimulatedFleet({
  clock,
  seed: 1,
  cluster: LAB_CLUSTER,
  count: NODES,
  faultOf: (index) =>
    index % BROKEN_EVERY === 0
      ? { remediation: 'pause-image', reason: 'SandboxImageMissing', repair: { kind: 'repairs', method: 'ecr' } }
      : undefined,
});
const lab = await bootLab({ ...synthLab(), nodes, clock, ...LAB_ENVIRONMENT });
const drills = await startDrillServer({ lab, nodes, cluster: LAB_CLUSTER, logGroup: LAB_LOG_GROUP });
const variables = { ...lab.environmentFor('operator'), FLEETMEND_LAB_URL: drills.url };
const environment = Object.entries(variables).map(([name, value]) => `export ${name}=${value}`);
console.log(`${paint('bold', 'The lab is running')}: ${NODES} simulated nodes of cluster ${LAB_CLUSTER}, every ${BROKEN_EVERY}th broken.

To use it from another shell:
${environment.map((line) => `  ${line}`).join('\n')}
  npm run -s fleetmend -- check -c ${LAB_CLUSTER}
  npm run -s fleetmend -- repair -c ${LAB_CLUSTER} --broken --reason "trying it out"
  npm run -s fleetmend

To drill:
  npm run -s fleetmend -- lab scenario

Ctrl-C stops it.`);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(
    signal,
    () =>
      void drills
        .stop()
        .then(lab.stop)
        .then(() => process.exit(0)),
  );
