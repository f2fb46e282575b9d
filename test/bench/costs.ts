import type { Lab } from '../../lab/aws/lab.ts';
import type { LabEvent } from '../../lab/aws/lab-event.ts';
import { createRandom } from '../../lab/aws/random.ts';
import { createSimulatedNode } from '../../lab/sim/node.ts';
import { logGroupOf, openScene, REPAIRABLE, type Scene, synthScene } from '../e2e/support.ts';
import { accepted } from '../support/answers.ts';
import { withCheckParts } from '../support/check-parts.ts';
import { costOf } from './list-prices.ts';
import { countBy } from './statistics.ts';

/** The work of the pipeline for one way of detection, counted in the lab. */
export type Bill = {
  readonly invocations: number;
  /** As long as they took on this machine; Lambda's own processors are about as fast. */
  readonly gigabyteSeconds: number;
  readonly customEvents: number;
  readonly standardCalls: number;
  readonly fifoCalls: number;
  /** Write units as the lab's table meters them: copies in indexes included, those of transactions twice. */
  readonly writeUnits: number;
  /** Writes as calls: what a sweep's aim is told in. */
  readonly writes: number;
  /** Read units, metered too. */
  readonly readUnits: number;
  readonly logBytes: number;
  readonly freeCalls: number;
};

const CLUSTER = 'costs';
const MEMORY_GIGABYTES = 0.5;
/** The poller of an event source receives and deletes; ten messages a call at best, one at worst. */
const POLLS_PER_SEND = 2;
const WRITES: ReadonlySet<string> = new Set(['PutItem', 'UpdateItem', 'DeleteItem', 'TransactWriteItems']);

/** What the tables and indexes of a lab have taken so far. */
const unitsOf = (lab: Lab) =>
  lab.tableLoad().reduce((sum, load) => ({ writes: sum.writes + load.writeUnits, reads: sum.reads + load.readUnits }), {
    writes: 0,
    reads: 0,
  });

