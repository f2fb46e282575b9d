import { createClock } from '../../lab/aws/clock.ts';
import type { Lab } from '../../lab/aws/lab.ts';
import type { CallRecord } from '../../lab/aws/lab-event.ts';
import { bootLab } from '../../lab/boot.ts';
import { createSimulatedFleet } from '../../lab/sim/fleet.ts';
import type { SimulatedNode } from '../../lab/sim/node.ts';
import type { SimulatedFault } from '../../lab/sim/result.ts';
import { LAB_CLUSTER, LAB_ENVIRONMENT, synthLab } from '../../lab/synth.ts';
import { accepted } from '../support/answers.ts';
import { ask, endsOf } from './fleet-report.ts';
import { runPollLoop } from './poll-loop.ts';
import { countBy } from './statistics.ts';

/** The cost of one way to run a document on a whole fleet. */
export type RunFigures = {
  /** Calls of SSM operations, throttled ones too. */
  readonly ssmCalls: number;
  readonly ssmCallsPerNode: number;
  /** Calls by service and operation, the most frequent first. */
  readonly calls: Readonly<Record<string, number>>;
  /** Of these, how many SSM answered with an error: nearly all throttled. */
  readonly ssmErrors: number;
  /** Lab seconds from the request to the last node's result. */
  readonly seconds: number;
  /** The number of nodes by outcome. */
  readonly ends: Readonly<Record<string, number>>;
};

/** A document on a whole fleet, by fleetmend and by the loop of a script. */
export type FleetRunFigures = {
  readonly action: 'check' | 'repair';
  readonly nodes: number;
  readonly fleetmend: RunFigures;
  readonly loop: RunFigures;
};

const SEED = 7;
const FAULT: SimulatedFault = {
  remediation: 'pause-image',
  reason: 'SandboxImageMissing',
  repair: { kind: 'repairs', method: 'ecr', willRecur: false },
};
/** As often as scheduler looks for what is overdue. */
const MINUTE_MS = 60_000;
/** A run of a thousand nodes takes minutes; one that is open after these hours never ends. */
const PATIENCE_MINUTES = 240;

const figuresOf = (
  calls: readonly CallRecord[],
  nodes: number,
  seconds: number,
  ends: RunFigures['ends'],
): RunFigures => {
  const ssm = calls.filter((c) => c.service === 'ssm');
  return {
    ssmCalls: ssm.length,
    ssmCallsPerNode: ssm.length / nodes,
    calls: countBy(calls, (c) => `${c.service}:${c.operation}`),
    ssmErrors: ssm.filter((c) => c.error !== undefined).length,
    seconds,
    ends,
  };
};

const askFleetmend = async (lab: Lab, action: 'check' | 'repair', nodes: number): Promise<RunFigures> => {
  const startedAt = lab.now();
  const from = lab.calls.length;
  const request = { action, cluster: LAB_CLUSTER, remediation: 'pause-image', requestedBy: 'bench', reason: 'bench' };
  accepted(await lab.invoke('fleetmend-operator-api', request));
  for (let minute = 0; ; minute++) {
    await lab.idle();
    if ((await ask(lab, { query: 'open' })).length === 0) break;
    if (minute === PATIENCE_MINUTES) throw new Error(`measuring a ${action}: it was not over after ${minute} minutes`);
    await lab.advance(MINUTE_MS);
  }
  const calls = lab.calls.slice(from).filter((c) => c.functionName !== 'fleetmend-audit-query');
  // A node that one run left to the next one is skipped there and has its result here: the last one counts.
  const last = new Map((await endsOf(lab, LAB_CLUSTER)).map((row) => [row.instanceId, row]));
  if (last.size !== nodes) throw new Error(`measuring a ${action}: ${last.size} of ${nodes} nodes have a result`);
  const rows = [...last.values()];
  const endedAt = Math.max(...rows.map((row) => Date.parse(row.at)));
  const ends = countBy(rows, (row) =>
    row.skipReason === undefined ? row.outcome : `${row.outcome} ${row.skipReason}`,
  );
  return figuresOf(calls, nodes, (endedAt - startedAt) / 1000, ends);
};

const askLoop = async (lab: Lab, documentName: string, fleet: readonly SimulatedNode[]): Promise<RunFigures> => {
  const startedAt = lab.now();
  const from = lab.calls.length;
  const instanceIds = fleet.map((node) => node.instanceId);
  const statuses = await runPollLoop({ lab, documentName, instanceIds });
  const calls = lab.calls.slice(from).filter((c) => c.functionName === undefined);
  const ends = countBy([...statuses.values()], (status) => status);
  return figuresOf(calls, fleet.length, (lab.now() - startedAt) / 1000, ends);
};

/**
 * Runs the check or the repair of `pause-image` on a simulated fleet with the lab's stated latency model (every node
 * broken for a repair), first as fleetmend does, then as a script's loop does, in the same lab.
 */
export const measureFleetRun = async (action: 'check' | 'repair', nodes: number): Promise<FleetRunFigures> => {
  const clock = createClock({ skipIdle: true });
  const faultOf = () => (action === 'repair' ? FAULT : undefined);
  const fleet = createSimulatedFleet({ clock, seed: SEED, cluster: LAB_CLUSTER, count: nodes, faultOf });
  const lab = await bootLab({ ...synthLab(), nodes: fleet, clock, ...LAB_ENVIRONMENT });
  try {
    const fleetmend = await askFleetmend(lab, action, nodes);
    if (action === 'repair') for (const node of fleet) node.breakWith(FAULT);
    const used = lab.commands.all().find((c) => c.document.name.includes(`-pause-image-${action}-`));
    if (used === undefined) throw new Error(`measuring a ${action}: fleetmend sent no document of that name`);
    const loop = await askLoop(lab, used.document.name, fleet);
    return { action, nodes, fleetmend, loop };
  } finally {
    await lab.stop();
  }
};
