import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at, LIMITS, node } from '../../test/support/runs.ts';
import { defined } from '../model/defined.ts';
import { Outcome } from '../model/outcome.ts';
import type { Attempt } from '../state/node-state.ts';
import type { ResultRow } from '../state/results.ts';
import {
  adviceOn,
  amends,
  attemptChange,
  clampTimes,
  coolDownEnd,
  countedFailures,
  isAnswer,
  isFailedAttempt,
  isLeftToResult,
  isUnanswered,
  quarantineAdvice,
  withHistory,
  withResult,
} from './attempts.ts';

const Outcomes = fc.constantFrom(...Outcome.options);
const Seconds = fc.integer({ min: -200_000, max: 200_000 });
const AnAttempt: fc.Arbitrary<Attempt> = fc
  .record({
    at: Seconds.map(at),
    outcome: fc.option(Outcomes, { nil: undefined }),
    reason: fc.constantFrom(undefined, 'RegistryUnreachable', 'ExecutionTimedOut', 'DiskFull'),
  })
  .map(({ outcome, reason, ...attempt }) => ({ ...attempt, ...defined({ outcome, reason }) }));
const Attempts = fc.dictionary(fc.constantFrom('r-0', 'r-1', 'r-2', 'r-3', 'r-4'), AnAttempt, {
  noNullPrototype: true,
});

const row = (over: Partial<ResultRow> = {}): ResultRow => ({
  runId: 'r-1',
  cluster: 'demo',
  instanceId: node(0),
  remediation: 'pause-image',
  action: 'repair',
  outcome: 'Repaired',
  message: 'm',
  endedAt: at(0),
  at: at(0),
  ...over,
});

describe('a relapse', () => {
  it('is a repair after another run repaired the node within the relapse time, and nothing else', () => {
    fc.assert(
      fc.property(
        Attempts,
        Outcomes,
        fc.constantFrom('check' as const, 'repair' as const),
        (attempts, outcome, action) => {
          const before = row({ outcome, action });
          const after = withHistory(before, before, attempts, LIMITS);
          const earlier = Object.entries(attempts).filter(([runId, a]) => {
            const ago = (Date.parse(before.endedAt) - Date.parse(a.at)) / 1000;
            return (
              runId !== 'r-1' &&
              /^(Repaired|Relapsed)$/.test(a.outcome ?? '') &&
              ago > 0 &&
              ago <= LIMITS.relapseSeconds
            );
          });
          if (action === 'repair' && outcome === 'Repaired' && earlier.length > 0) {
            expect(after.outcome).toBe('Relapsed');
            expect(earlier.map(([runId, { at }]) => ({ runId, at }))).toContainEqual(after.relapseOf);
          } else expect(after).toBe(before);
        },
      ),
    );
  });

  it.each([
    [-LIMITS.relapseSeconds, 'Relapsed'],
    [-LIMITS.relapseSeconds - 1, 'Repaired'],
    [0, 'Repaired'],
    [-1, 'Relapsed'],
  ])('%i s before this repair makes it %s', (seconds, outcome) => {
    expect(withHistory(row(), row(), { 'r-0': { at: at(seconds), outcome: 'Repaired' } }, LIMITS).outcome).toBe(
      outcome,
    );
  });
});

it("a node's relapse names the run before, and is never one of its own run", () => {
  const attempts = {
    'r-1': { at: at(-1), outcome: 'Repaired' as const },
    'r-0': { at: at(-60), outcome: 'Repaired' as const },
  };
  expect(withHistory(row(), row(), attempts, LIMITS)).toMatchObject({
    outcome: 'Relapsed',
    relapseOf: { runId: 'r-0', at: at(-60) },
  });
  expect(withHistory(row(), row(), { 'r-1': attempts['r-1'] }, LIMITS).outcome).toBe('Repaired');
  expect(withHistory(row(), row({ action: 'check' }), attempts, LIMITS).outcome).toBe('Repaired');
});

