import { createClock } from '../../lab/aws/clock.ts';
import type { LabOptions } from '../../lab/aws/lab.ts';
import { bootLab } from '../../lab/boot.ts';
import { createSimulatedFleet } from '../../lab/sim/fleet.ts';
import { LAB_CLUSTER, LAB_ENVIRONMENT, LAB_LOG_GROUP, type LabAssembly, synthLab } from '../../lab/synth.ts';
import { faultLine } from '../e2e/fault-line.ts';
import { firstEditionAssembly } from './first-edition.ts';
import { median } from './statistics.ts';

/** How long the first fault of a cluster takes from its log line to SendCommand, with functions that have never run. */
export type FirstFaultFigures = {
  readonly rounds: number;
  /** The nodes of the two clusters. */
  readonly small: number;
  readonly large: number;
  /** Medians by edition and cluster, in milliseconds. */
  readonly ms: Readonly<Record<Scene, number>>;
  /** Medians of the quotients within a round. */
  readonly overFirstEdition: number;
  readonly largeOverSmall: number;
};

const SCENES = ['first edition', 'first edition, large', 'this edition', 'this edition, large'] as const;
type Scene = (typeof SCENES)[number];

const PATIENCE_MS = 120_000;

/** The first edition let `logs.amazonaws.com` invoke its function in every partition; the lab has learned that China has another one. */
const withLogsOfChina: LabOptions['edit'] = (template) =>
  JSON.parse(JSON.stringify(template).replaceAll('"logs.amazonaws.com"', '"logs.amazonaws.com.cn"'));

/** The milliseconds from the delivery of a log line to SendCommand in a lab that has just been booted. */
const firstFaultMs = async (assembly: LabAssembly, count: number): Promise<number> => {
  const clock = createClock();
  const nodes = createSimulatedFleet({ clock, seed: 7, cluster: LAB_CLUSTER, count, offlineRate: 0 });
  const lab = await bootLab({ ...assembly, ...LAB_ENVIRONMENT, clock, nodes, edit: withLogsOfChina });
  try {
    const [node] = nodes;
    if (node === undefined) throw new Error('measuring the first fault: the cluster has no node');
    const sent = new Promise<number>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`measuring the first fault: no repair was sent within ${PATIENCE_MS / 1000} s`)),
        PATIENCE_MS,
      );
      lab.onEvent((event) => {
        if (event.kind !== 'command-sent' || !event.instanceIds.includes(node.instanceId)) return;
        clearTimeout(timer);
        resolve(event.at);
      });
    });
    const at = lab.now();
    const stream = `${node.privateDnsName}-dataplane.systemd.containerd.service`;
    await lab.putLogEvents(LAB_LOG_GROUP, stream, [faultLine(node, at)]);
    return (await sent) - at;
  } finally {
    await lab.stop();
  }
};

/**
 * Measures the first fault in a small and in a large cluster, for this edition and for the first one, all four in turns in the
 * same lab. Undefined with a reason where the first edition cannot be built.
 */
export const measureFirstFault = async (
  rounds: number,
  small = 20,
  large = 10_000,
): Promise<
  { readonly ok: true; readonly figures: FirstFaultFigures } | { readonly ok: false; readonly why: string }
> => {
  const first = firstEditionAssembly();
  if (!first.ok) return first;
  const own = synthLab();
  const taken: Record<Scene, number>[] = [];
  for (let round = 0; round < rounds; round++) {
    taken.push({
      'first edition': await firstFaultMs(first.assembly, small),
      'this edition': await firstFaultMs(own, small),
      'this edition, large': await firstFaultMs(own, large),
      'first edition, large': await firstFaultMs(first.assembly, large),
    });
  }
  const of = (value: (round: Record<Scene, number>) => number): number => median(taken.map(value));
  const figures = {
    ...{ rounds, small, large },
    ms: Object.fromEntries(SCENES.map((scene) => [scene, of((ms) => ms[scene])])) as Record<Scene, number>,
    overFirstEdition: of((ms) => ms['this edition'] / ms['first edition']),
    largeOverSmall: of((ms) => ms['this edition, large'] / ms['this edition']),
  };
  return { ok: true, figures };
};
