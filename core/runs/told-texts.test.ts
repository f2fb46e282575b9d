import { describe, expect, it } from 'vitest';
import { aCheck, anEndedRun, aRun, at, because, LIMITS, node, START, stopBy } from '../../test/support/runs.ts';
import type { Settled } from '../guards/decide-node.ts';
import type { CommandRow } from '../state/command-state.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import type { PendingNode } from '../state/pending-node.ts';
import type { Stop } from '../state/run-state.ts';
import { lostOf } from './close.ts';
import { readInvocation, tallyOf } from './invocation.ts';
import { becausesOf, merged, resultsOf, unsentText } from './outbox.ts';
import { endedOf, endNotice } from './run-end.ts';
import { settle } from './settle.ts';

const CHECK: CommandRow = {
  ...{ commandId: 'c-1', runId: 'r-1', key: '1', group: 'r-1', cluster: 'demo', remediation: 'node-check' },
  ...{ action: 'check', instanceIds: [node(1)], sentAt: START, softDeadlineAt: at(90), hardDeadlineAt: at(390) },
};
const line = (over: object): string =>
  JSON.stringify({
    ...{ v: 2, remediation: 'node-check', action: 'check', outcome: 'Healthy', title: 't' },
    ...{ startedAt: START, endedAt: at(5), ...over },
  });
const read = (statusDetails: string, output = line({}), of: Partial<CommandRow> = {}) =>
  readInvocation({ ...CHECK, ...of }, { instanceId: node(1), statusDetails, output });

describe('the message about an invocation says what SSM or the document has done', () => {
  it.each<[string, ReturnType<typeof read>, string]>([
    [
      'a result of another action',
      read('Success', line({ action: 'repair' })),
      'the result answers for node-check repair, not for node-check check',
    ],
    [
      'a result of another remediation',
      read('Success', line({ remediation: 'cni' })),
      'the result answers for cni check, not for node-check check',
    ],
    [
      'a result of another part',
      read('Success', line({ part: 1, parts: 3 }), { part: 2, parts: 3 }),
      'the result is part 1 of 3, not part 2 of 3',
    ],
    [
      'a result of one part where no part was asked for',
      read('Success', line({ part: 1, parts: 2 })),
      'the result is part 1 of 2, not part 1 of 1',
    ],
    [
      'an outcome that a check cannot have',
      read('Success', line({ outcome: 'Repaired' })),
      'a check cannot end Repaired',
    ],
    [
      'a command that ran nowhere',
      read('Access Denied'),
      'SSM ended the command as AccessDenied: it did not run on the node',
    ],
    [
      'a document that took too long',
      read('ExecutionTimedOut'),
      'the document did not end within its execution timeout, or was killed: read the SSM agent log on the node',
    ],
    [
      'an agent that did not answer',
      read('Delivery Timed Out'),
      'SSM ended the invocation as DeliveryTimedOut: the agent did not answer in time (whether anything ran is not known)',
    ],
    ['a cancelled invocation', read('Canceled'), 'SSM ended the invocation as Cancelled'],
    ['another kind of node', read('InvalidPlatform'), 'the node is not a Linux node'],
    ['a status that nobody knows', read('x'.repeat(200)), `SSM ended the invocation as ${'x'.repeat(100)}`],
  ])('%s', (_, reading, message) => {
    expect(reading?.message).toBe(message);
  });

  it.each([
    ['Exploded', 'Exploded'],
    ['exploded', 'UnknownStatus'],
    ['Exploded!', 'UnknownStatus'],
    ['anExplosion', 'UnknownStatus'],
  ])('and a status %s that is not known has the reason %s', (status, reason) => {
    expect(read(status)).toMatchObject({ outcome: 'Unknown', reason });
  });
});

it('the image of a node is the first that one of its findings names', () => {
  const finding = { remediation: 'cni', outcome: 'Broken', title: 't' } as const;
  const reading = {
    outcome: 'Broken',
    endedAt: START,
    findings: [finding, { ...finding, image: 'a/pause:1' }],
  } as const;
  expect(tallyOf({ ...reading, findings: [...reading.findings] }, CHECK).image).toBe('a/pause:1');
});

