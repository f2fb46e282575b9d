import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWireTable, type TestTable } from '../../../test/support/table.ts';
import type { Pace } from '../pace.ts';
import { createPace } from './pace.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startWireTable();
});
afterAll(() => table.stop());

const START_MS = Date.parse('2026-08-22T10:00:00.000Z');
let counters = 0;
/** A counter that no other test uses. */
const newCounter = (): string => `calls-${++counters}`;

type Send = TestTable['client']['send'];

/** One instance of a function: a clock that only its own waits advance, and its waits. */
const copy = (
  options: { counter?: string; maxPerSecond?: number; startMs?: number; send?: Send } = {},
): { readonly pace: Pace; readonly clock: { ms: number }; readonly waits: number[] } => {
  const clock = { ms: options.startMs ?? START_MS };
  const waits: number[] = [];
  const pace = createPace({
    client: { send: options.send ?? table.client.send.bind(table.client) },
    tableName: table.tableName,
    counter: options.counter ?? newCounter(),
    maxPerSecond: options.maxPerSecond ?? 2,
    now: () => new Date(clock.ms),
    wait: async (ms) => {
      waits.push(ms);
      clock.ms += ms;
    },
  });
  return { pace, clock, waits };
};
/** The counters of the table, by second. */
const takenOf = async (counter: string): Promise<Readonly<Record<string, unknown>>> =>
  Object.fromEntries((await table.items(`RATE#${counter}`)).map((i) => [String(i.sk).slice(11), i.taken]));

describe('a pace of two a second', () => {
  it('lets two calls of a second through, and the third at the start of the next', async () => {
    const { pace, clock, waits } = copy({ startMs: START_MS + 300 });
    const times: number[] = [];
    for (let i = 0; i < 5; i++) {
      await pace();
      times.push(clock.ms - START_MS);
    }
    expect(times).toEqual([300, 300, 1000, 1000, 2000]);
    expect(waits).toEqual([700, 1000]);
  });

  it('is shared by two functions, however their calls alternate', async () => {
    const counter = newCounter();
    const [first, second] = [copy({ counter }), copy({ counter, startMs: START_MS + 10 })];
    const seconds: number[] = [];
    for (let i = 0; i < 10; i++) {
      for (const { pace, clock } of [first, second]) {
        await pace();
        seconds.push(Math.floor((clock.ms - START_MS) / 1000));
      }
    }
    const bySecond = Map.groupBy(seconds, (s) => s);
    expect([...bySecond.values()].map((calls) => calls.length)).toEqual(Array.from({ length: 10 }, () => 2));
    expect(Object.values(await takenOf(counter))).toEqual(Array.from({ length: 10 }, () => 2));
  });

  it('holds for calls of both that are made at the same time', async () => {
    const counter = newCounter();
    const copies = Array.from({ length: 8 }, () => copy({ counter }));
    await Promise.all(copies.map(({ pace }) => pace()));
    expect(await takenOf(counter)).toEqual({ '10:00:00': 2, '10:00:01': 2, '10:00:02': 2, '10:00:03': 2 });
    expect(copies.map(({ clock }) => clock.ms - START_MS).toSorted()).toEqual([
      0, 0, 1000, 1000, 2000, 2000, 3000, 3000,
    ]);
  });

  it('does not count the calls of other counters', async () => {
    const [one, other] = [copy(), copy()];
    for (let i = 0; i < 2; i++) for (const { pace } of [one, other]) await pace();
    expect([one.waits, other.waits]).toEqual([[], []]);
  });

  it('leaves counters that expire', async () => {
    const counter = newCounter();
    await copy({ counter }).pace();
    expect(await table.items(`RATE#${counter}`)).toMatchObject([{ expiresAt: START_MS / 1000 + 600 }]);
  });
});

describe('a clock that is set back', () => {
  it('between calls uses the counter of its current second, and never exceeds the rate', async () => {
    const counter = newCounter();
    const { pace, clock } = copy({ counter });
    await pace();
    await pace();
    clock.ms -= 5000;
    for (let i = 0; i < 12; i++) await pace();
    const taken = Object.values(await takenOf(counter));
    expect(Math.max(...taken.map(Number))).toBe(2);
    expect(taken.reduce<number>((sum, n) => sum + Number(n), 0)).toBe(14);
  });

  it('while a call waits does not make it wait again for seconds that it has waited', async () => {
    const counter = newCounter();
    const full = copy({ counter });
    for (let i = 0; i < 6; i++) await full.pace();
    const clock = { ms: START_MS };
    const waits: number[] = [];
    const pace = createPace({
      client: table.client,
      tableName: table.tableName,
      counter,
      maxPerSecond: 2,
      now: () => new Date(clock.ms),
      wait: async (ms) => {
        waits.push(ms);
        // An hour back, at every wait.
        clock.ms -= 3_600_000;
      },
    });
    await pace();
    expect(waits).toEqual([1000, 1000, 1000]);
    expect(await takenOf(counter)).toMatchObject({ '10:00:03': 1 });
  });
});

describe('a wait that is too long', () => {
  it('fails after 30 seconds, so that the input is delivered again, and names the pace', async () => {
    const counter = newCounter();
    const spent: Send = async (command: unknown) => {
      expect(command).toMatchObject({ input: { UpdateExpression: expect.any(String) } });
      throw Object.assign(new Error('the condition failed'), { name: 'ConditionalCheckFailedException' });
    };
    const { pace, waits } = copy({ counter, send: spent as Send });
    await expect(pace()).rejects.toThrow(`(${counter}): more than 30 s at 2 calls a second`);
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBe(30_000);
  });

  it('is not a write that the table rejected for another reason: that error is thrown at once', async () => {
    const throttled = async () => {
      throw Object.assign(new Error('slow down'), { name: 'ProvisionedThroughputExceededException' });
    };
    const { pace, waits } = copy({ send: throttled as Send });
    await expect(pace()).rejects.toThrow('slow down');
    expect(waits).toEqual([]);
  });
});

it('a write that lost to another function is not counted, and the next second is tried', async () => {
  const counter = newCounter();
  let lost = 0;
  const send = async (command: never) => {
    if (lost++ === 0) {
      // Another function takes the last place between this one's request and its write.
      for (let i = 0; i < 2; i++) await table.client.send(command);
    }
    return table.client.send(command);
  };
  const { pace, clock } = copy({ counter, send: send as Send });
  await pace();
  expect(clock.ms).toBe(START_MS + 1000);
  expect(await takenOf(counter)).toEqual({ '10:00:00': 2, '10:00:01': 1 });
});
