import { defined } from '../../core/model/defined.ts';
import { FUNCTION_NAMES, type FunctionName } from '../../infra/bundle.ts';
import type { Lab } from '../../lab/aws/lab.ts';
import type { CallRecord, LabEvent } from '../../lab/aws/lab-event.ts';
import type { PartitionLoad } from '../../lab/aws/partition-load.ts';
import type { LabAssembly } from '../../lab/synth.ts';
import { faultLine } from './fault-line.ts';
import { logGroupOf, openScene, REPAIRABLE, type Scene } from './support.ts';

/** A storm: every node of a cluster logs its fault repeatedly until it is repaired. */
export type StormSize = {
  readonly nodes: number;
  readonly minutes: number;
  /** The lab's seconds for a second of the wall: far below 1, what the machine computes does not lengthen the storm. */
  readonly speed: number;
};

/** The cost of a storm, in units that AWS bills or throttles. */
export type StormFigures = StormSize & {
  /** Lines that nodes wrote, each a subscription message of its own stream. */
  readonly lines: number;
  /** Invocations by function. */
  readonly invocations: Readonly<Partial<Record<FunctionName, number>>>;
  /** Events that log-classifier put on the bus. */
  readonly symptoms: number;
  /** Calls by service and operation. */
  readonly calls: Readonly<Record<string, number>>;
  /** Calls of the table by function, operation and kind of row, for each node: the most first, and no small ones. */
  readonly tableCallsOfNode: Readonly<Record<string, number>>;
  /** All calls of the table, for each node. */
  readonly allTableCallsOfNode: number;
  /** The partitions of the table, or of an index, with the most write units in a second: the most first. */
  readonly busiestPartitions: readonly Pick<
    PartitionLoad,
    'partition' | 'index' | 'peakWrites' | 'writeUnits' | 'throttled'
  >[];
  /** The most EC2 calls within ten seconds. */
  readonly ec2InTenSeconds: number;
  /** Nodes that still had the fault at the end. */
  readonly lost: number;
  /** Nodes that got a second check. */
  readonly checkedAgain: number;
  /** Nodes that got another number of repairs than one. */
  readonly notOnce: readonly string[];
};

const LINE_EVERY_MS = 10_000;
const CLUSTER = 'storm';
const STACK = 'fleetmend-';
/** Calls a node below which a kind of call is not told. */
const FEW = 0.02;

const countBy = <T>(items: readonly T[], key: (item: T) => string): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const item of items) counts[key(item)] = (counts[key(item)] ?? 0) + 1;
  return counts;
};

const tableCallsOfNode = (calls: readonly CallRecord[], { nodes }: StormSize): Record<string, number> => {
  const ofTable = calls.filter(({ service }) => service === 'dynamodb');
  const counts = countBy(ofTable, ({ functionName = '', operation, about = '', error }) =>
    [functionName.replace(STACK, ''), operation, about, error].filter((part) => part !== undefined).join(' '),
  );
  const ofNode = Object.entries(counts).map(([name, n]) => [name, Math.round((100 * n) / nodes) / 100] as const);
  return Object.fromEntries(ofNode.filter(([, n]) => n >= FEW).toSorted(([, a], [, b]) => b - a));
};

/** Partitions that are told. */
const BUSIEST = 5;

const busiestOf = (loads: readonly PartitionLoad[]): StormFigures['busiestPartitions'] =>
  loads.slice(0, BUSIEST).map(({ partition, index, peakWrites, writeUnits, throttled }) => ({
    ...{ partition, peakWrites, writeUnits, throttled },
    ...defined({ index }),
  }));

/** The most of these calls in any ten seconds of the lab's time. */
const mostInTenSeconds = (calls: readonly CallRecord[]): number => {
  const times = calls.map((c) => c.at).toSorted((a, b) => a - b);
  let first = 0;
  let most = 0;
  for (const [last, at] of times.entries()) {
    while (at - (times[first] ?? at) >= 10_000) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
};

/**
 * One line of every broken node every ten seconds, each in a message of its own: CloudWatch Logs delivers what one
 * stream got within a few seconds, and never two streams together.
 */
const logFaults = async (scene: Scene, lab: Lab, { nodes, minutes }: StormSize): Promise<number> => {
  const fleet = scene.addNodes(CLUSTER, nodes, { faultOf: () => REPAIRABLE });
  let lines = 0;
  for (let gone = 0; gone < minutes * 60_000; gone += LINE_EVERY_MS) {
    for (const node of fleet) {
      if (node.faults().length === 0) continue;
      const stream = `${node.privateDnsName}-${node.instanceId}-dataplane.systemd.containerd.service`;
      await lab.putLogEvents(logGroupOf(CLUSTER), stream, [faultLine(node, lab.now())]);
      lines++;
    }
    await lab.advance(LINE_EVERY_MS);
  }
  return lines;
};

/** Runs a storm through the lab with simulated nodes, to the end of the last repair, and counts. */
export const runStorm = async (assembly: LabAssembly, size: StormSize): Promise<StormFigures> => {
  const scene = await openScene(assembly, { seed: 11, speed: size.speed });
  const { lab } = scene;
  const ends: Extract<LabEvent, { kind: 'function-end' }>[] = [];
  let symptoms = 0;
  lab.onEvent((event) => {
    if (event.kind === 'function-end') ends.push(event);
    if (event.kind === 'event' && event.source === 'fleetmend.logs') symptoms++;
  });
  try {
    const lines = await logFaults(scene, lab, size);
    await scene.drain(600);
    const calls = lab.calls.filter((c) => c.functionName !== undefined && c.functionName !== 'fleetmend-audit-query');
    const nodes = lab.nodes.all();
    const broken = nodes.filter(
      (n) => 'faults' in n && (n as { faults: () => readonly unknown[] }).faults().length > 0,
    );
    const notOnce = nodes.filter((n) => scene.chronicle.repairsOf(n.instanceId).length !== 1);
    const unwanted = [...scene.chronicle.violations, ...scene.chronicle.denials, ...scene.chronicle.lost];
    if (unwanted.length > 0) throw new Error(`the storm broke a promise: ${unwanted.slice(0, 5).join('; ')}`);
    return {
      ...size,
      lines,
      symptoms,
      invocations: Object.fromEntries(
        FUNCTION_NAMES.map((name) => [name, ends.filter((e) => e.functionName === `fleetmend-${name}`).length]),
      ),
      calls: countBy(calls, (c) => `${c.service}:${c.operation}`),
      tableCallsOfNode: tableCallsOfNode(calls, size),
      allTableCallsOfNode: calls.filter(({ service }) => service === 'dynamodb').length / size.nodes,
      busiestPartitions: busiestOf(lab.tableLoad()),
      ec2InTenSeconds: mostInTenSeconds(calls.filter((c) => c.service === 'ec2')),
      checkedAgain: nodes.filter(
        (n) => new Set(scene.chronicle.checksOf(n.instanceId).map(({ runId }) => runId)).size > 1,
      ).length,
      lost: broken.length,
      notOnce: notOnce.map((n) => n.instanceId),
    };
  } finally {
    await lab.stop();
  }
};
