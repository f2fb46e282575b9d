import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CallFault } from '../../lab/aws/faults.ts';
import type { CallRecord } from '../../lab/aws/lab-event.ts';
import type { SimulatedNode } from '../../lab/sim/node.ts';
import { isDeep } from '../deep.ts';
import { sampleOf } from '../support/sample.ts';
import { MINUTE_MS, openScene, REPAIRABLE, type Scene, synthScene } from './support.ts';

/** Each case has its own cluster; the lab is replaced after this many cases. */
const CLUSTERS_PER_LAB = 24;
const assembly = synthScene(Array.from({ length: CLUSTERS_PER_LAB }, (_, i) => ({ name: `freeze-${i}` })));

/** So long that a command which a copy sends when it goes on would meet the next one. */
const REPAIR_MS = 50_000;
const COOL_DOWN_MS = 15 * MINUTE_MS;
/** Both are longer than the function's timeout and its queue's visibility timeout; the longer one outlives a signature. */
const FREEZES_MS = [4 * MINUTE_MS, 8 * MINUTE_MS] as const;
const FUNCTIONS = ['run-controller', 'command-tracker', 'scheduler'] as const;

let scene: Scene | undefined;
let used = 0;
const freshCluster = async (): Promise<{ readonly at: Scene; readonly cluster: string }> => {
  if (scene === undefined || used === CLUSTERS_PER_LAB) {
    await scene?.lab.stop();
    scene = await openScene(assembly);
    used = 0;
  }
  return { at: scene, cluster: `freeze-${used++}` };
};
afterAll(() => scene?.lab.stop());

/** Two broken nodes, to the end of all work; then on until a frozen copy has continued and its work has ended too. */
const breakTwo = async (at: Scene, cluster: string): Promise<readonly SimulatedNode[]> => {
  const nodes = at.addNodes(cluster, 2, { faultOf: () => REPAIRABLE, latency: () => REPAIR_MS });
  await at.logFault(...nodes);
  await at.drain(60);
  await at.lab.advance(Math.max(...FREEZES_MS));
  await at.drain(60);
  return nodes;
};

/** Each node is repaired, by one command, and never more nodes at once than the budget of a small cluster: one. */
const expectAllIsWell = async (at: Scene, cluster: string, nodes: readonly SimulatedNode[]): Promise<void> => {
  for (const node of nodes) {
    expect(node.faults(), `faults of ${node.instanceId}`).toEqual([]);
    const sent = at.chronicle.repairsOf(node.instanceId);
    // A command that may have been lost is not sent again: a check finds the node, and its next repair cools down first.
    for (const [i, { at: sentAt }] of sent.entries())
      expect(sentAt - (sent[i - 1]?.at ?? 0), `repairs of ${node.instanceId}`).toBeGreaterThan(COOL_DOWN_MS);
    expect(sent.length, `repairs of ${node.instanceId}`).toBe(1);
    const outcomes = (await at.history(node.instanceId)).map((row) => row.outcome);
    expect(outcomes, `history of ${node.instanceId}`).toContain('Repaired');
  }
  expect(at.chronicle.mostAtOnce(cluster)).toBe(1);
  const left = (await at.runs(cluster)).filter((r) => r.status !== 'ended' || r.pending + r.inFlight > 0);
  expect(left).toEqual([]);
  const { violations, denials, lost } = at.chronicle;
  expect({ violations, denials, lost, letters: at.letters() }).toEqual({
    violations: [],
    denials: [],
    lost: [],
    letters: [],
  });
};

/** A call of a function: the how manieth of its operation. A copy that is warm makes fewer calls of other operations. */
type Point = Required<Pick<CallFault, 'functionName' | 'service' | 'operation' | 'skip'>>;
let points: readonly Point[];
beforeAll(async () => {
  const { at, cluster } = await freshCluster();
  const calls: CallRecord[] = [];
  const off = at.lab.onEvent((event) => {
    if (event.kind === 'call') calls.push(event.call);
  });
  const nodes = await breakTwo(at, cluster);
  off();
  await expectAllIsWell(at, cluster, nodes);
  points = FUNCTIONS.flatMap((name) => {
    const functionName = `fleetmend-${name}`;
    const own = calls.filter((call) => call.functionName === functionName);
    return [...Map.groupBy(own, ({ service, operation }) => `${service}:${operation}`).values()].flatMap((some) =>
      some.map(({ service, operation }, skip) => ({ functionName, service, operation, skip })),
    );
  });
});

type Blow = Pick<CallFault, 'kind' | 'freezeMs'>;
const BLOWS: readonly Blow[] = [
  { kind: 'crash-before' },
  { kind: 'crash-after' },
  ...FREEZES_MS.flatMap((freezeMs) => (['freeze-before', 'freeze-after'] as const).map((kind) => ({ kind, freezeMs }))),
];

/** One of each kind of freeze, which outlives a signature. crash.test.ts kills at a SendCommand. */
const FREEZES = BLOWS.filter(({ freezeMs }) => freezeMs === Math.max(...FREEZES_MS));

type Case = { readonly point: Point; readonly blow: Blow };

/** What went wrong where a function was stopped at one of its calls; undefined where all is well. */
const stopAt = async ({ point, blow }: Case): Promise<string | undefined> => {
  const { at, cluster } = await freshCluster();
  const fault = { ...point, times: 1, ...blow };
  at.lab.faults.calls = [fault];
  try {
    await expectAllIsWell(at, cluster, await breakTwo(at, cluster));
    if (point.operation === 'SendCommand') expect(fault.times, 'blows left').toBe(0);
    return undefined;
  } catch (error) {
    // The rest of a failed case must not fail the next one.
    used = CLUSTERS_PER_LAB;
    const { functionName, service, operation, skip } = point;
    return `${functionName} ${blow.kind} ${blow.freezeMs ?? ''} ${service}:${operation} ${skip}: ${String(error)}`;
  } finally {
    at.lab.faults.calls = [];
  }
};

const casesOf = (some: readonly Point[], blows = BLOWS): readonly Case[] =>
  some.flatMap((point) => blows.map((blow) => ({ point, blow })));
const wrongOf = async (cases: readonly Case[]): Promise<readonly string[]> => {
  const wrong: string[] = [];
  for (const some of cases) wrong.push(...[(await stopAt(some)) ?? []].flat());
  return wrong;
};

it('run-controller, killed or frozen at a SendCommand', async () => {
  const sends = points.filter(({ operation }) => operation === 'SendCommand');
  expect(sends).toHaveLength(2);
  expect(await wrongOf(isDeep ? casesOf(sends) : casesOf(sends.slice(0, 1), FREEZES))).toEqual([]);
}, 3_600_000);

it('any function that works on a run, killed or frozen at any of its calls', async () => {
  expect(new Set(points.map(({ functionName }) => functionName)).size).toBe(FUNCTIONS.length);
  expect(await wrongOf(sampleOf('stopped copies', casesOf(points), 1))).toEqual([]);
}, 7_200_000);