describe('an attempt', () => {
  it('is amended by every result of a repair, at the time of its end', () => {
    fc.assert(
      fc.property(Outcomes, fc.constantFrom('check' as const, 'repair' as const), (outcome, action) => {
        const change = attemptChange(row({ outcome, action, reason: 'DiskFull', grade: 2 }));
        if (action === 'check') expect(change).toBeUndefined();
        else if (['Skipped', 'Unsupported'].includes(outcome)) expect(change).toEqual({ kind: 'take-back' });
        else expect(change).toEqual({ kind: 'amend', attempt: { at: at(0), outcome, reason: 'DiskFull', grade: 2 } });
      }),
    );
    expect(attemptChange(row())).toEqual({ kind: 'amend', attempt: { at: at(0), outcome: 'Repaired' } });
  });

  it.each<[string, Partial<ResultRow>, string]>([
    ['whose command ran nowhere', { outcome: 'Unreachable', reason: 'CommandNotDelivered' }, 'take-back'],
    ['whose node was not reached', { outcome: 'Unreachable' }, 'amend'],
    ['that SSM cancelled', { outcome: 'Skipped', skipReason: 'Cancelled' }, 'amend'],
    ['that found the node busy', { outcome: 'Skipped', skipReason: 'Busy' }, 'take-back'],
    ['whose script gives the reason of SSM', { outcome: 'NotRepaired', reason: 'CommandNotDelivered' }, 'amend'],
  ])('%s: %s leads to %s', (_, over, kind) => {
    expect(attemptChange(row(over))?.kind).toBe(kind);
  });

  it('is not replaced by a result of a lower grade', () => {
    const graded = (grade?: number): Attempt => ({ at: at(0), outcome: 'Unknown', ...defined({ grade }) });
    expect(amends(graded(1), undefined)).toBe(true);
    expect(amends(graded(1), { at: at(0) })).toBe(true);
    expect(amends(graded(1), graded(2))).toBe(false);
    expect(amends(graded(2), graded(2))).toBe(true);
    expect(amends(graded(2), graded(1))).toBe(true);
    expect(amends(graded(), graded(1))).toBe(false);
    expect(amends(graded(), graded())).toBe(true);
  });

  it.each<[Outcome | undefined, string | undefined, boolean]>([
    ['NotRepaired', undefined, true],
    ['Relapsed', undefined, true],
    ['TimedOut', 'ExecutionTimedOut', true],
    ['TimedOut', undefined, false],
    ['Unknown', undefined, true],
    ['Repaired', undefined, false],
    ['Healthy', undefined, false],
    ['Unreachable', undefined, false],
    ['Skipped', undefined, false],
    ['Unsupported', undefined, false],
    ['NotRepaired', 'RegistryUnreachable', false],
    ['Unknown', 'RegistryUnreachable', false],
    [undefined, undefined, false],
  ])('that ended %s for %s has failed: %s', (outcome, reason, expected) => {
    expect(isFailedAttempt({ at: at(0), ...defined({ outcome, reason }) })).toBe(expected);
  });

  it.each<[Outcome | undefined, boolean]>([
    [undefined, true],
    ['NotRepaired', true],
    ['TimedOut', true],
    ['Unreachable', false],
    ['Skipped', false],
  ])('%s answers an earlier symptom: %s', (outcome, expected) => {
    expect(isAnswer({ at: at(0), ...defined({ outcome }) })).toBe(expected);
  });

  it('of any kind starts the cool-down, a booked one too', () => {
    expect(coolDownEnd(undefined, LIMITS)).toBeUndefined();
    expect(coolDownEnd({ attempts: {} }, LIMITS)).toBeUndefined();
    const attempts = { a: { at: at(5) }, b: { at: at(60), outcome: 'Unreachable' as const }, c: { at: at(7) } };
    expect(coolDownEnd({ attempts }, LIMITS)).toBe(at(60 + LIMITS.coolDownSeconds));
  });
});

describe('a quarantine', () => {
  it('starts exactly if enough attempts failed, the result is final, and the node is not quarantined yet', () => {
    fc.assert(
      fc.property(Attempts, fc.boolean(), fc.boolean(), (attempts, isFinal, stands) => {
        const state = { attempts, ...(stands ? { quarantinedAt: at(0) } : {}) };
        const counts = (attempt: Attempt) => attempt.at > at(-LIMITS.attemptWindowSeconds) && isFailedAttempt(attempt);
        const failed = Object.values(attempts).filter(counts).length;
        const advice = quarantineAdvice(state, { isFinal, endedAt: at(0), advice: 'grow the disk' }, LIMITS);
        const expected = isFinal && !stands && failed >= LIMITS.quarantineAttempts;
        expect(advice).toBe(expected ? 'grow the disk' : undefined);
      }),
    );
  });

  it('counts the attempts of the window before the result, to the second', () => {
    const old = LIMITS.attemptWindowSeconds;
    const failed = (seconds: number): Attempt => ({ at: at(seconds), outcome: 'NotRepaired' });
    const attempts = { a: failed(0), b: failed(1), c: failed(2), d: { at: at(2), outcome: 'Repaired' as const } };
    expect([old - 1, old, old + 1, old + 2].map((now) => countedFailures(attempts, at(now), LIMITS))).toEqual([
      3, 2, 1, 0,
    ]);
    expect(quarantineAdvice({ attempts }, { isFinal: true, endedAt: at(old - 1) }, LIMITS)).toBeDefined();
    expect(quarantineAdvice({ attempts }, { isFinal: true, endedAt: at(old) }, LIMITS)).toBeUndefined();
  });

  it('does not start again where it holds', () => {
    const attempts = Object.fromEntries(
      ['a', 'b', 'c'].map((id): [string, Attempt] => [id, { at: at(0), outcome: 'Unknown' }]),
    );
    expect(
      quarantineAdvice({ attempts, quarantinedAt: at(1) }, { isFinal: true, endedAt: at(3) }, LIMITS),
    ).toBeUndefined();
  });

  it('has a default advice if the result has none', () => {
    const attempts = Object.fromEntries(
      ['a', 'b', 'c'].map((id): [string, Attempt] => [id, { at: at(0), outcome: 'Unknown' }]),
    );
    expect(quarantineAdvice({ attempts }, { isFinal: true, endedAt: at(3) }, LIMITS)).toMatch(/replace the node/);
  });
});

