import pMap from 'p-map';
import { createClock } from '../../lab/aws/clock.ts';
import type { Lab } from '../../lab/aws/lab.ts';
import { createRandom } from '../../lab/aws/random.ts';
import { bootLab } from '../../lab/boot.ts';
import { failSlowly, fleetInstanceId } from '../../lab/sim/fleet.ts';
import { FLEET_LATENCY, type Latency } from '../../lab/sim/latency.ts';
import { createSimulatedNode, type SimulatedNode } from '../../lab/sim/node.ts';
import type { SimulatedFault } from '../../lab/sim/result.ts';
import { LAB_CLUSTER, LAB_ENVIRONMENT, labConfig, synthLab } from '../../lab/synth.ts';
import { accepted } from '../support/answers.ts';
import { ask, endsOf, type NodeEnd } from './fleet-report.ts';
import { countBy } from './statistics.ts';

type LabLimits = NonNullable<Parameters<typeof labConfig>[0]>;

/** The fleet of one repair, and the limits under which it runs. */
export type RepairScene = {
  /** The nodes of each cluster. */
  readonly nodes: number;
  /** One cluster by default. */
  readonly clusters?: number;
  readonly seed: number;
  readonly limits?: LabLimits;
  /** Nodes that SSM shows as online and that never answer, by their place in the fleet; 1 % of the others besides. */
  readonly silent?: readonly number[];
  readonly latency?: Latency;
  /** The document fails on this share of the nodes, so long after its start. */
  readonly failure?: { readonly share: number; readonly afterMs: number };
  /** The repair is given up as not ending after so many minutes of the lab's time. */
  readonly patienceMinutes?: number;
};

/** The cost of one repair of a fleet. */
export type RepairFigures = {
  readonly seed: number;
  /** Lab seconds from the request to the last result, and to the last sending. */
  readonly seconds: number;
  readonly lastSendSeconds: number;
  readonly ssmCallsPerNode: number;
  /** SSM's calls by operation. */
  readonly calls: Readonly<Record<string, number>>;
  /** How many silent nodes were canaries: a command went to them alone before one went to several nodes. */
  readonly silentCanaries: number;
  /** The number of nodes by outcome; a node without a result is `none`. */
  readonly ends: Readonly<Record<string, number>>;
  /** How many nodes the document reached. */
  readonly reached: number;
  /** The most nodes that ran it at the same time. */
  readonly mostAtOnce: number;
  /** Whether nothing was open at the end. */
  readonly hasEnded: boolean;
};

const REPAIRS: SimulatedFault = {
  remediation: 'pause-image',
  reason: 'SandboxImageMissing',
  repair: { kind: 'repairs', method: 'ecr', willRecur: false },
};
/** A reason for which the repair itself is to blame. */
const ATTRIBUTABLE = 'SandboxImageMissing';
const SILENT_RATE = 0.01;
const MINUTE_MS = 60_000;
const NODES_PER_NODEGROUP = 450;
/** Requests at once: each is a process of this machine, which starts while the lab's time goes on. */
const COPIES = 4;

const repairsOf = (lab: Lab) => lab.commands.all().filter((c) => c.document.name.includes('-pause-image-repair-'));

const endOf = (row: NodeEnd | undefined): string => {
  if (row === undefined) return 'none';
  return row.skipReason === undefined ? row.outcome : `${row.outcome} ${row.skipReason}`;
};

const clusterNames = ({ clusters = 1 }: RepairScene): readonly string[] =>
  Array.from({ length: clusters }, (_, i) => (i === 0 ? LAB_CLUSTER : `${LAB_CLUSTER}-${i}`));

const fleetOf = (
  scene: RepairScene,
  cluster: string,
  clock: ReturnType<typeof createClock>,
): readonly SimulatedNode[] => {
  const random = createRandom(scene.seed + cluster.length);
  return Array.from({ length: scene.nodes }, (_, index) => {
    const isSilent = scene.silent?.includes(index) === true || (scene.silent !== undefined && random() < SILENT_RATE);
    return createSimulatedNode({
      instanceId: fleetInstanceId(cluster, index),
      cluster,
      clock,
      random: createRandom(Math.floor(random() * 0xffff_ffff)),
      nodegroup: `workers-${Math.floor(index / NODES_PER_NODEGROUP)}`,
      faults: [REPAIRS],
      latency: scene.latency ?? FLEET_LATENCY,
      offline: isSilent,
      pings: isSilent,
    });
  });
};

