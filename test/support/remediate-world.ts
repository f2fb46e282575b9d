import { createDeadLetterReader } from '../../functions/adapters/dead-letters.ts';
import { createLaneStore } from '../../functions/adapters/lane-store.ts';
import { createRequestStore } from '../../functions/adapters/request-store.ts';
import { createResultStore } from '../../functions/adapters/result-store.ts';
import { createRunStore } from '../../functions/adapters/run-store.ts';
import { createSignalStore } from '../../functions/adapters/signal-store.ts';
import { createWakeQueue } from '../../functions/adapters/wake-queue.ts';
import type { NodeFacts } from '../../functions/core/plan.ts';
import type { RemediateDeps } from '../../functions/remediate/ports.ts';
import { remediate } from '../../functions/remediate/remediate.ts';
import { fakeSqs } from './fake-sqs.ts';
import { testSettings } from './settings.ts';
import type { TestTable } from './table.ts';
import { recorder } from './telemetry.ts';

/** The lanes queue. */
export const LANES = 'https://sqs.example/1/lanes.fifo';
/** The dead-letter queues that replay empties. */
export const DEAD = ['https://sqs.example/1/intake-bad', 'https://sqs.example/1/signals-dead'] as const;
/** Who calls. */
export const CALLER = { lambdaRequestId: 'lambda-1' };
/** What every request says of its author. */
export const WHO = { requestedBy: 'mei', reason: 'pods hang' };

let ids = 0;
const newId = () => `id-${++ids}`;
let instances = 0;
/** An instance id that no other test has. */
export const newInstance = () => `i-${String(++instances).padStart(17, '0')}`;
/** A node in order. */
export const healthy = (instanceId: string): NodeFacts => ({
  instanceId,
  state: 'running',
  inCluster: true,
  autoMode: false,
  ssm: { pingStatus: 'Online', platformType: 'Linux', platformName: 'Amazon Linux' },
});

/** λ remediate over a real table, with a fleet and queues in memory. */
export const remediateWorld = (
  table: TestTable,
  nodes: readonly NodeFacts[] = [],
  at = '2026-08-22T10:00:00.000Z',
  beyondEc2: readonly string[] = [],
) => {
  const sqs = fakeSqs();
  const recording = recorder();
  const clock = { iso: at };
  const settings = testSettings();
  const { limits } = settings.policy;
  const facts = new Map(nodes.map((node) => [node.instanceId, node]));
  const deps: RemediateDeps = {
    fleet: {
      describe: async (_, wanted) => new Map([...facts].filter(([id]) => wanted.includes(id))),
      list: async () => [...facts.values()],
    },
    beyondEc2: async () => ({ kind: 'known', nodeIds: beyondEc2 }),
    runs: createRunStore({ ...table, retentionDays: 365 }),
    lanes: createLaneStore(table),
    results: createResultStore({ ...table, limits }),
    requests: createRequestStore({ ...table, retentionDays: 365 }),
    signals: createSignalStore({ ...table, newId }),
    wakes: createWakeQueue({ client: sqs.client, queueUrl: LANES, newId, wait: async () => {} }),
    letters: createDeadLetterReader({ client: sqs.client }),
    deadLetterQueueUrls: DEAD,
    settings,
    log: recording.log,
    count: recording.count,
    now: () => new Date(clock.iso),
    newId,
  };
  const ask = (event: unknown) => remediate(deps, CALLER, event);
  const wakes = () => sqs.messages(LANES).map((m) => JSON.parse(m.body));
  return { deps, sqs, clock, ask, wakes };
};
