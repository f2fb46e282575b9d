import * as z from 'zod';
import { readWords } from '../../infra/words.mjs';
import { createClock } from '../../lab/aws/clock.ts';
import { createRandom } from '../../lab/aws/random.ts';
import type { Invocation } from '../../lab/aws/ssm-commands.ts';
import { bootLab } from '../../lab/boot.ts';
import { createSimulatedFleet } from '../../lab/sim/fleet.ts';
import type { SimulatedNode } from '../../lab/sim/node.ts';
import type { SimulatedFault } from '../../lab/sim/result.ts';
import { LAB_CLUSTER, LAB_ENVIRONMENT, labConfig, synthLab } from '../../lab/synth.ts';
import { ask } from './fleet-report.ts';
import { quantile } from './statistics.ts';

/** A fleet, and faults that nothing logs. */
export type SweepScene = {
  readonly nodes: number;
  readonly faults: number;
  readonly hours: number;
  readonly seed: number;
  /** So many nodes of one node group fail within `burstMinutes`; 1, where each fault comes alone. */
  readonly burstNodes: number;
  readonly burstMinutes: number;
};

/** How long the nodes of a scene were broken. Seconds of the lab. */
export type SweepFigures = {
  readonly scene: SweepScene;
  readonly sweepMinutes: number;
  /** From each fault to the sending of its repair, and to the end of it; sorted. */
  readonly sent: readonly number[];
  readonly repaired: readonly number[];
  /** Faults that were not repaired at the end. */
  readonly left: number;
  readonly sweeps: number;
  /** Sweeps of a node group that new faults have brought forward. */
  readonly earlySweeps: number;
  /** How long the machine computed: the clock of the lab goes on meanwhile. */
  readonly machineSeconds: number;
};

const FAULT: SimulatedFault = {
  remediation: 'pause-image',
  reason: 'SandboxImageMissing',
  repair: { kind: 'repairs', method: 'ecr', willRecur: false },
};
const Because = z.looseObject({ kind: z.string() });
const EARLY_ID = /-e\d+-\w+$/;
const MINUTE_MS = 60_000;
/** The schedule's default, which the lab's configuration does not change. */
const SWEEP_MINUTES = 30;
const GROUP_NODES = 40;

const sorted = (numbers: readonly number[]): readonly number[] => numbers.toSorted((a, b) => a - b);
const isOf = (own: Invocation, { instanceId }: SimulatedNode): boolean => own.instanceId === instanceId;

type Fault = { readonly node: SimulatedNode; readonly at: number };

const groupOf = ({ tags }: SimulatedNode): string => tags['eks:nodegroup-name'] ?? '';

/** Which nodes break, each once, and when: bursts at random times, each among the nodes of one node group. */
const faultsOf = (scene: SweepScene, nodes: readonly SimulatedNode[], from: number, random: () => number): Fault[] => {
  const drawn = nodes.map((node) => ({ node, order: random() })).toSorted((a, b) => a.order - b.order);
  const groups = [...Map.groupBy(drawn, ({ node }) => groupOf(node)).values()];
  const bursts = groups.flatMap((own) =>
    Array.from({ length: Math.floor(own.length / scene.burstNodes) }, (_, i) => ({
      nodes: own.slice(i * scene.burstNodes, (i + 1) * scene.burstNodes),
      order: random(),
    })),
  );
  return bursts
    .toSorted((a, b) => a.order - b.order)
    .slice(0, Math.floor(scene.faults / scene.burstNodes))
    .flatMap((burst) => {
      const begin = from + random() * scene.hours * 60 * MINUTE_MS;
      return burst.nodes.map(({ node }) => ({ node, at: begin + random() * scene.burstMinutes * MINUTE_MS }));
    });
};

