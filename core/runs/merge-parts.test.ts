import { describe, expect, it } from 'vitest';
import { at } from '../../test/support/runs.ts';
import type { Severity } from '../model/reasons.ts';
import type { Reading } from '../state/results.ts';
import { MAX_FINDINGS, mergeParts } from './merge-parts.ts';

const SEVERITIES: Readonly<Record<string, Severity>> = { Grave: 'Fatal', Bad: 'Warning', Slight: 'Info' };
const severityOf = (reason: string): Severity | undefined => SEVERITIES[reason];
const END = at(100);
const merge = (...parts: (Reading | undefined)[]): Reading => mergeParts(parts, severityOf, END);

const reading = (outcome: Reading['outcome'], over: Partial<Reading> = {}): Reading => ({
  outcome,
  message: 'm',
  endedAt: at(1),
  ...over,
});
const healthy = reading('Healthy');
const finding = (reason: string, outcome: 'Broken' | 'Unknown' | 'Skipped' = 'Broken') => ({
  remediation: 'pause-image',
  outcome,
  reason,
  title: 't',
});
const broken = (...reasons: string[]): Reading =>
  reading('Broken', {
    ...(reasons[0] === undefined ? {} : { reason: reasons[0] }),
    findings: reasons.map((r) => finding(r)),
  });
const reasonsOf = ({ findings }: Reading) => findings?.map(({ reason }) => reason);

describe('the result of a check of several parts', () => {
  it.each<[string, readonly (Reading | undefined)[], Reading['outcome']]>([
    ['Healthy where all are', [healthy, healthy], 'Healthy'],
    ['Healthy where the others do not apply to the node', [reading('Unsupported'), healthy], 'Healthy'],
    ['Unsupported where none applies', [reading('Unsupported'), reading('Unsupported')], 'Unsupported'],
    ['Broken where one found a fault', [healthy, broken('Bad'), reading('TimedOut')], 'Broken'],
    ['TimedOut where one is missing', [healthy, undefined], 'TimedOut'],
    ['Unknown where one knows nothing', [healthy, reading('Unknown')], 'Unknown'],
    ['Skipped where one did nothing', [healthy, reading('Skipped', { skipReason: 'Busy' })], 'Skipped'],
  ])('is %s', (_, parts, outcome) => {
    for (const order of [parts, parts.toReversed()]) expect(merge(...order).outcome).toBe(outcome);
  });

  it('has the time of the parts that found something: a part without a finding has no time, but that of its row', () => {
    const found = { ...broken('Bad'), startedAt: at(2), endedAt: at(5) };
    const later = reading('Healthy', { startedAt: at(1), endedAt: at(90) });
    for (const parts of [
      [found, later],
      [reading('Unsupported', { endedAt: at(80) }), found, later],
    ])
      expect(merge(...parts)).toMatchObject({ startedAt: at(1), endedAt: at(5) });
    expect(merge(found, reading('Unknown', { endedAt: at(90) })).endedAt).toBe(at(90));
  });

  it('lists no finding where nothing was found', () => {
    expect(merge(healthy, reading('Unsupported'))).not.toHaveProperty('findings');
  });

  it('of one part is that of the part, as it is', () => {
    const only = broken('Bad');
    expect(mergeParts([only], severityOf, END)).toBe(only);
  });

  it('of one part that is missing is TimedOut too', () => {
    expect(merge(undefined)).toMatchObject({ outcome: 'TimedOut', endedAt: END });
  });

  it('lists findings of one outcome by the severity of their reasons, and takes the worst for itself', () => {
    const merged = merge(broken('Slight'), broken('Unlisted', 'Bad'), broken('Grave'));
    expect(reasonsOf(merged)).toEqual(['Grave', 'Bad', 'Unlisted', 'Slight']);
    expect(merged.reason).toBe('Grave');
  });

  it('lists a finding without a reason between a warning and a mere note', () => {
    const nameless = reading('Broken', { findings: [{ remediation: 'cni', outcome: 'Broken', title: 't' }] });
    expect(reasonsOf(merge(broken('Slight'), nameless, broken('Bad')))).toEqual(['Bad', undefined, 'Slight']);
  });

  it('takes the first of two parts that are equally bad', () => {
    expect(merge(reading('Unknown', { message: 'first' }), reading('Unknown', { message: 'second' }))).toMatchObject({
      message: 'first',
    });
  });

  it('names the part that gave no result', () => {
    const merged = merge(healthy, undefined);
    expect(merged).toMatchObject({ outcome: 'TimedOut', message: 'part 2 of 2 of the check gave no result' });
    expect(merged.findings).toEqual([
      {
        remediation: 'node-check-2',
        outcome: 'TimedOut',
        title: 'Part 2 of the check gave no result',
        message: 'part 2 of 2 of the check gave no result',
      },
    ]);
  });

  it('lists a part that could not run its checks as a finding of its own, with its title', () => {
    const failed = reading('Unknown', {
      title: 'The script failed',
      reason: 'ScriptFailed',
      startedAt: at(0),
      findings: [],
    });
    expect(merge(failed, healthy).findings).toEqual([
      {
        remediation: 'node-check-1',
        outcome: 'Unknown',
        reason: 'ScriptFailed',
        title: 'The script failed',
        message: 'm',
      },
    ]);
  });

  it('lasts from the first start of a part to the last end of one', () => {
    const times = (startedAt: number | undefined, endedAt: number): Reading =>
      reading('Healthy', { endedAt: at(endedAt), ...(startedAt === undefined ? {} : { startedAt: at(startedAt) }) });
    for (const parts of [
      [times(5, 20), times(3, 30), times(undefined, 10)],
      [times(undefined, 10), times(3, 30), times(5, 20)],
    ]) {
      expect(merge(...parts)).toMatchObject({ startedAt: at(3), endedAt: at(30) });
    }
    expect(merge(times(undefined, 1), times(undefined, 2))).not.toHaveProperty('startedAt');
  });

  it('keeps a number of findings, and counts the others with those that did not fit into a part', () => {
    const full = broken(...Array.from({ length: MAX_FINDINGS - 1 }, () => 'Bad'));
    expect(merge(full, broken('Bad'))).not.toHaveProperty('cut');
    const more = merge(full, { ...broken('Bad', 'Bad', 'Slight'), cut: 3 });
    expect(more.findings).toHaveLength(MAX_FINDINGS);
    expect(more.cut).toBe(2 + 3);
    expect(reasonsOf(more)).not.toContain('Slight');
    expect(merge({ ...broken('Bad'), cut: 1 }, { ...broken('Bad'), cut: 2 }).cut).toBe(3);
  });
});