/** The largest number of nodes that ran a repair at once, by the times that SSM shows. */
const mostAtOnce = (lab: Lab): number => {
  const changes = repairsOf(lab)
    .flatMap((command) => command.invocations.map(({ history }) => history.at(-1)))
    .flatMap((view) =>
      view?.startedAt === undefined
        ? []
        : [
            { at: view.startedAt, by: 1 },
            { at: view.endedAt ?? Number.POSITIVE_INFINITY, by: -1 },
          ],
    )
    .toSorted((a, b) => a.at - b.at || a.by - b.by);
  let [now, most] = [0, 0];
  for (const { by } of changes) {
    now += by;
    most = Math.max(most, now);
  }
  return most;
};

const silentCanaries = (lab: Lab, nodes: readonly SimulatedNode[]): number => {
  const hasRun = new Set(nodes.flatMap((node) => (node.runs.length > 0 ? [node.instanceId] : [])));
  const sizes = repairsOf(lab).toSorted((a, b) => a.requestedAt - b.requestedAt);
  const wide = sizes.findIndex(({ invocations }) => invocations.length > 1);
  const canaries = sizes.slice(0, wide === -1 ? undefined : wide).flatMap(({ invocations }) => invocations);
  return canaries.filter(({ instanceId }) => !hasRun.has(instanceId)).length;
};

/** Asks for a repair of whole clusters, and lets the lab's time go on until nothing is open. */
const repairAll = async (lab: Lab, clusters: readonly string[], patienceMinutes: number): Promise<boolean> => {
  const request = { action: 'repair', remediation: 'pause-image', requestedBy: 'bench', reason: 'bench' };
  await pMap(
    clusters,
    async (cluster) => accepted(await lab.invoke('fleetmend-operator-api', { ...request, cluster })),
    { concurrency: COPIES },
  );
  for (let minute = 0; minute < patienceMinutes; minute++) {
    await lab.idle();
    if ((await ask(lab, { query: 'open' })).length === 0) return true;
    await lab.advance(MINUTE_MS);
  }
  return false;
};

const configOf = (scene: RepairScene): ReturnType<typeof labConfig> => {
  const config = labConfig(scene.limits);
  const [first] = config.clusters ?? [];
  if (first === undefined) throw new Error('measuring a repair: the configuration of the lab has no cluster');
  const clusters = clusterNames(scene).map((name, i) => (i === 0 ? first : { ...first, name, logGroups: [] }));
  return { ...config, clusters };
};

/** Repairs simulated clusters, all of whose nodes are broken, in a lab of their own. */
export const measureRepair = async (scene: RepairScene): Promise<RepairFigures> => {
  const clock = createClock({ skipIdle: true });
  const clusters = clusterNames(scene);
  const nodes = clusters.flatMap((cluster) => fleetOf(scene, cluster, clock));
  if (scene.failure !== undefined)
    failSlowly(nodes, { documentName: 'pause-image-repair', reason: ATTRIBUTABLE, seed: scene.seed, ...scene.failure });
  const lab = await bootLab({ ...synthLab(configOf(scene)), nodes, clock, seed: scene.seed, ...LAB_ENVIRONMENT });
  try {
    const startedAt = lab.now();
    const from = lab.calls.length;
    const hasEnded = await repairAll(lab, clusters, scene.patienceMinutes ?? 240);
    const calls = lab.calls.slice(from).filter((c) => c.functionName !== 'fleetmend-audit-query');
    const ssm = calls.filter((c) => c.service === 'ssm');
    const rows: NodeEnd[] = [];
    for (const cluster of clusters) rows.push(...(await endsOf(lab, cluster)));
    // A node that one run left to the next one is skipped there and has its result here: the last one counts.
    const last = new Map(rows.map((row) => [row.instanceId, row]));
    const repairs = repairsOf(lab);
    const secondsTo = (times: readonly number[]): number => (Math.max(startedAt, ...times) - startedAt) / 1000;
    return {
      seed: scene.seed,
      seconds: secondsTo([...last.values()].map((row) => Date.parse(row.at))),
      lastSendSeconds: secondsTo(repairs.map((c) => c.requestedAt)),
      calls: countBy(ssm, ({ operation }) => operation),
      silentCanaries: silentCanaries(lab, nodes),
      ssmCallsPerNode: ssm.length / nodes.length,
      ends: countBy(nodes, ({ instanceId }) => endOf(last.get(instanceId))),
      reached: nodes.filter((node) => node.runs.some((run) => run.documentName.includes('-repair-'))).length,
      mostAtOnce: mostAtOnce(lab),
      hasEnded,
    };
  } finally {
    await lab.stop();
  }
};
