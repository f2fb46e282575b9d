import { expect, it } from 'vitest';
import { fakeSqs } from '../../../test/support/fake-sqs.ts';
import { createLookQueue } from './look-queue.ts';

const URL = 'https://sqs.example/1/progress';

const world = () => {
  const sqs = fakeSqs();
  return { sqs, looks: createLookQueue({ client: sqs.client, queueUrl: URL, wait: async () => {} }) };
};

it('asks for each look with its own delay, in one call', async () => {
  const { sqs, looks } = world();
  await looks.ask('c-1', [12, 30]);
  expect(sqs.messages(URL).map((m) => [JSON.parse(m.body), m.delaySeconds])).toEqual([
    [{ kind: 'look', commandId: 'c-1', attempt: 1 }, 12],
    [{ kind: 'look', commandId: 'c-1', attempt: 2 }, 30],
  ]);
  expect(sqs.batches).toEqual([2]);
});

it('sends nothing where no look is wanted', async () => {
  const { sqs, looks } = world();
  await looks.ask('c-1', []);
  expect(sqs.batches).toEqual([]);
});

it('sends refused looks again, and throws if one is rejected permanently', async () => {
  const { sqs, looks } = world();
  sqs.refuse('"attempt":2', 1);
  await looks.ask('c-1', [12, 30]);
  expect(sqs.batches).toEqual([2, 1]);
  sqs.refuse('c-2', 9);
  await expect(looks.ask('c-2', [12])).rejects.toThrow(/asking for looks at command c-2: 1 refused after 4 attempts/);
});

it('asks for a wake with its delay, and throws if that is rejected', async () => {
  const { sqs, looks } = world();
  const wake = { kind: 'lane', lane: 'demo/pause-image' } as const;
  await looks.wake(wake, 8);
  expect(sqs.messages(URL).map((m) => [JSON.parse(m.body), m.delaySeconds])).toEqual([[{ kind: 'wake', wake }, 8]]);
  sqs.refuse('pause-image', 9);
  await expect(looks.wake(wake, 8)).rejects.toThrow(/asking for a later wake of demo\/pause-image: 1 refused/);
});
