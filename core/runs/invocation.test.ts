import { describe, expect, it } from 'vitest';
import { at, node, START } from '../../test/support/runs.ts';
import type { CommandRow } from '../state/command-state.ts';
import type { ResultRow } from '../state/results.ts';
import { isCut, isRunning, normalizeStatus, readInvocation, tallyOf } from './invocation.ts';

const command = (action: 'check' | 'repair' = 'repair', remediation = 'pause-image'): CommandRow => ({
  commandId: 'c-1',
  runId: 'r-1',
  key: '1',
  group: 'demo/pause-image',
  cluster: 'demo',
  remediation,
  action,
  instanceIds: [node(1)],
  sentAt: START,
  softDeadlineAt: at(90),
  hardDeadlineAt: at(390),
});
const output = (over: Record<string, unknown> = {}): string =>
  JSON.stringify({
    v: 2,
    remediation: 'pause-image',
    action: 'repair',
    outcome: 'Repaired',
    title: 't',
    startedAt: START,
    endedAt: at(5),
    ...over,
  });
const check = (over: Record<string, unknown> = {}): string =>
  output({ remediation: 'node-check', action: 'check', outcome: 'Healthy', ...over });
/** The command of one part of a check. */
const part = (n: number, parts: number): CommandRow => ({ ...command('check', 'node-check'), part: n, parts });
const read = (statusDetails: string, text = output(), of = command()) =>
  readInvocation(of, { instanceId: node(1), statusDetails, output: text });

describe('an invocation', () => {
  it.each(['Pending', 'InProgress', 'In Progress', 'Delayed', 'Cancelling'])('that is %s is not over', (status) => {
    expect(read(status)).toBeUndefined();
    expect(isRunning(status)).toBe(true);
  });

  it.each<[string, object]>([
    ['Success', { outcome: 'Repaired' }],
    ['Failed', { outcome: 'Repaired' }],
    ['ExecutionTimedOut', { outcome: 'TimedOut', reason: 'ExecutionTimedOut' }],
    ['Execution Timed Out', { outcome: 'TimedOut', reason: 'ExecutionTimedOut' }],
    ['DeliveryTimedOut', { outcome: 'Unreachable' }],
    ['Delivery Timed Out', { outcome: 'Unreachable' }],
    ['Undeliverable', { outcome: 'Unreachable' }],
    ['Cancelled', { outcome: 'Skipped', skipReason: 'Cancelled' }],
    ['Canceled', { outcome: 'Skipped', skipReason: 'Cancelled' }],
    ['Terminated', { outcome: 'Skipped', reason: 'CommandNotDelivered', ranNowhere: true }],
    ['InvalidPlatform', { outcome: 'Unsupported' }],
    ['Invalid Platform', { outcome: 'Unsupported' }],
    ['AccessDenied', { outcome: 'Skipped', reason: 'CommandNotDelivered', ranNowhere: true }],
    ['Access Denied', { outcome: 'Skipped', reason: 'CommandNotDelivered', ranNowhere: true }],
    ['TimedOut', { outcome: 'Unknown', reason: 'TimedOut' }],
    ['', { outcome: 'Unknown', reason: 'UnknownStatus' }],
    ['<script>', { outcome: 'Unknown', reason: 'UnknownStatus' }],
  ])('that ended as "%s" is read as %j', (status, expected) => {
    expect(read(status)).toMatchObject(expected);
    expect(isRunning(status)).toBe(false);
  });

  it('uses the outcome that the document reports, if the action can end with it', () => {
    expect(read('Failed', output({ outcome: 'NotRepaired', reason: 'NodeRoleLacksECR' }))).toMatchObject({
      outcome: 'NotRepaired',
      reason: 'NodeRoleLacksECR',
      startedAt: START,
    });
    expect(read('Success', output({ cut: 1 }))).toHaveProperty('cut', 1);
  });

  it('of a part is read if it names the part that was sent', () => {
    expect(read('Success', check({ part: 2, parts: 2 }), part(2, 2))).toMatchObject({ outcome: 'Healthy' });
    expect(read('Success', check({ part: 1, parts: 1 }), command('check', 'node-check'))).toMatchObject({
      outcome: 'Healthy',
    });
  });

  it.each<[string, string, CommandRow]>([
    ['no result', '', command()],
    ['the result of another remediation', output({ remediation: 'cni-files' }), command()],
    ['the result of another action', output({ action: 'check', outcome: 'Healthy' }), command()],
    ['the result of a part, where there is one document', output({ part: 1, parts: 2 }), command()],
    ['the result of another part', check({ part: 1, parts: 2 }), part(2, 2)],
    ['the result of a part of fewer', check({ part: 1, parts: 1 }), part(1, 2)],
    ['the result of the whole check, where there are parts', check(), part(1, 2)],
    ['a repair that only looked', output({ outcome: 'Broken' }), command()],
    ['a check that repaired', output({ action: 'check' }), command('check')],
    ['a check that did not repair', output({ action: 'check', outcome: 'NotRepaired' }), command('check')],
  ])('that succeeded with %s is Unknown', (_, text, of) => {
    expect(read('Success', text, of)).toMatchObject({ outcome: 'Unknown', reason: 'ResultUnreadable' });
  });
});