describe('the text about a node that got no command', () => {
  const run = { remediation: 'pause-image' } as const;
  it.each<[string, Parameters<typeof unsentText>[0], Stop['reason'], object]>([
    [
      'because SSM refused it, with what SSM said',
      { ...run, action: 'repair', refusal: { firstAt: START, count: 1, notBefore: START, message: 'AccessDenied' } },
      'CommandRefused',
      {
        outcome: 'Skipped',
        skipReason: 'Unreadable',
        reason: 'CommandRefused',
        message: 'the run sent no command to this node: AccessDenied',
      },
    ],
    [
      'because SSM refused it, for an unknown reason',
      { ...run, action: 'check' },
      'CommandRefused',
      {
        outcome: 'Unknown',
        reason: 'CommandRefused',
        message: 'the run sent no command to this node: SSM refused its commands, or its document is not deployed',
      },
    ],
    [
      'because the run was stuck',
      { ...run, action: 'repair' },
      'Stuck',
      {
        outcome: 'Skipped',
        skipReason: 'Unreadable',
        reason: 'RunStuck',
        message: 'the run ended without a command to this node, because its turns failed',
      },
    ],
    [
      'because the remediation is no more',
      { ...run, action: 'repair' },
      'NotAllowed',
      { outcome: 'Skipped', skipReason: 'NotAllowed', message: expect.stringContaining('pause-image') },
    ],
    [
      'because the run was paused',
      { ...run, action: 'repair' },
      'Paused',
      {
        outcome: 'Skipped',
        skipReason: 'Paused',
        message: 'the run was stopped (Paused) before a command was sent to this node',
      },
    ],
  ])('%s', (_, of, stopReason, expected) => {
    expect(unsentText(of, stopBy(stopReason))).toEqual(expected);
  });
});

it('a repair that is lost says that a check was asked for', () => {
  const command = { key: '1', instanceIds: [node(1)], size: 1, status: 'sending' } as const;
  const [results] = lostOf(aRun(0), { ...command, instanceIds: [node(1)] }, START);
  expect(results).toMatchObject({
    message: 'the sending was interrupted and SSM shows no such command: not sent again, a check was asked for',
  });
});

describe('the end of a run', () => {
  it.each([
    [undefined, 'Done'],
    ['Cancelled', 'Cancelled'],
    ['Paused', 'Stopped'],
    ['Yielded', 'Stopped'],
  ] as const)('that was stopped by %s is %s', (reason, end) => {
    const failures = { count: 1, firstAt: START, message: 'm' };
    const run = aCheck(0, { failures, ...(reason === undefined ? {} : { stopped: { reason, at: START } }) });
    const { status, startedAt, failures: counted, ...rest } = run;
    expect(endedOf(run, at(9))).toEqual({ ...rest, startedAt, status: 'ended', endedAt: at(9), end });
  });

  it('is told with what stopped it', () => {
    const run = anEndedRun({ end: 'Stopped', stopped: { reason: 'Paused', at: START } });
    expect(endNotice(run, {}, at(9))).toMatchObject({
      id: 'r-1/ended',
      detailType: 'Run Ended',
      detail: { end: 'Stopped', stopped: 'Paused', endedAt: at(9) },
    });
    expect(endNotice(anEndedRun(), {}, at(9))).not.toHaveProperty('detail.stopped');
  });
});

describe('entries that are merged', () => {
  it('keep the nodes of each list, and the causes of each node', () => {
    const text = { outcome: 'Unknown', message: 'm' } as const;
    const own = { [node(2)]: because('alarm') };
    const entries = [...resultsOf([node(1)], text, START), ...resultsOf([node(2)], text, START, own)];
    expect(merged(entries)).toEqual([
      { kind: 'results', ...text, at: START, instanceIds: [node(1), node(2)], becauses: own },
    ]);
    const wait = (n: number): OutboxEntry => ({
      ...{ kind: 'enqueue', lane: 'demo/cni', reason: 'X', source: 's', because: { kind: 'log' } },
      nodes: [[node(n), START]],
    });
    expect(merged([wait(1), wait(2)])).toMatchObject([
      {
        nodes: [
          [node(1), START],
          [node(2), START],
        ],
      },
    ]);
  });

  it('stay apart where they are of two kinds, and two notices stay two', () => {
    const rows: [string, string][] = [[node(1), 'v']];
    const drop: OutboxEntry = { kind: 'drop', lane: 'demo/cni', rows };
    const defer: OutboxEntry = { kind: 'defer', lane: 'demo/cni', rows, notBefore: START };
    expect(merged([drop, defer])).toEqual([drop, defer]);
    const notice: OutboxEntry = { kind: 'notice', id: 'n', detailType: 'Run Ended', detail: {} };
    expect(merged([notice, notice])).toEqual([notice, notice]);
  });
});

const row = (over: Partial<PendingNode> = {}): PendingNode => ({
  ...{ lane: 'demo/pause-image', cluster: 'demo', instanceId: node(1), reason: 'SandboxImageMissing', version: 'v' },
  ...{ firstSeenAt: START, lastSeenAt: START, signals: 1, source: 'test', because: { kind: 'log' } },
  ...over,
});