/** Units by what a partition's name begins with, and by the index: what the rows of each kind cost. */
const unitsByKind = (lab: Lab): Readonly<Record<string, { readonly writes: number; readonly reads: number }>> => {
  const kinds = Map.groupBy(lab.tableLoad(), ({ partition, index }) =>
    [index, partition.replace(/#.*/s, '')].filter((part) => part !== undefined).join(' '),
  );
  const sums = [...kinds].map(([kind, loads]) => {
    const writes = loads.reduce((sum, load) => sum + load.writeUnits, 0);
    const reads = loads.reduce((sum, load) => sum + load.readUnits, 0);
    return [kind, { writes, reads }] as const;
  });
  return Object.fromEntries(sums.toSorted(([, a], [, b]) => b.writes - a.writes));
};

/** Counts what happens in a lab while something is done. */
const billOf = async (lab: Lab, work: () => Promise<void>): Promise<Bill> => {
  const from = lab.calls.length;
  const before = unitsOf(lab);
  const ends: Extract<LabEvent, { kind: 'function-end' }>[] = [];
  let logBytes = 0;
  let queued = 0;
  const off = lab.onEvent((event) => {
    if (event.kind === 'function-end' && event.functionName !== 'fleetmend-audit-query') ends.push(event);
    if (event.kind === 'function-log') logBytes += event.line.length;
    // What rules bring to the queues of signals and of progress: SQS bills the sends of EventBridge to the account.
    if (event.kind === 'event') queued += event.rules.filter((rule) => !/notice|sweep|overdue/i.test(rule)).length;
  });
  await work();
  off();
  const after = unitsOf(lab);
  const calls = lab.calls
    .slice(from)
    .filter((c) => c.functionName !== undefined && c.functionName !== 'fleetmend-audit-query');
  const of = (service: string) => calls.filter((c) => c.service === service);
  const writes = of('dynamodb').filter((c) => WRITES.has(c.operation));
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const sends = of('sqs').length;
  const events = sum(of('events').map((c) => c.items ?? 1));
  return {
    invocations: ends.length,
    gigabyteSeconds: (sum(ends.map((e) => e.wallMs)) / 1000) * MEMORY_GIGABYTES,
    customEvents: events,
    standardCalls: queued * (1 + POLLS_PER_SEND),
    fifoCalls: sends * (1 + POLLS_PER_SEND),
    writes: writes.length,
    writeUnits: after.writes - before.writes,
    readUnits: after.reads - before.reads,
    logBytes,
    freeCalls: of('ec2').length + of('ssm').length + of('eks').length,
  };
};

/** Dollars of a bill at list prices. */
export const dollarsOf = (bill: Bill): number =>
  costOf('lambdaPerRequest', bill.invocations) +
  costOf('lambdaPerGigabyteSecond', bill.gigabyteSeconds) +
  costOf('eventPerPut', bill.customEvents) +
  costOf('sqsPerStandardCall', bill.standardCalls) +
  costOf('sqsPerFifoCall', bill.fifoCalls) +
  costOf('dynamoPerWriteUnit', bill.writeUnits) +
  costOf('dynamoPerReadUnit', bill.readUnits) +
  costOf('logsPerGigabyte', bill.logBytes / 1e9);

/** The cost of each way of detection, once. */
export type HearingCosts = {
  readonly nodes: number;
  readonly sweep: Bill;
  readonly idleHour: Bill;
  readonly lines: { readonly count: number; readonly bill: Bill };
  readonly newNodes: { readonly count: number; readonly bill: Bill };
  readonly alarm: Bill;
};

const SOME = 50;

/** Lines that pass the filter pattern without a fault that fleetmend handles: a subnet without addresses. */
const otherLines = async (
  { lab }: Scene,
  nodes: readonly { readonly instanceId: string; readonly privateDnsName: string }[],
) => {
  const error =
    'failed to setup network for sandbox "0a1b": plugin type="aws-cni" name="aws-cni" failed (add): add cmd: failed to assign an IP address to container';
  for (const { instanceId, privateDnsName } of nodes) {
    const record = {
      hostname: privateDnsName,
      systemd_unit: 'containerd.service',
      message: `time="${new Date(lab.now()).toISOString()}" level=error msg="RunPodSandbox for &PodSandboxMetadata{Name:web,Uid:1,Namespace:default,Attempt:0,} failed, error" error=${JSON.stringify(error)}`,
      ec2_instance_id: instanceId,
    };
    await lab.putLogEvents(logGroupOf(CLUSTER), `${instanceId}-dataplane`, [JSON.stringify(record)]);
  }
  await lab.settle();
};

/** One sweep, or one repair: its bill, its calls of SSM, and how many rows of each kind are in the table after it. */
export type SweepFigures = {
  readonly nodes: number;
  readonly bill: Bill;
  /** By operation, throttled calls too. */
  readonly ssm: Readonly<Record<string, number>>;
  readonly throttled: number;
  readonly rows: ReadonlyMap<string, number>;
  /** Units of the table by the kind of row, since the start of the lab. */
  readonly units: ReturnType<typeof unitsByKind>;
};

const ssmOf = (lab: Lab): Pick<SweepFigures, 'ssm' | 'throttled'> => {
  const ssm = lab.calls.filter((c) => c.service === 'ssm' && c.functionName !== undefined);
  return {
    ssm: countBy(ssm, (c) => c.operation),
    throttled: ssm.filter((c) => c.error === 'ThrottlingException').length,
  };
};

const rowsOf = async (scene: Scene): Promise<SweepFigures['rows']> => {
  const kinds = (await scene.items()).map(({ pk, sk }) => `${pk.split('#')[0]} ${sk.split('#')[0]}`);
  return new Map([...Map.groupBy(kinds, (kind) => kind)].map(([kind, all]) => [kind, all.length]));
};

/** Counts one sweep over healthy nodes, in a lab that runs no other; `node-check` as it is built, or in so many documents. */
export const measureSweep = async (nodes: number, parts?: number): Promise<SweepFigures> => {
  const documents = parts === undefined ? undefined : withCheckParts(parts);
  const assembly = synthScene([{ name: CLUSTER, sweeps: true }], {}, { alarms: false }, documents);
  const scene = await openScene(assembly, { seed: 3 });
  try {
    scene.addNodes(CLUSTER, nodes);
    const bill = await billOf(scene.lab, async () => {
      scene.lab.invokeAsync('fleetmend-scheduler', { kind: 'sweep', everyMinutes: 5 });
      await scene.drain();
    });
    return { nodes, bill, ...ssmOf(scene.lab), rows: await rowsOf(scene), units: unitsByKind(scene.lab) };
  } finally {
    await scene.lab.stop();
  }
};

/** Counts a repair of a whole cluster of broken nodes that an operator asks for. */
export const measureRepairBill = async (nodes: number): Promise<SweepFigures> => {
  const scene = await openScene(synthScene([{ name: CLUSTER }], {}, { alarms: false }), { seed: 3 });
  const { lab } = scene;
  try {
    scene.addNodes(CLUSTER, nodes, { faultOf: () => REPAIRABLE });
    const bill = await billOf(lab, async () => {
      const request = { action: 'repair', cluster: CLUSTER, remediation: 'pause-image', reason: 'costs' };
      accepted(await lab.invoke('fleetmend-operator-api', { ...request, requestedBy: 'costs' }));
      await scene.drain();
    });
    return { nodes, bill, ...ssmOf(lab), rows: await rowsOf(scene), units: unitsByKind(lab) };
  } finally {
    await lab.stop();
  }
};

/** Counts all of it on a simulated cluster of healthy nodes. */
export const measureHearing = async (nodes: number): Promise<HearingCosts> => {
  const { bill: sweep } = await measureSweep(nodes);
  const scene = await openScene(synthScene([{ name: CLUSTER }]), { seed: 3 });
  const { lab, clock } = scene;
  try {
    const fleet = scene.addNodes(CLUSTER, nodes);
    const alarmed = () =>
      lab.putEvent({
        source: 'aws.eks',
        detailType: 'AWS API Call via CloudTrail',
        detail: {
          eventSource: 'eks.amazonaws.com',
          eventName: 'UpdateNodegroupVersion',
          requestParameters: { name: CLUSTER },
        },
      });
    const alarm = await billOf(lab, async () => {
      alarmed();
      await scene.drain();
    });
    const idleHour = await billOf(lab, () => lab.advance(3_600_000));
    const lines = await billOf(lab, () => otherLines(scene, fleet.slice(0, SOME)));
    const young = Array.from({ length: SOME }, (_, i) =>
      createSimulatedNode({
        instanceId: `i-0fffffff${i.toString(16).padStart(9, '0')}`,
        cluster: CLUSTER,
        clock,
        random: createRandom(i + 1),
      }),
    );
    lab.nodes.add(...young);
    const newNodes = await billOf(lab, async () => {
      for (const { instanceId } of young) {
        const detail = { 'instance-id': instanceId, state: 'running' };
        lab.putEvent({ source: 'aws.ec2', detailType: 'EC2 Instance State-change Notification', detail });
        const launched = { EC2InstanceId: instanceId, AutoScalingGroupName: 'workers' };
        lab.putEvent({ source: 'aws.autoscaling', detailType: 'EC2 Instance Launch Successful', detail: launched });
        await lab.advance(120_000);
      }
      await scene.drain();
    });
    return {
      nodes,
      sweep,
      idleHour,
      lines: { count: SOME, bill: lines },
      newNodes: { count: SOME, bill: newNodes },
      alarm,
    };
  } finally {
    await lab.stop();
  }
};