it.each([
  ['Delivery Timed Out', 'DeliveryTimedOut'],
  ['Canceled', 'Cancelled'],
  ['Success', 'Success'],
])('%s is %s', (status, expected) => {
  expect(normalizeStatus(status)).toBe(expected);
});

describe('the tally that the run derives from a result', () => {
  const row = (over: Partial<ResultRow> = {}): ResultRow => ({
    runId: 'r-1',
    cluster: 'demo',
    instanceId: node(1),
    remediation: 'pause-image',
    action: 'check',
    outcome: 'Broken',
    message: 'm',
    endedAt: at(5),
    at: at(9),
    ...over,
  });
  it.each<[string, ResultRow, object]>([
    ['its outcome and the time of the node', row({ outcome: 'Healthy' }), { outcome: 'Healthy', at: at(5) }],
    [
      'why it was skipped',
      row({ outcome: 'Skipped', skipReason: 'Cancelled' }),
      { outcome: 'Skipped', skipReason: 'Cancelled', at: at(5) },
    ],
    [
      "one remediation's own finding",
      row({ reason: 'SandboxImageMissing', image: 'a/pause:3.5' }),
      {
        outcome: 'Broken',
        reason: 'SandboxImageMissing',
        image: 'a/pause:3.5',
        findings: [['pause-image', 'SandboxImageMissing']],
        at: at(5),
      },
    ],
    [
      'every broken remediation of a node-check',
      row({
        remediation: 'node-check',
        findings: [
          { remediation: 'pause-image', outcome: 'Broken', reason: 'SandboxImageMissing', title: 't', message: 'm' },
          { remediation: 'cri-dockerd', outcome: 'Unsupported', title: 't', message: 'm' },
          { remediation: 'cni-files', outcome: 'Broken', title: 't', message: 'it names no reason' },
        ],
      }),
      { outcome: 'Broken', findings: [['pause-image', 'SandboxImageMissing']], at: at(5) },
    ],
    [
      'that a check named a method without a registry, and the image',
      row({
        remediation: 'node-check',
        findings: [
          {
            remediation: 'pause-image',
            outcome: 'Broken',
            reason: 'SandboxImageUnpinned',
            method: 'pin',
            image: 'a/pause:3.5',
            title: 't',
            message: 'm',
          },
        ],
      }),
      {
        outcome: 'Broken',
        image: 'a/pause:3.5',
        localMethod: true,
        findings: [['pause-image', 'SandboxImageUnpinned']],
        at: at(5),
      },
    ],
    [
      "a repair's word on the registry",
      row({ action: 'repair', outcome: 'NotRepaired', reason: 'RegistryUnreachable' }),
      { outcome: 'NotRepaired', reason: 'RegistryUnreachable', registry: 'silent', at: at(5) },
    ],
  ])('%s', (_, from, expected) => {
    expect(tallyOf(from, from)).toEqual(expected);
  });
});

const SEPARATOR = '\n----------ERROR-------\n';

it.each([
  ['Success', output(), false],
  ['Success', output().slice(0, -1), true],
  ['Failed', `${output().slice(0, 50)}\n---Output truncated---${SEPARATOR}failed to run commands: exit status 1`, true],
  ['Failed', `${output()}\n${SEPARATOR}{`, false],
  ['Success', '{}', false],
  ['Success', '', false],
  ['Success', 'sh: not found', false],
  ['InProgress', '{', false],
  ['ExecutionTimedOut', '{', false],
])('%s with %j came cut: %s', (statusDetails, text, cut) => {
  expect(isCut({ instanceId: node(1), statusDetails, output: text })).toBe(cut);
});
