import { setTimeout as delay } from 'node:timers/promises';
import type { Lab } from '../../lab/aws/lab.ts';
import type { LabEvent } from '../../lab/aws/lab-event.ts';
import { bootLab } from '../../lab/boot.ts';
import { createTimelines, HOPS, type Hop, type Timeline } from '../../lab/demo/timeline.ts';
import { startRealFleet } from '../../lab/real/fleet.ts';
import { followJournal, logStreamOf, toFluentBitRecord } from '../../lab/real/journal.ts';
import type { RealNode } from '../../lab/real/node.ts';
import { LAB_CLUSTER, LAB_ENVIRONMENT, LAB_LOG_GROUP, synthLab } from '../../lab/synth.ts';

/** One step of a timeline: its duration, and the part in which functions of fleetmend ran. */
export type HopFigures = {
  readonly what: string;
  readonly wallMs: number;
  /** Time in which at least one of the pipeline's functions ran. */
  readonly processingMs: number;
};

/** The timeline of one node, from the log line to its result in the audit table. */
export type HopsFigures = {
  readonly hops: readonly HopFigures[];
  readonly wallMs: number;
  readonly processingMs: number;
  /** How long the document ran on the node. */
  readonly documentMs: number;
};

type Span = { readonly from: number; readonly to: number };

const WAY: readonly Hop[] = ['logged', 'classified', 'queued', 'sent', 'started', 'ended', 'recorded'];
const PATIENCE_MS = 60_000;
const LOOK_AGAIN_MS = 50;

/** How much of a window the spans cover together; where two of them overlap the time counts once. */
export const coveredMs = (spans: readonly Span[], window: Span): number => {
  let covered = 0;
  let upTo = window.from;
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    const start = Math.max(from, upTo);
    const end = Math.min(to, window.to);
    if (end <= start) continue;
    covered += end - start;
    upTo = end;
  }
  return covered;
};

/** Splits a timeline into its steps, with the share of the functions; throws if a step was never reached. */
export const hopsOf = (timeline: Timeline, runs: readonly Span[]): HopsFigures => {
  const reached = WAY.map((hop) => {
    const at = timeline[hop];
    if (at === undefined) throw new Error(`measuring the hops: the node never came to "${hop}"`);
    return { hop, at };
  });
  const hops = reached.slice(1).map(({ hop, at }, i): HopFigures => {
    const before = reached[i]?.at ?? at;
    const isDocument = hop === 'ended';
    return {
      what: HOPS.find(([name]) => name === hop)?.[1] ?? hop,
      wallMs: at - before,
      // While the document runs, functions may run for other nodes; this one waits for its own.
      processingMs: isDocument ? 0 : coveredMs(runs, { from: before, to: at }),
    };
  });
  const sum = (of: (hop: HopFigures) => number): number => hops.reduce((total, hop) => total + of(hop), 0);
  return {
    hops,
    wallMs: sum((hop) => hop.wallMs),
    processingMs: sum((hop) => hop.processingMs),
    documentMs: (timeline.ended ?? 0) - (timeline.started ?? 0),
  };
};

/** Collects when functions ran, by the lab's clock (which is the wall's here). */
const followFunctions = (lab: Lab): readonly Span[] => {
  const starts = new Map<string, number>();
  const spans: Span[] = [];
  lab.onEvent((event: LabEvent) => {
    if (event.kind === 'function-start') starts.set(event.requestId, event.at);
    if (event.kind !== 'function-end') return;
    const from = starts.get(event.requestId);
    if (from !== undefined) spans.push({ from, to: event.at });
  });
  return spans;
};

const breakAndWait = async (node: RealNode, isRecorded: () => boolean): Promise<void> => {
  await node.breakNode('missing');
  const result = await node.runPodSandbox();
  if (result.ok) throw new Error(`measuring the hops: a pod starts on ${node.name}, which was broken`);
  const end = Date.now() + PATIENCE_MS;
  while (!isRecorded()) {
    if (Date.now() > end)
      throw new Error(`measuring the hops: ${node.name} has no result after ${PATIENCE_MS / 1000} s`);
    await delay(LOOK_AGAIN_MS);
  }
  const after = await node.runPodSandbox();
  if (!after.ok) throw new Error(`measuring the hops: ${node.name} was not repaired: ${after.error}`);
  await node.removeSandboxes();
};

/**
 * Breaks a real node while the lab's functions are warm (another node was repaired before it), and follows its way:
 * one failed pod, one log line, no hurry by kubelet's next tries.
 */
export const measureHops = async (): Promise<HopsFigures> => {
  const tools = { awsCli: false, credentialProvider: true };
  const fleet = await startRealFleet({
    nodes: [{ tools }, { tools }],
    cluster: LAB_CLUSTER,
    region: LAB_ENVIRONMENT.region,
    accountId: LAB_ENVIRONMENT.account,
  });
  try {
    const lab = await bootLab({ ...synthLab(), nodes: fleet.nodes, ...LAB_ENVIRONMENT });
    const timelines = createTimelines(() => undefined);
    lab.onEvent(timelines.listen);
    const spans = followFunctions(lab);
    const stops = await Promise.all(
      fleet.nodes.map((node) =>
        followJournal(node, (line) => {
          const record = { message: toFluentBitRecord(node, line), timestamp: line.timeMilliseconds };
          void lab.putLogEvents(LAB_LOG_GROUP, logStreamOf(node, line.unit), [record]);
        }),
      ),
    );
    try {
      for (const node of fleet.nodes) {
        await breakAndWait(node, () => timelines.of(node.instanceId).recorded !== undefined);
        await lab.idle();
      }
      return hopsOf(timelines.of(fleet.nodes[1]?.instanceId ?? ''), spans);
    } finally {
      await Promise.all(stops.map((stop) => stop()));
      await lab.stop();
    }
  } finally {
    await fleet.stop();
  }
};
