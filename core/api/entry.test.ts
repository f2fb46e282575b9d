import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineEntry, entriesOf, readEntry } from './entry.ts';

const pause = defineEntry(
  {
    name: 'pause',
    title: 'Pauses a cluster.',
    payload: z.strictObject({ cluster: z.string(), note: z.string().optional(), hours: z.number().default(1) }),
  },
  ({ cluster, hours }) => `${cluster} for ${hours} h`,
);
const resume = defineEntry({ name: 'resume', title: 'Resumes.', payload: z.strictObject({}) }, () => 'resumed');
const read = (payload: unknown) => readEntry('action', [pause, resume], payload);

describe('an entry', () => {
  it('lists its fields in their order, and which of them a payload must have', () => {
    expect(pause).toMatchObject({ name: 'pause', title: 'Pauses a cluster.' });
    expect(pause.fields).toEqual([
      { name: 'cluster', isRequired: true },
      { name: 'note', isRequired: false },
      { name: 'hours', isRequired: false },
    ]);
  });

  it('is found by the name in the payload, and reads the other fields', () => {
    expect(read({ action: 'pause', cluster: 'demo' })).toEqual({ ok: true, value: 'demo for 1 h' });
    expect(read({ action: 'resume' })).toEqual({ ok: true, value: 'resumed' });
  });

  it.each<[string, unknown, string]>([
    ['another name', { action: 'stop' }, 'field action: expected one of pause, resume'],
    ['no name', {}, 'field action: expected one of pause, resume'],
    ['nothing', null, 'field action: expected one of pause, resume'],
    ['a text', 'pause', 'field action: expected one of pause, resume'],
  ])('is not found in a payload with %s, and the names are listed', (_, payload, error) => {
    expect(read(payload)).toEqual({
      ok: false,
      error: { field: 'action', message: error, allowed: ['pause', 'resume'] },
    });
  });

  it('refuses a wrong field by its name, and a payload that is wrong as a whole as such', () => {
    expect(read({ action: 'pause', cluster: 1 })).toMatchObject({ ok: false, error: { field: 'cluster' } });
    expect(pause.read(1)).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('(whole)') },
    });
  });
});

describe('a payload of any size', () => {
  const HUGE: readonly (readonly [string, unknown])[] = [
    ['a text', 'x'.repeat(1_000_000)],
    ['a list', Array.from({ length: 500_000 }, () => 0)],
    ['many fields', Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`field${i}`, 1]))],
  ];
  /** The processor time that the work takes, in milliseconds: the least of three. */
  const cost = (work: () => unknown): number =>
    Math.min(
      ...[1, 2, 3].map(() => {
        const before = process.cpuUsage();
        work();
        const { user, system } = process.cpuUsage(before);
        return (user + system) / 1000;
      }),
    );

  it.each(HUGE)('that is %s costs a few times its parsing, and is answered with a short refusal', (_, payload) => {
    const text = JSON.stringify(payload);
    // A millisecond is what the clock of the processor can tell apart.
    expect(cost(() => read(payload))).toBeLessThanOrEqual(5 * cost(() => JSON.parse(text)) + 1);
    const refused = read(payload);
    expect(refused).toMatchObject({ ok: false, error: { field: 'action' } });
    expect(JSON.stringify(refused).length).toBeLessThan(1000);
  });

  it('is refused for a field that it should not have, by a short message', () => {
    const many = { action: 'pause', ...(HUGE[2]?.[1] as object) };
    const long = { action: 'pause', ['x'.repeat(1_000_000)]: 1 };
    for (const payload of [many, long]) {
      const refused = read(payload);
      expect(refused).toMatchObject({ ok: false, error: { field: 'cluster' } });
      expect(JSON.stringify(refused).length).toBeLessThan(2000);
    }
  });
});

it('the entries of a registry are sorted by name, whatever their order', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ name }));
  expect(entriesOf({ one: b, two: c, three: a } as never)).toEqual([a, b, c]);
  expect(entriesOf({ one: c, two: b, three: a } as never)).toEqual([a, b, c]);
});