/** Breaks nodes at random times, each once and without a log line, and measures how long each is broken. */
export const measureSweeps = async (scene: SweepScene): Promise<SweepFigures> => {
  const random = createRandom(scene.seed);
  const clock = createClock({ skipIdle: true });
  const fleet = {
    clock,
    seed: scene.seed,
    cluster: LAB_CLUSTER,
    count: scene.nodes,
    offlineRate: 0,
    nodesPerNodegroup: GROUP_NODES,
  };
  const nodes = createSimulatedFleet(fleet);
  const config = { ...labConfig(), sweepMinutes: SWEEP_MINUTES };
  const lab = await bootLab({ ...synthLab(config), nodes, clock, seed: scene.seed, ...LAB_ENVIRONMENT });
  try {
    const startedMs = Date.now();
    // The first sweep is over before the first fault: a fault is found by the sweep after it.
    const from = lab.now() + 2 * SWEEP_MINUTES * MINUTE_MS;
    const faults = faultsOf(scene, nodes, from, random);
    for (const { node, at } of faults) clock.at(at, () => node.breakWith(FAULT), { background: true });
    const until = from + (scene.hours * 60 + 3 * SWEEP_MINUTES) * MINUTE_MS;
    while (lab.now() < until) await lab.advance(Math.min(MINUTE_MS, until - lab.now()));
    await lab.idle();

    const repairs = lab.commands.all().filter((command) => command.document.name.includes('-pause-image-repair-'));
    /** The first repair of a node since its fault: when it was sent, and when it ended, in seconds after the fault. */
    const firstRepair = ({ node, at }: (typeof faults)[number]) =>
      repairs
        .filter(({ requestedAt, invocations }) => requestedAt >= at && invocations.some((own) => isOf(own, node)))
        .map(({ requestedAt, invocations }) => {
          const { endedAt = Number.NaN } = invocations.find((own) => isOf(own, node))?.history.at(-1) ?? {};
          return { sent: (requestedAt - at) / 1000, ended: (endedAt - at) / 1000 };
        })
        .toSorted((one, other) => one.sent - other.sent)
        .slice(0, 1);
    const found = faults.flatMap(firstRepair);
    const runs = await ask(lab, { query: 'runs', cluster: LAB_CLUSTER });
    const sweeps = runs.filter(({ because }) => Because.safeParse(because).data?.kind === 'sweep');
    const early = runs.filter(({ runId }) => EARLY_ID.test(String(runId)));
    return {
      scene,
      sweepMinutes: SWEEP_MINUTES,
      sent: sorted(found.map(({ sent }) => sent)),
      repaired: sorted(found.map(({ ended }) => ended)),
      left: faults.filter(({ node }) => node.faults().length > 0).length,
      sweeps: sweeps.length,
      earlySweeps: early.length,
      machineSeconds: Math.round((Date.now() - startedMs) / 1000),
    };
  } finally {
    await lab.stop();
  }
};

const USAGE = `usage: node test/bench/sweep-detection.ts [OPTION...]
Breaks simulated nodes at random times, without a log line, and prints how long they were broken: sweeps alone find them.
  --nodes N    nodes of the cluster (240)
  --faults N   nodes that break, each once (200)
  --hours N    the time over which they break (12)
  --seed N     of the nodes, the times and the lab (1)
  --burst-nodes N, --burst-minutes N
               so many nodes of one node group break within so many minutes (1, 0)`;

// Not import.meta.main, which Node 24 knows from 24.2 on only.
if (process.argv[1] === import.meta.filename) {
  const { values } = readWords(USAGE, {
    nodes: { type: 'string', default: '240' },
    faults: { type: 'string', default: '200' },
    hours: { type: 'string', default: '12' },
    seed: { type: 'string', default: '1' },
    'burst-nodes': { type: 'string', default: '1' },
    'burst-minutes': { type: 'string', default: '0' },
  });
  const { sent, repaired, ...figures } = await measureSweeps({
    nodes: Number(values.nodes),
    faults: Number(values.faults),
    hours: Number(values.hours),
    seed: Number(values.seed),
    burstNodes: Number(values['burst-nodes']),
    burstMinutes: Number(values['burst-minutes']),
  });
  const shares = { p50: 0.5, p95: 0.95, most: 1 };
  const of = (numbers: readonly number[]) =>
    Object.fromEntries(Object.entries(shares).map(([name, share]) => [name, Math.round(quantile(numbers, share))]));
  console.log(
    JSON.stringify({ ...figures, repaired: repaired.length, untilSent: of(sent), untilRepaired: of(repaired) }),
  );
  process.exit(0);
}
