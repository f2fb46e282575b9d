import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { at, because, node, START } from '../../test/support/runs.ts';
import { Cause } from '../model/because.ts';
import { Wake } from '../model/wake.ts';
import { ClusterState, PauseRow } from './cluster-state.ts';
import { CommandRow, CommandState, ObservationRow } from './command-state.ts';
import { LaneState, RegistryHold, RegistryNews } from './lane-state.ts';
import { NodeStateRow } from './node-state.ts';
import { NoticeRow } from './notice-row.ts';
import { OutboxEntry } from './outbox-entry.ts';
import { PendingNode } from './pending-node.ts';
import { Reading, ResultRow, Tally } from './results.ts';
import { QueuedRun, RunningRun, RunState } from './run-state.ts';
import { ThreadRow } from './thread-row.ts';
import { TrustRow } from './trust-state.ts';

const ID = node(1);
const parent = { requestId: 'q-1', runId: 'r-0' };
const cause = { kind: 'finding', parent, foundBy: parent, by: 'mei', sample: 's', detectedWithinSeconds: 3 };
const why = because('operator', { by: 'mei' });
const part = { part: 1, parts: 2 };
const found = { remediation: 'cni', outcome: 'Broken', reason: 'CniConfigMissing', title: 't', message: 'm' };
const reading = {
  ...{ outcome: 'Relapsed', skipReason: 'Busy', reason: 'X', cause: 'Y', method: 'ecr', image: 'i', digest: 'd' },
  ...{ willRecur: true, message: 'm', title: 't', detail: 'd', evidence: { a: 'x', b: 1, c: true }, findings: [found] },
  ...{ cut: 1, startedAt: START, endedAt: at(1), ranNowhere: true, relapseOf: { runId: 'r-0', at: START } },
};
const { ranNowhere, relapseOf, ...shown } = reading;
const result = {
  ...{ ...shown, runId: 'r-1', cluster: 'demo', instanceId: ID, remediation: 'cni', action: 'repair' },
  ...{ requestId: 'q-1', because: why, catalogueVersion: 'v', advice: 'a', commandId: 'c-1', grade: 2, at: START },
};
const command = {
  ...{ key: '1.1', ...part, documentName: 'd', executionTimeoutSeconds: 60, instanceIds: [ID], unreachable: [node(2)] },
  ...{ size: 1, versions: ['v'], status: 'sent', sendingAt: START, missedReads: [START], commandId: 'c-1', open: [ID] },
  ...{
    sentAt: START,
    hardDeadlineAt: at(9),
    notBefore: START,
    counts: { Healthy: 1 },
    isCanary: true,
    assumedGrade: 1,
  },
};
const failures = { count: 1, firstAt: START, message: 'm' };
const registry = { silent: { [ID]: { first: START, last: at(1) } }, answered: [{ instanceId: ID, at: START }] };
const registryHold = { until: at(9), holds: 1, runId: 'r-1', silentAt: START };
const told = { outcome: 'Skipped', skipReason: 'Busy', reason: 'X', message: 'm' };
const tried = { tries: 1, notBefore: START };
const entries = {
  results: { kind: 'results', ...told, advice: 'a', at: START, instanceIds: [ID], becauses: { [ID]: why } },
  enqueue: {
    ...{ kind: 'enqueue', lane: 'demo/cni', reason: 'X', image: 'i', localMethod: true, source: 's' },
    ...{ notBefore: START, because: cause, requestIds: ['q-1'], nodes: [[ID, START]] },
  },
  drop: { kind: 'drop', lane: 'demo/cni', rows: [[ID, 'v']] },
  defer: { kind: 'defer', lane: 'demo/cni', rows: [[ID, 'v']], notBefore: START, skipReason: 'Busy', decidedAt: START },
  cancel: { kind: 'cancel', commandId: 'c-1', ...tried },
  observation: { kind: 'observation', key: '1', ...part, ...told, at: START, instanceIds: [ID], unreachable: [ID] },
  notice: { kind: 'notice', id: 'n', detailType: 'Run Ended', detail: {}, at: START, ...tried },
};
const stopped = { reason: 'Paused', at: START };
const cancelled = { reason: 'Cancelled', at: START, forced: true, why: 'w' };
const anyRun = {
  ...{ runId: 'r-1', version: 0, cluster: 'demo', remediation: 'cni', action: 'repair', group: 'demo/cni' },
  ...{ lane: 'demo/cni', documentKey: 'cni-repair', requestId: 'q-1', because: why, slice: { from: 0, to: 9 } },
  ...{ createdAt: START, pending: [[ID, 'v']], settled: { Gone: 1 }, commands: [command], dueAt: START },
  outbox: Object.values(entries),
};
const known = {
  ...{ preflight: 'p', looks: [[ID, 60]], local: [ID], registry, registryHold, image: 'i', startedAt: START },
  refusal: { firstAt: START, count: 1, notBefore: START, message: 'm' },
};
const ended = { ...anyRun, ...known, status: 'ended', endedAt: START };
const runs = {
  queued: { ...anyRun, status: 'queued', failures },
  active: { ...anyRun, ...known, status: 'active', stopped, failures },
  draining: { ...anyRun, ...known, status: 'draining', stopped: cancelled, failures },
  done: { ...ended, end: 'Done' },
  stopped: { ...ended, end: 'Stopped', stopped },
  cancelled: { ...ended, end: 'Cancelled', stopped: cancelled },
  stuck: { ...ended, end: 'Stuck', stopped: { reason: 'Stuck', at: START } },
};
const slot = { lane: 'demo/cni', count: 1, until: START, runVersion: 0 };
const attempt = { at: START, outcome: 'Unknown', reason: 'X', grade: 1 };

