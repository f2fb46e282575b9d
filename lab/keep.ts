import { createClock } from './aws/clock.ts';
import { bootLab } from './boot.ts';
import { paint } from './demo/show.ts';
import { createSimulatedFleet } from './sim/fleet.ts';
import { LAB_CLUSTER, LAB_ENVIRONMENT, synthLab } from './synth.ts';

const NODES = 100;
const BROKEN_EVERY = 10;

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
const environment = Object.entries(lab.environmentFor('operator')).map(([name, value]) => `export ${name}=${value}`);
const invoke = (name: string, payload: unknown) =>
  `aws lambda invoke --endpoint-url ${lab.endpointUrl} --function-name ${name} --cli-binary-format raw-in-base64-out --payload '${JSON.stringify(payload)}' /dev/stdout`;

console.log(`${paint('bold', 'The lab is running')}: ${NODES} simulated nodes of cluster ${LAB_CLUSTER}, every ${BROKEN_EVERY}th broken.

To use it from another shell:
${environment.map((line) => `  ${line}`).join('\n')}
  ${invoke('fleetmend-operator-api', { action: 'check', cluster: LAB_CLUSTER, requestedBy: 'me', reason: 'trying it out' })}
  ${invoke('fleetmend-audit-query', { query: 'runs', cluster: LAB_CLUSTER })}

Ctrl-C stops it.`);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void lab.stop().then(() => process.exit(0)));
