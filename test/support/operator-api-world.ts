import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import type { NodeFacts } from '../../core/guards/decide-node.ts';
import { success } from '../../core/model/result.ts';
import { createReplayLogs } from '../../functions/adapters/lambda/replayed-logs.ts';
import type { BusEvent } from '../../functions/adapters/messaging/bus.ts';
import { createDeadLetterReader } from '../../functions/adapters/messaging/dead-letters.ts';
import { createLetterReturn } from '../../functions/adapters/messaging/letter-return.ts';
import { createWakeQueue } from '../../functions/adapters/messaging/wake-queue.ts';
import { createActionStore } from '../../functions/adapters/table/action-store.ts';
import { createLaneStore } from '../../functions/adapters/table/lane-store.ts';
import { createLetterRecords } from '../../functions/adapters/table/letter-records.ts';
import { createRequestStore } from '../../functions/adapters/table/request-store.ts';
import { createResultStore } from '../../functions/adapters/table/result-store.ts';
import { createRunStore } from '../../functions/adapters/table/run-store.ts';
import { createSignalStore } from '../../functions/adapters/table/signal-store.ts';
import { createTrustStore } from '../../functions/adapters/table/trust-store.ts';
import { remediate } from '../../functions/operator-api/act.ts';
import type { OperatorApiPorts } from '../../functions/operator-api/ports.ts';
import { accepted, refusalIn } from './answers.ts';
import { fakeSqs } from './fake-sqs.ts';
import { testSettings } from './settings.ts';
import type { TestTable } from './table.ts';
import { recorder } from './telemetry.ts';

/** The lanes queue. */
export const LANES = 'https://sqs.example/1/lanes.fifo';
/** The queues to which letters go back. */
export const SIGNALS = 'https://sqs.example/1/signals';
export const PROGRESS = 'https://sqs.example/1/progress';
/** The dead-letter queues that replay empties. */
export const DEAD = ['https://sqs.example/1/intake-bad', 'https://sqs.example/1/signals-dead'] as const;
/** The caller. */
export const CALLER = { lambdaRequestId: 'lambda-1', way: 'act' } as const;
/** The stack of operator-api. */
export const STACK_ARN = 'arn:aws:cloudformation:eu-west-1:123456789012:stack/fleetmend';
/** The fields of every request that name its author. */
export const WHO = { requestedBy: 'mei', reason: 'pods hang' };

let ids = 0;
const newId = () => `id-${++ids}`;
let instances = 0;
/** An instance id that no other test has. */
export const newInstance = () => `i-${String(++instances).padStart(17, '0')}`;
/** A healthy node. */
export const healthy = (instanceId: string): NodeFacts => ({
  instanceId,
  state: 'running',
  inCluster: true,
  autoMode: false,
  ssm: { pingStatus: 'Online', platformType: 'Linux', platformName: 'Amazon Linux' },
});

/** operator-api over a real table, with a fleet and queues in memory. */
export const operatorApiWorld = (
  table: TestTable,
  nodes: readonly NodeFacts[] = [],
  at = '2026-08-22T10:00:00.000Z',
  beyondEc2: readonly string[] = [],
) => {
  const sqs = fakeSqs();
  const recording = recorder();
  const clock = { iso: at, remainingMs: 60_000 };
  const settings = testSettings();
  const { limits } = settings.policy;
  const facts = new Map(nodes.map((node) => [node.instanceId, node]));
  const invocations: unknown[] = [];
  const notices: BusEvent[] = [];
  const invoke = async (command: unknown) => {
    if (command instanceof InvokeCommand)
      invocations.push({ ...command.input, Payload: JSON.parse(String(command.input.Payload)) });
    return {};
  };
  const bus = {
    put: async (events: readonly BusEvent[]) => {
      notices.push(...events);
    },
  };
  const deps: OperatorApiPorts = {
    fleet: {
      describe: async (_, wanted) => new Map([...facts].filter(([id]) => wanted.includes(id))),
      list: async () => [...facts.values()],
    },
    beyondEc2: async () => success(beyondEc2),
    runs: createRunStore({ ...table, retentionDays: 365 }),
    lanes: createLaneStore(table),
    trust: createTrustStore(table),
    results: createResultStore({ ...table, limits }),
    requests: createRequestStore({ ...table, retentionDays: 365 }),
    signals: createSignalStore({ ...table, newId }),
    wakes: createWakeQueue({ client: sqs.client, queueUrl: LANES, newId, wait: async () => {} }),
    bus,
    letters: createDeadLetterReader({ client: sqs.client }),
    letterReturn: createLetterReturn({ client: sqs.client, signalsQueueUrl: SIGNALS, progressQueueUrl: PROGRESS }),
    replayLogs: createReplayLogs({
      client: { send: invoke as LambdaClient['send'] },
      functionName: 'fleetmend-log-classifier',
    }),
    actions: createActionStore({ ...table, retentionDays: 365 }),
    letterRecords: createLetterRecords({ ...table, retentionDays: 365 }),
    askCaller: async () => ({ kind: 'away', why: 'no test asks STS' }),
    stackArn: STACK_ARN,
    region: 'eu-west-1',
    deadLetterQueueUrls: DEAD,
    remainingMs: () => clock.remainingMs,
    settings,
    log: recording.log,
    count: recording.count,
    now: () => new Date(clock.iso),
    newId,
  };
  const answer = (event: unknown) => remediate(deps, CALLER, event);
  const ask = async (event: unknown) => accepted(await answer(event));
  const refused = async (event: unknown) => refusalIn(await answer(event));
  const wakes = () => sqs.messages(LANES).map((m) => JSON.parse(m.body));
  return { deps, sqs, clock, answer, ask, refused, wakes, invocations, notices, recording };
};