it("the cause of a row keeps the run of its parent, and no more of it: the run has the parent's request", () => {
  const causes = (parent: object | undefined) =>
    becausesOf({ because: because('log') }, [row({ because: { kind: 'finding', ...(parent && { parent }) } })]);
  expect(causes({ runId: 'r-0', requestId: 'q-0' })[node(1)]).toMatchObject({ parent: { runId: 'r-0' } });
  expect(causes({ runId: 'r-0', requestId: 'q-0' })[node(1)]?.parent).not.toHaveProperty('requestId');
  expect(causes({ requestId: 'q-0' })[node(1)]).not.toHaveProperty('parent');
  expect(causes(undefined)[node(1)]).not.toHaveProperty('parent');
});

describe('a node that is settled', () => {
  const moment = { now: START, limits: LIMITS };
  const settled = (decision: Settled, own: PendingNode | null = row(), run = aRun(0)) =>
    settle(run, own === null ? { instanceId: node(1) } : { instanceId: node(1), row: own }, decision, moment);
  const skip = { kind: 'skip', skipReason: 'Gone', message: 'm' } as const;
  const unsupported: Settled = {
    ...{ kind: 'unsupported', outcome: 'Unsupported', reason: 'BottlerocketNode' },
    ...{ message: 'm', advice: 'a' },
  };

  it('has the reason of the decision, or else that of its row, and an advice only where the decision has one', () => {
    const results = (decision: Settled) => settled(decision)[0];
    expect(results(skip)).toMatchObject({ reason: 'SandboxImageMissing', message: 'm' });
    expect(results(skip)).not.toHaveProperty('advice');
    expect(results({ ...skip, reason: 'RegistryUnreachable' })).toMatchObject({ reason: 'RegistryUnreachable' });
    expect(results(unsupported)).toMatchObject({ reason: 'BottlerocketNode', advice: 'a' });
    expect(results({ kind: 'settle', outcome: 'Unreachable', message: 'm' })).toMatchObject({
      outcome: 'Unreachable',
      reason: 'SandboxImageMissing',
      message: 'm',
    });
  });

  it('is recorded whatever the kind of the run, but for a part of the unsupported nodes of a sweep', () => {
    const sweep = aCheck(0, { because: because('sweep') });
    const isRecorded = (decision: Settled, run: typeof sweep, id: number) =>
      settle(run, { instanceId: node(id) }, decision, moment).some(({ kind }) => kind === 'results');
    const ids = Array.from({ length: 48 }, (_, i) => i);
    expect(ids.every((id) => isRecorded(unsupported, aCheck(0), id))).toBe(true);
    expect(ids.every((id) => isRecorded({ kind: 'settle', outcome: 'Unreachable', message: 'm' }, sweep, id))).toBe(
      true,
    );
    const recorded = ids.filter((id) => isRecorded(unsupported, sweep, id)).length;
    expect(recorded).toBeGreaterThan(0);
    expect(recorded).toBeLessThan(ids.length);
  });

  it('without a row gets one only where a registry hold defers it', () => {
    const held = { ...skip, skipReason: 'RegistryHeld', reason: 'RegistryUnreachable', notBefore: at(900) } as const;
    const kinds = (decision: Settled) => settled(decision, null).map(({ kind }) => kind);
    expect(kinds(held)).toEqual(['results', 'enqueue']);
    expect(kinds({ ...skip, notBefore: at(900) })).toEqual(['results']);
    expect(kinds(skip)).toEqual(['results']);
    expect(kinds(unsupported)).toEqual(['results']);
  });

  it('keeps its row until the end of a temporary reason, else for the cool-down', () => {
    expect(settled({ ...skip, notBefore: at(60) }).at(-1)).toMatchObject({
      kind: 'defer',
      notBefore: at(60),
      skipReason: 'Gone',
    });
    expect(settled(skip).at(-1)).toMatchObject({ kind: 'defer', notBefore: at(900) });
    expect(settled(unsupported).at(-1)).toMatchObject({ kind: 'defer', notBefore: at(900) });
  });

  it('is checked because of its own row, or because of the run', () => {
    const check = { kind: 'check', skipReason: 'Observe', message: 'm' } as const;
    const cause = (own: PendingNode | null) =>
      settled(check, own, aRun(0, { because: because('operator', { by: 'mei' }) })).find(
        ({ kind }) => kind === 'enqueue',
      );
    expect(cause(row({ because: { kind: 'alarm' } }))).toMatchObject({ because: { kind: 'alarm' } });
    expect(cause(null)).toMatchObject({ because: { kind: 'operator', by: 'mei', parent: { runId: 'r-1' } } });
  });
});
