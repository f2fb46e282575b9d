import { describe, expect, it } from 'vitest';
import { aCheck, aRun, at, nodes, START, sendingRun, sent } from '../../test/support/runs.ts';
import type { RunState } from '../state/run-state.ts';
import { refusalAfter, takenBackOf, withAnswers } from './refusal.ts';

describe('a run whose commands SSM refuses', () => {
  const refusal = refusalAfter({}, 'AccessDenied', START);

  it('tries again after 15 s, then twice as long each time, up to 15 min', () => {
    const waits: number[] = [];
    let known = { refusal: undefined as typeof refusal | undefined };
    for (let i = 0; i < 8; i++) {
      const next = refusalAfter(known, 'AccessDenied', START);
      waits.push((Date.parse(next.notBefore) - Date.parse(START)) / 1000);
      known = { refusal: next };
    }
    expect(waits).toEqual([15, 30, 60, 120, 240, 480, 900, 900]);
    expect(known.refusal).toMatchObject({ count: 8, firstAt: START });
  });

  it('keeps when it was refused first, and so much of the answer as a row has room for', () => {
    expect(refusalAfter({ refusal }, 'x'.repeat(601), at(60))).toMatchObject({
      firstAt: START,
      count: 2,
      message: 'x'.repeat(600),
    });
  });

  const run = sendingRun(2);
  it('says what SSM said', () => {
    const other = withAnswers(run, run, [{ key: '1', kind: 'document-refused', message: 'it is another' }], at(1));
    expect(other.refusal).toMatchObject({ message: 'it is another' });
    const state = withAnswers(run, run, [{ key: '1', kind: 'refused', message: 'AccessDenied' }], at(1));
    expect(state.refusal?.message).toBe('SSM refused the command: AccessDenied');
  });

  it('is one where SSM names invalid ids and none of them is of a check’s command', () => {
    const check: RunState = { ...run, action: 'check' };
    const answer = (key: string, instanceIds: readonly string[], of = check) =>
      withAnswers(of, of, [{ key, kind: 'invalid-ids', instanceIds }], at(1)).refusal?.message;
    expect(answer('1', [], run)).toBeUndefined();
    expect(answer('1', nodes(1))).toBeUndefined();
    expect(answer('1', [])).toContain('InvalidInstanceId without an id of its nodes');
    expect(answer('2', nodes(1))).toContain('InvalidInstanceId without an id of its nodes');
  });

  it('is refused no more once SSM has taken a command', () => {
    const before = { ...run, refusal };
    expect(withAnswers(before, before, [sent('1')], at(1))).toEqual(run);
    const found = { key: '1', kind: 'found', commandId: 'c-1', sentAt: at(1) } as const;
    expect(withAnswers(before, before, [found], at(1))).toEqual(run);
    expect(withAnswers(before, before, [{ key: '1', kind: 'not-sent', notBefore: at(5) }], at(1))).toBe(before);
    expect(withAnswers(run, run, [sent('1')], at(1))).toBe(run);
  });
});

describe('booked attempts', () => {
  const notSent = { key: '1', kind: 'not-sent', notBefore: at(5) } as const;
  it('are taken back where a report proves that nothing ran', () => {
    expect(takenBackOf(sendingRun(2), [notSent])).toEqual(nodes(2));
    expect(takenBackOf(sendingRun(2), [sent('1')])).toEqual([]);
    expect(takenBackOf(sendingRun(2), [{ ...notSent, key: '2' }])).toEqual([]);
  });

  it('are those of commands that were being sent, and a check has none', () => {
    expect(takenBackOf(aRun(2), [notSent])).toEqual([]);
    const { commands } = sendingRun(2);
    expect(takenBackOf(aCheck(0, { commands }), [notSent])).toEqual([]);
    expect(
      takenBackOf({ ...sendingRun(2), commands: commands.map((c) => ({ ...c, status: 'sent' })) }, [notSent]),
    ).toEqual([]);
  });
});
