import { describe, expect, it } from 'vitest';
import { fakeSqs } from '../../../test/support/fake-sqs.ts';
import { createWakeQueue } from './wake-queue.ts';

const URL = 'https://sqs.example/1/lanes.fifo';

const world = () => {
  const sqs = fakeSqs();
  let ids = 0;
  const waits: number[] = [];
  const wakes = createWakeQueue({
    client: sqs.client,
    queueUrl: URL,
    newId: () => `d${++ids}`,
    wait: async (ms) => {
      waits.push(ms);
    },
  });
  return { sqs, wakes, waits };
};

describe('the wake queue', () => {
  it('sends one message per group, each with a deduplication id of its own', async () => {
    const { sqs, wakes } = world();
    const lane = { kind: 'lane', lane: 'demo/pause-image' } as const;
    await wakes.wake([lane, { kind: 'run', runId: 'r-1' }, lane]);
    await wakes.wake([lane]);
    const sent = sqs.messages(URL);
    expect(sent.map((m) => [m.group, JSON.parse(m.body)])).toEqual([
      ['demo/pause-image', lane],
      ['r-1', { kind: 'run', runId: 'r-1' }],
      ['demo/pause-image', lane],
    ]);
    expect(new Set(sent.map((m) => m.deduplicationId)).size).toBe(3);
  });

  it('sends at most ten a call', async () => {
    const { sqs, wakes } = world();
    await wakes.wake(Array.from({ length: 23 }, (_, i) => ({ kind: 'run', runId: `r-${i}` }) as const));
    expect(sqs.batches).toEqual([10, 10, 3]);
    expect(sqs.messages(URL)).toHaveLength(23);
  });

  it('sends nothing for nothing', async () => {
    const { sqs, wakes } = world();
    await wakes.wake([]);
    expect(sqs.batches).toEqual([]);
  });

  it('sends refused entries of a 200 answer again, and only those', async () => {
    const { sqs, wakes, waits } = world();
    sqs.refuse('r-2', 2);
    await wakes.wake(Array.from({ length: 4 }, (_, i) => ({ kind: 'run', runId: `r-${i}` }) as const));
    expect(sqs.messages(URL).map((m) => m.group)).toEqual(['r-0', 'r-1', 'r-3', 'r-2']);
    expect(sqs.batches).toEqual([4, 1, 1]);
    expect(waits).toEqual([50, 100]);
  });

  it('throws if an entry is rejected permanently', async () => {
    const { sqs, wakes } = world();
    sqs.refuse('r-1', 99);
    await expect(wakes.wake([{ kind: 'run', runId: 'r-1' }])).rejects.toThrow(/waking lanes: 1 refused.*InternalError/);
  });
});