describe('the times of a script', () => {
  it('are limited to the time between the sending and now, and unchanged within it', () => {
    fc.assert(
      fc.property(Seconds, fc.nat(100_000), Seconds, Seconds, (sent, age, startedAt, endedAt) => {
        const [sentAt, now] = [at(sent), at(sent + age)];
        const times = clampTimes({ sentAt }, { startedAt: at(startedAt), endedAt: at(endedAt) }, now);
        for (const [own, clamped] of [
          [at(startedAt), times.startedAt ?? ''],
          [at(endedAt), times.endedAt],
        ] as const) {
          expect(clamped >= sentAt && clamped <= now).toBe(true);
          if (own >= sentAt && own <= now) expect(clamped).toBe(own);
        }
        expect(clampTimes({ sentAt }, {}, now)).toEqual({ endedAt: now });
      }),
    );
  });
});

describe('the advice on a result', () => {
  const adviceOf = (reason: string) => `about ${reason}`;
  it.each<[Outcome, string | undefined]>([
    ['Repaired', 'about DiskFull'],
    ['Relapsed', 'about DiskFull'],
    ['Healthy', 'about DiskFull'],
    ['NotRepaired', 'about SandboxImageMissing'],
    ['Broken', 'about SandboxImageMissing'],
  ])('%s is %s', (outcome, expected) => {
    expect(adviceOn({ outcome, reason: 'SandboxImageMissing', cause: 'DiskFull' }, adviceOf)).toBe(expected);
    expect(adviceOn({ outcome }, adviceOf)).toBeUndefined();
  });
});

it('one failure and any number of unanswered attempts do not quarantine a node', () => {
  const silent = Array.from({ length: 9 }, (_, i): [string, Attempt] => [
    `r-${i}`,
    { at: at(i * 900), ...defined({ outcome: ([undefined, 'Unreachable', 'TimedOut'] as const)[i % 3] }) },
  ]);
  const attempts: Record<string, Attempt> = {
    ...Object.fromEntries(silent),
    failed: { at: at(0), outcome: 'NotRepaired' },
  };
  expect(quarantineAdvice({ attempts }, { isFinal: true, endedAt: at(3) }, LIMITS)).toBeUndefined();
  const three = {
    ...attempts,
    second: { at: at(1), outcome: 'NotRepaired' as const },
    third: { at: at(2), outcome: 'Relapsed' as const },
  };
  expect(quarantineAdvice({ attempts: three }, { isFinal: true, endedAt: at(3) }, LIMITS)).toBeDefined();
});

describe('an attempt whose result stands in a row of its own', () => {
  const booked = { 'r-0': { at: at(-900) }, 'r-1': { at: at(-60) } };

  it('has the result, unless it is stored with a surer one', () => {
    const repaired = { at: at(0), outcome: 'Repaired', grade: 2 } as const;
    expect(withResult(booked, row({ grade: 2 }))).toEqual({ ...booked, 'r-1': repaired });
    expect(withResult({ 'r-1': repaired }, row({ outcome: 'TimedOut', grade: 1 }))).toEqual({ 'r-1': repaired });
  });

  it('is taken back where the document tried nothing, and there is none of a check or of another run', () => {
    expect(withResult(booked, row({ outcome: 'Skipped', skipReason: 'Busy' }))).toEqual({ 'r-0': booked['r-0'] });
    expect(withResult(booked, row({ action: 'check' }))).toBe(booked);
    expect(withResult(booked, row({ runId: 'r-2' }))).toBe(booked);
  });

  it('is asked about while nothing or silence is stored with it; failures alone are stored with it', () => {
    const asked = Outcome.options.filter((outcome) => isUnanswered({ at: at(0), outcome }));
    expect([isUnanswered({ at: at(0) }), asked]).toEqual([true, ['TimedOut', 'Unreachable']]);
    const left = Outcome.options.filter((outcome) => isLeftToResult({ at: at(0), outcome }));
    expect(left).toEqual(['Broken', 'Unreachable', 'Skipped', 'Repaired', 'Healthy', 'Unsupported']);
    expect(isLeftToResult({ at: at(0) })).toBe(false);
  });
});
