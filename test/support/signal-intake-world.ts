import { PendingNode } from '../../core/state/pending-node.ts';
import { nodeSymptomEvent } from '../../events/node-symptom.ts';
import { createInstanceFinder } from '../../functions/adapters/ec2/instance-finder.ts';
import { createMembers } from '../../functions/adapters/ec2/members.ts';
import { createDeadLetters } from '../../functions/adapters/messaging/dead-letters.ts';
import { createWakeQueue } from '../../functions/adapters/messaging/wake-queue.ts';
import { rowOf } from '../../functions/adapters/table/items.ts';
import { createLaneCalls } from '../../functions/adapters/table/lane-calls.ts';
import { createLaneStore } from '../../functions/adapters/table/lane-store.ts';
import { createSignalBudgets } from '../../functions/adapters/table/signal-budgets.ts';
import { createSignalStore } from '../../functions/adapters/table/signal-store.ts';
import type { SignalIntakePorts } from '../../functions/signal-intake/ports.ts';
import { type FakeInstance, fakeEc2 } from './fake-ec2.ts';
import { fakeSqs } from './fake-sqs.ts';
import { testSettings } from './settings.ts';
import type { TestTable } from './table.ts';
import { recorder } from './telemetry.ts';

/** The queue of lanes, and the one for bad input. */
export const LANES = 'https://sqs.example/1/lanes.fifo';
export const BAD = 'https://sqs.example/1/intake-bad';
/** When a world begins. */
export const NOW = '2026-08-22T10:00:30.000Z';

let worlds = 0;
let instances = 0;
/** An instance id that no other test uses. */
export const newInstance = () => `i-${String(++instances).padStart(17, '0')}`;

/** The nodes of {@link signal}, which EC2 shows in every world. */
const signalled: FakeInstance[] = [];

/** A symptom as EventBridge delivers it. */
export const signal = (over: Record<string, unknown> = {}, source = 'fleetmend.logs') => {
  const [cluster, instanceId] = ['demo', newInstance()];
  const event = nodeSymptomEvent('e-1', NOW, source, {
    cluster,
    instanceId,
    reason: 'SandboxImageMissing',
    firstSeenAt: '2026-08-22T10:00:00.000Z',
    lastSeenAt: '2026-08-22T10:00:20.000Z',
    count: 3,
    ...over,
  });
  const tags = { 'eks:cluster-name': String(event.detail.cluster) };
  signalled.push({ instanceId: String(event.detail.instanceId), tags });
  return event;
};

/** Any other event as EventBridge delivers it. */
export const awsEvent = (source: string, detailType: string, detail: Record<string, unknown>, time = NOW) => ({
  version: '0',
  id: `e-${source}`,
  account: '123456789012',
  region: 'us-east-1',
  resources: [],
  source,
  'detail-type': detailType,
  time,
  detail,
});

/**
 * signal-intake over a real table, with queues and EC2 in memory, on the test's clock. Its lanes are not called yet. The worlds of
 * a table share its budget of foreign signals, so a test of the budget needs a table of its own.
 */
export const signalIntakeWorld = async (
  table: TestTable,
  limits: Parameters<typeof testSettings>[0] = {},
  known: readonly FakeInstance[] = [],
) => {
  worlds++;
  let ids = 0;
  const newId = () => `w${worlds}-${++ids}`;
  const clock = { ms: Date.parse(NOW) };
  const now = () => new Date(clock.ms);
  const [sqs, ec2, recording, settings] = [
    fakeSqs(),
    fakeEc2(known, signalled),
    recorder(),
    testSettings({ maxForeignSignalsPerMinute: 10_000, ...limits }),
  ];
  const lanes = createLaneStore(table);
  const returned: string[] = [];
  const deps: SignalIntakePorts = {
    store: { ...createSignalStore({ ...table, newId }), ...createSignalBudgets(table), ...createLaneCalls(table) },
    finder: createInstanceFinder({ ec2: ec2.client, pace: async () => {}, now }),
    members: createMembers({ ec2: ec2.client, pace: async () => {}, policy: settings.policy, now }),
    wakes: createWakeQueue({ client: sqs.client, queueUrl: LANES, newId, wait: async () => {} }),
    deadLetters: createDeadLetters({ client: sqs.client, queueUrl: BAD, functionName: 'signal-intake', now }),
    returnSoon: async ({ receiptHandle }) => {
      returned.push(receiptHandle);
    },
    policy: settings.policy,
    catalogue: settings.remediations,
    log: recording.log,
    count: recording.count,
    now,
  };
  for (const cluster of ['demo', 'watched', 'careful']) {
    for (const name of ['pause-image', 'cri-dockerd', 'node-check']) await lanes.answerCall(`${cluster}/${name}`);
  }
  const pendingNodes = async (lane: string) =>
    (await table.items(`LANE#${lane}`))
      .filter((i) => String(i.sk).startsWith('NODE#'))
      .map((i) => rowOf(PendingNode, i));
  return { deps, sqs, ec2, clock, lanes, pendingNodes, returned, ...recording };
};
