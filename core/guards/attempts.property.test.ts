import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at, LIMITS, node } from '../../test/support/runs.ts';
import { Outcome } from '../model/outcome.ts';
import type { Attempt } from '../state/node-state.ts';
import type { ResultRow } from '../state/results.ts';
import { adviceOn, attemptOf, clampTimes, isFailedAttempt, quarantineAdvice, withHistory } from './attempts.ts';

const Outcomes = fc.constantFrom(...Outcome.options);
const Seconds = fc.integer({ min: -200_000, max: 200_000 });
const AnAttempt: fc.Arbitrary<Attempt> = fc
  .record({
    at: Seconds.map(at),
    outcome: Outcomes,
    reason: fc.constantFrom(undefined, 'RegistryUnreachable', 'DiskFull'),
  })
  .map(({ reason, ...attempt }) => (reason === undefined ? attempt : { ...attempt, reason }));
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
              runId !== 'r-1' && /^(Repaired|Relapsed)$/.test(a.outcome) && ago > 0 && ago <= LIMITS.relapseSeconds
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

describe('an attempt', () => {
  it('is made by a repair that tried something, at the time of its end', () => {
    fc.assert(
      fc.property(Outcomes, fc.constantFrom('check' as const, 'repair' as const), (outcome, action) => {
        const tried = action === 'repair' && !['Skipped', 'Unreachable', 'Unsupported'].includes(outcome);
        expect(attemptOf(row({ outcome, action, reason: 'DiskFull' }))).toEqual(
          tried ? { at: at(0), outcome, reason: 'DiskFull' } : undefined,
        );
      }),
    );
    expect(attemptOf(row())).toEqual({ at: at(0), outcome: 'Repaired' });
  });

  it.each<[Outcome, boolean]>([
    ['NotRepaired', true],
    ['Relapsed', true],
    ['TimedOut', true],
    ['Unknown', true],
    ['Repaired', false],
    ['Healthy', false],
    ['Unreachable', false],
    ['Skipped', false],
    ['Unsupported', false],
  ])('that ended %s has failed: %s', (outcome, expected) => {
    expect(isFailedAttempt({ at: at(0), outcome })).toBe(expected);
    expect(isFailedAttempt({ at: at(0), outcome, reason: 'RegistryUnreachable' })).toBe(false);
  });
});

describe('a quarantine', () => {
  it('starts exactly if enough attempts failed, the result is final, and the node is not quarantined yet', () => {
    fc.assert(
      fc.property(Attempts, fc.boolean(), fc.boolean(), (attempts, isFinal, stands) => {
        const state = { attempts, ...(stands ? { quarantinedAt: at(0) } : {}) };
        const failed = Object.values(attempts).filter(isFailedAttempt).length;
        const advice = quarantineAdvice(state, { isFinal, advice: 'grow the disk' }, LIMITS);
        const expected = isFinal && !stands && failed >= LIMITS.quarantineAttempts;
        expect(advice).toBe(expected ? 'grow the disk' : undefined);
      }),
    );
  });

  it('has a default advice if the result has none', () => {
    const attempts = Object.fromEntries(
      ['a', 'b', 'c'].map((id): [string, Attempt] => [id, { at: at(0), outcome: 'TimedOut' }]),
    );
    expect(quarantineAdvice({ attempts }, { isFinal: true }, LIMITS)).toMatch(/replace the node/);
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
