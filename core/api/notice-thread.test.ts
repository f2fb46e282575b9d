import { describe, expect, it } from 'vitest';
import { at, START } from '../../test/support/runs.ts';
import type { ThreadRow } from '../state/thread-row.ts';
import { threadAfter, threadStep } from './notice-thread.ts';

const TOPICS = ['mail', 'chat'];
const message = (id: string, seconds: number) => ({ id, dedupKey: 'pause/all', at: at(seconds) });
const claimed = (row: ThreadRow | undefined, of: ReturnType<typeof message>, now = START) => {
  const step = threadStep(row, of, TOPICS, now);
  return step.kind === 'send' ? step : expect.fail(step.kind);
};
const whole = (row: ThreadRow | undefined, of: ReturnType<typeof message>) => {
  const step = claimed(row, of);
  return threadAfter(step.row, of.id, step.topics);
};

describe('a message of a thread', () => {
  it('is sent to every topic, and claims the thread meanwhile', () => {
    const { topics, row } = claimed(undefined, message('a', 0));
    expect([topics, row]).toEqual([
      TOPICS,
      { dedupKey: 'pause/all', version: 1, at: START, sent: {}, busyUntil: at(90) },
    ]);
    expect(threadStep(row, message('b', 5), TOPICS, at(89))).toEqual({ kind: 'busy' });
    expect(threadStep(row, message('b', 5), TOPICS, at(90)).kind).toBe('send');
    expect(threadAfter(row, 'a', topics)).toEqual({
      dedupKey: 'pause/all',
      version: 2,
      at: START,
      sent: { a: TOPICS },
    });
  });

  it('that is repeated is known; where one topic did not take it, that one gets it', () => {
    const row = whole(undefined, message('a', 0));
    expect(threadStep(row, message('a', 0), TOPICS, at(1))).toEqual({ kind: 'known' });
    const half = threadAfter(claimed(undefined, message('a', 0)).row, 'a', ['mail']);
    const again = claimed(half, message('a', 0));
    expect(again.topics).toEqual(['chat']);
    expect(threadAfter(again.row, 'a', again.topics).sent).toEqual({ a: TOPICS });
  });

  it('is left out where something newer is known, and goes on from something older', () => {
    const row = whole(whole(undefined, message('alarm', 0)), message('resolution', 60));
    expect(row).toMatchObject({ at: at(60), sent: { resolution: TOPICS }, version: 4 });
    expect(threadStep(row, message('late', 59), TOPICS, at(90))).toEqual({ kind: 'stale' });
    expect(threadStep(row, message('alarm', 0), TOPICS, at(90))).toEqual({ kind: 'stale' });
  });

  it('of the same moment as another one is sent beside it, once', () => {
    const row = whole(whole(undefined, message('a', 0)), message('b', 0));
    expect(row.sent).toEqual({ a: TOPICS, b: TOPICS });
    for (const id of ['a', 'b']) expect(threadStep(row, message(id, 0), TOPICS, at(1)).kind).toBe('known');
  });

  it('whose id is a name of every object is sent as any other', () => {
    const row = whole(undefined, message('a', 0));
    expect(threadStep(row, message('constructor', 0), TOPICS, at(1)).kind).toBe('send');
  });
});