type Row = Readonly<Record<string, unknown>>;
const ROWS: readonly (readonly [name: string, schema: z.ZodType, row: Row])[] = [
  [
    'a notice that waits',
    NoticeRow,
    { key: 'k', id: 'n', detailType: 'Paused', detail: {}, at: START, dueAt: at(1), tries: 1 },
  ],
  ['a thread', ThreadRow, { dedupKey: 'k', version: 1, at: START, sent: { n: ['mail'] }, busyUntil: at(90) }],
  ['a cause', Cause, cause],
  ['a result', ResultRow, result],
  ['a reading', Reading, reading],
  [
    'a tally',
    Tally,
    {
      ...{ open: true, ranNowhere: true, outcome: 'Broken', skipReason: 'Busy', reason: 'X', findings: [['cni', 'X']] },
      ...{ waits: true, image: 'i', localMethod: true, registry: 'silent', at: START },
    },
  ],
  [
    'the row of a command',
    CommandRow,
    {
      ...{ commandId: 'c-1', runId: 'r-1', key: '1', ...part, group: 'g', cluster: 'demo', remediation: 'cni' },
      ...{ action: 'check', instanceIds: [ID], requestId: 'q-1', because: why, becauses: { [ID]: why } },
      ...{ unreachable: [ID], sentAt: START, softDeadlineAt: START, hardDeadlineAt: START },
    },
  ],
  [
    'an observation',
    ObservationRow,
    {
      ...{ runId: 'r-1', key: '1', ...part, commandId: 'c-1', final: true, closedBy: 'end', at: START, grade: 4 },
      ...{ open: [ID], assumed: [ID], healthy: [ID], amended: [ID], nodes: { [ID]: reading } },
    },
  ],
  ['a command', CommandState, command],
  ...Object.entries(runs).map(([name, row]) => [`a run: ${name}`, RunState, row] as const),
  [
    'a lane',
    LaneState,
    {
      ...{ lane: 'demo/cni', cluster: 'demo', remediation: 'cni', version: 0, activeRunId: 'r-1', registry },
      ...{ registryHold, failures, dueAt: START, news: 1, calledAt: START },
    },
  ],
  ['the news of a registry', RegistryNews, registry],
  ['a registry hold', RegistryHold, registryHold],
  ...Object.entries(entries).map(([kind, row]) => [`an entry ${kind}`, OutboxEntry, row] as const),
  [
    'a cluster',
    ClusterState,
    {
      ...{ cluster: 'demo', version: 0, slots: { 'r-1': slot }, disruptive: { lane: 'demo/cni', runId: 'r-1' } },
      ...{ waiting: ['demo/cni'], nodeCount: 1, countedAt: START },
    },
  ],
  [
    'a pause',
    PauseRow,
    {
      ...{ scope: 'ALL', covers: 'repairs', state: 'paused', until: START, at: START, by: 'mei', reason: 'r' },
      lambdaRequestId: 'l',
    },
  ],
  [
    'the state of a node',
    NodeStateRow,
    {
      ...{ instanceId: ID, cluster: 'demo', remediation: 'cni', attempts: { 'r-1': attempt } },
      ...{ quarantinedAt: START, quarantineAdvice: 'a' },
    },
  ],
  [
    'a pending node',
    PendingNode,
    {
      ...{ lane: 'demo/cni', cluster: 'demo', instanceId: ID, reason: 'X', image: 'i', localMethod: true },
      ...{ firstSeenAt: START, lastSeenAt: START, signals: 0, source: 's', because: cause, requestIds: ['q-1'] },
      ...{ awaitAgentUntil: START, notBefore: START, skipped: 'Busy', decidedAt: START, version: 'v' },
    },
  ],
  [
    'the experience with a document',
    TrustRow,
    {
      ...{ document: 'd', cluster: 'demo', version: 0 },
      results: [{ instanceId: ID, runId: 'r-1', at: START, end: 'repaired', isCanary: false }],
      breaker: { openedAt: START, openUntil: START, openings: 1, runId: 'r-1' },
    },
  ],
];

/** Every value of a row that holds no other, by its path. */
const leavesOf = (value: unknown, path: readonly string[] = []): readonly (readonly string[])[] =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0
    ? Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]))
    : [path];

