import { expect, it } from 'vitest';
import type { RunControllerPorts } from './ports.ts';
import { createTurnMemory, withMemory } from './turn-memory.ts';

const memory = () => {
  const clock = { ms: Date.parse('2026-08-22T10:00:00.000Z') };
  const { recall, forget } = createTurnMemory({ now: () => new Date(clock.ms) });
  let asked = 0;
  return { clock, forget, recall, ask: (what: string) => recall(what, async () => ++asked) };
};

it('asks a question once in a moment, and each question for itself', async () => {
  const { ask } = memory();
  expect([await ask('pause'), await ask('pause'), await ask('cancelled'), await ask('pause')]).toEqual([1, 1, 2, 1]);
});

it('asks again after two seconds, as a copy does that was frozen, and after something has changed', async () => {
  const { ask, clock, forget } = memory();
  await ask('pause');
  clock.ms += 1999;
  expect(await ask('pause')).toBe(1);
  clock.ms += 1;
  expect(await ask('pause')).toBe(2);
  forget();
  expect(await ask('pause')).toBe(3);
});

it('remembers an answer from the time of its question, and no failure', async () => {
  const { ask, clock, recall } = memory();
  await expect(recall('pause', () => Promise.reject(new Error('throttled')))).rejects.toThrow('throttled');
  const slow = async (): Promise<number> => {
    clock.ms += 2000;
    return 0;
  };
  expect(await recall('pause', slow)).toBe(0);
  expect(await ask('pause')).toBe(1);
});

it('remembers pauses by action and cluster, and requests by their ids', async () => {
  const asked: string[] = [];
  const told = async (what: string): Promise<undefined> => void asked.push(what);
  const deps = {
    results: { pauseFor: (cluster: string, action: string) => told(`${cluster} ${action}`) },
    requests: { standing: (ids: readonly string[]) => told(ids.join('+')) },
    now: () => new Date(0),
  } as unknown as RunControllerPorts;
  const { results, requests } = withMemory(deps, createTurnMemory(deps));
  for (let step = 0; step < 2; step++) {
    await results.pauseFor('demo', 'check', '');
    await results.pauseFor('demo', 'repair', '');
    await results.pauseFor('other', 'check', '');
    await requests.standing(['q-1']);
    await requests.standing(['q-1', 'q-2']);
  }
  expect(asked).toEqual([...['demo check', 'demo repair', 'other check', 'q-1', 'q-1+q-2']]);
});
