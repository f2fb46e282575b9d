import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { because, node, nodes, START } from '../../test/support/runs.ts';
import {
  Cancellation,
  InFlightCommand,
  InstanceIds,
  Reason,
  ReleaseRow,
  RemediationName,
  RequestedBy,
  RequestId,
  RequestRow,
  RunAnswer,
  RunId,
  SkippedNode,
} from './request.ts';

const accepts = (schema: z.ZodType, value: unknown): boolean => schema.safeParse(value).success;
const problem = (schema: z.ZodType, value: unknown): string | undefined =>
  schema.safeParse(value).error?.issues[0]?.message;
const of = (length: number): string => 'a'.repeat(length);

describe('a field of a request', () => {
  it.each<[string, z.ZodType, readonly string[], readonly string[]]>([
    [
      'the name of a remediation',
      RemediationName,
      ['cni', 'pause-image', of(2), of(40)],
      ['', 'a', of(41), 'Cni', '-cni', 'cni1', 'a b', ' cni', 'cni '],
    ],
    ['the author', RequestedBy, ['m', of(200)], ['', of(201)]],
    ['the reason', Reason, ['m', of(500)], ['', of(501)]],
    [
      'the id of a run',
      RunId,
      ['r', 'R.1', 'demo/pause-image:2026_1-a', of(100)],
      ['', '.r', '/r', of(101), 'a b', 'a\n', '$a'],
    ],
    ['the id of a request', RequestId, ['q', '7.q_1:a-b', of(100)], ['', '.q', of(101), 'a/b', 'a b', 'a\n', '$a']],
  ])('%s has a form', (_, schema, good, bad) => {
    for (const text of good) expect([text, accepts(schema, text)]).toEqual([text, true]);
    for (const text of bad) expect([text, accepts(schema, text)]).toEqual([text, false]);
  });

  it.each<[string, z.ZodType, unknown, string]>([
    ['a remediation', RemediationName, '', 'not the name of a remediation'],
    ['an author', RequestedBy, '', 'say who asks'],
    ['a reason', Reason, '', 'say why'],
    ['a run', RunId, '', 'not the id of a run'],
    ['a request', RequestId, '', 'expected 1 to 100 letters, digits, or any of . _ : -'],
    ['no node', InstanceIds, [], 'name at least one instance, or leave the field out for the whole cluster'],
    ['too many', InstanceIds, nodes(1001), 'name at most 1000 instances, or leave the field out for the whole cluster'],
    ['one twice', InstanceIds, [node(1), node(1)], 'names an instance twice'],
  ])('that is wrong says what is expected: %s', (_, schema, value, message) => {
    expect(problem(schema, value)).toBe(message);
  });

  it('names up to 1,000 nodes', () => {
    expect(accepts(InstanceIds, nodes(1))).toBe(true);
    expect(accepts(InstanceIds, nodes(1000))).toBe(true);
    expect(accepts(InstanceIds, ['mi-0123456789abcdef0'])).toBe(false);
  });
});

const answer = { requestId: 'q-1', runId: 'r-1', runs: ['r-1'], planned: 1, skipped: [] };

describe('a row of a request', () => {
  const row = {
    ...{ requestId: 'q-1', action: 'repair', cluster: 'demo', remediation: 'cni', because: because('operator') },
    createdAt: START,
  };

  it('keeps what was asked, the answer, and the order to cancel it', () => {
    const cancelled = { at: START, by: 'mei', reason: 'a mistake', force: true };
    expect(RequestRow.parse({ ...row, answer, cancelled })).toEqual({ ...row, answer, cancelled });
    expect(accepts(RequestRow, { ...row, action: 'check' })).toBe(true);
    expect(accepts(RequestRow, { ...row, action: 'reboot' })).toBe(false);
  });

  it('is cancelled without force unless somebody says so', () => {
    expect(Cancellation.parse({ at: START, by: 'mei', reason: 'a mistake' }).force).toBe(false);
  });
});

it('an answer has nodes by id, with a reason each, and is approximate or does not say so', () => {
  const skipped = { instanceId: node(1), skipReason: 'Gone', message: 'm' };
  expect(SkippedNode.parse(skipped)).toEqual(skipped);
  expect(accepts(SkippedNode, { ...skipped, instanceId: 'x' })).toBe(false);
  expect(RunAnswer.parse({ ...answer, approximate: true })).toMatchObject({ approximate: true });
  expect(accepts(RunAnswer, { ...answer, approximate: false })).toBe(false);
  expect(accepts(RunAnswer, { ...answer, planned: -1 })).toBe(false);
});

it('a command that a cancel came too late for is being sent, or was sent', () => {
  const command = { runId: 'r-1', key: '1', status: 'sent', instanceIds: [node(1)] };
  expect(InFlightCommand.parse(command)).toEqual(command);
  expect(accepts(InFlightCommand, { ...command, status: 'sending' })).toBe(true);
  expect(accepts(InFlightCommand, { ...command, status: 'closed' })).toBe(false);
});

it('the release of a quarantine names the node, who released it, and why', () => {
  const row = {
    ...{ event: 'released', instanceId: node(1), cluster: 'demo', remediation: 'cni', quarantinedAt: START },
    ...{ at: START, by: 'mei', reason: 'the disk is new' },
  };
  expect(ReleaseRow.parse(row)).toEqual(row);
  expect(accepts(ReleaseRow, { ...row, event: 'paused' })).toBe(false);
});