const withNull = (value: unknown, [key, ...rest]: readonly string[]): unknown => {
  if (key === undefined) return null;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string, unknown>;
  copy[key] = withNull(copy[key], rest);
  return copy;
};

describe.each(ROWS)('%s', (_, schema, row) => {
  it('is read as it was written, with fields of another version', () => {
    expect(schema.parse({ ...row, ofTheFuture: 1 })).toMatchObject(row);
  });

  it('is not understood where one of its values is of another kind', () => {
    const understood = leavesOf(row).filter((path) => schema.safeParse(withNull(row, path)).success);
    expect(understood).toEqual([]);
  });
});

describe('a value of a row', () => {
  it('that says how a command was closed is one of a list', () => {
    const { closedBy } = ObservationRow.shape;
    for (const value of ['end', 'look', 'soft-deadline', 'hard-deadline', 'not-sent'])
      expect([value, closedBy.safeParse(value).success]).toEqual([value, true]);
    expect(closedBy.safeParse('x').success).toBe(false);
  });

  const enums = [
    [QueuedRun.shape.action, ['check', 'repair']],
    [RunningRun.shape.status, ['active', 'draining']],
    [ResultRow.shape.action, ['check', 'repair']],
    [CommandRow.shape.action, ['check', 'repair']],
    [CommandState.shape.status, ['planned', 'sending', 'sent', 'closed', 'lost']],
    [PauseRow.shape.covers, ['repairs', 'everything']],
    [PauseRow.shape.state, ['paused', 'resumed']],
    [Tally.shape.registry, ['silent', 'answers']],
  ] as const;
  it.each(enums)('may be one of %#', (schema, values) => {
    for (const value of values) expect(schema.safeParse(value).success).toBe(true);
    expect(schema.safeParse('').success).toBe(false);
  });

  it.each<[string, z.ZodType, unknown, unknown]>([
    ['the nodes of a command', CommandRow.shape.instanceIds, Array(50).fill(ID), Array(51).fill(ID)],
    ['the nodes that SSM refused', CommandRow.shape.unreachable, Array(50).fill(ID), Array(51).fill(ID)],
    ['the author of a pause', PauseRow.shape.by, 'x'.repeat(200), 'x'.repeat(201)],
    ['the reason of a pause', PauseRow.shape.reason, 'x'.repeat(500), 'x'.repeat(501)],
    ['the image of a pending node', PendingNode.shape.image, 'x'.repeat(300), 'x'.repeat(301)],
    ['the author of a cause', Cause.shape.by, 'x'.repeat(200), 'x'.repeat(201)],
    ['the sample of a cause', Cause.shape.sample, 'x'.repeat(300), 'x'.repeat(301)],
  ])('has a limit: %s', (_, schema, most, more) => {
    expect([schema.safeParse(most).success, schema.safeParse(more).success]).toEqual([true, false]);
  });

  it('that is missing has the cautious meaning', () => {
    const { covers, ...pause } = {
      scope: 'ALL',
      covers: 'repairs',
      state: 'paused',
      at: START,
      by: 'mei',
      reason: 'r',
    };
    expect(PauseRow.parse(pause).covers).toBe('everything');
    expect(PendingNode.shape.because.parse(undefined)).toEqual({ kind: 'event' });
    expect(CommandRow.shape.instanceIds.safeParse([]).success).toBe(false);
  });
});

describe('a wake', () => {
  it.each<[object, boolean]>([
    [{ kind: 'lane', lane: 'demo/cni' }, true],
    [{ kind: 'run', runId: 'r-1' }, true],
    [{ kind: 'run', runId: 'r'.repeat(128) }, true],
    [{ kind: 'run', runId: 'r'.repeat(129) }, false],
    [{ kind: 'run', runId: '' }, false],
    [{ kind: 'run', runId: 'r 1' }, false],
    [{ kind: 'run', runId: ' r' }, false],
    [{ kind: 'run', runId: 'r\n' }, false],
    [{ kind: 'lane', lane: 'demo' }, false],
    [{ kind: 'lane', lane: 'demo/' }, false],
    [{ kind: 'lane', lane: '/cni' }, false],
    [{ kind: 'lane', lane: 'demo/cni/x' }, false],
    [{ kind: 'lane', lane: '//' }, false],
    [{ kind: 'all' }, false],
    [{ kind: 'run', lane: 'demo/cni' }, false],
  ])('%j is one: %s', (wake, expected) => {
    expect(Wake.safeParse(wake).success).toBe(expected);
  });

  it('that is none says why', () => {
    const messages = (wake: object) => Wake.safeParse(wake).error?.issues.map(({ message }) => message);
    expect(messages({ kind: 'run', runId: '' })).toEqual(['not a name of a lane or a run']);
    expect(messages({ kind: 'lane', lane: 'demo' })).toEqual(['not a name of a lane: expected CLUSTER/REMEDIATION']);
  });
});
