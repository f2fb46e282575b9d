import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { search } from '../../test/deep.ts';
import { signalSamples } from '../../test/support/signal-samples.ts';
import { Policy } from '../model/policy.ts';
import { readSignal, signalSettings } from './read-signal.ts';

const settings = signalSettings(
  Policy.parse({ clusters: [{ name: 'demo', alarms: ['demo-nodes-unwell'] }, { name: 'other' }] }),
);

it('reads or refuses any mutation of any recorded event, and never throws', async () => {
  const events = signalSamples().map(({ event }) => event);
  const paths = (value: unknown, path: readonly string[] = []): readonly (readonly string[])[] =>
    typeof value !== 'object' || value === null
      ? [path]
      : [path, ...Object.entries(value).flatMap(([key, inner]) => paths(inner, [...path, key]))];
  const setAt = (value: unknown, [key, ...rest]: readonly string[], to: unknown): unknown => {
    if (key === undefined) return to;
    const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string, unknown>;
    copy[key] = setAt(copy[key], rest, to);
    return copy;
  };
  const mutated = fc
    .tuple(fc.constantFrom(...events), fc.nat(), fc.anything())
    .map(([event, at, to]) => setAt(event, paths(event)[at % paths(event).length] ?? [], to));
  await fc.assert(
    fc.property(fc.oneof({ weight: 9, arbitrary: mutated }, fc.anything()), (event) => {
      const reading = readSignal(event, settings);
      if (!reading.ok) expect(reading).toEqual({ ok: false, field: expect.any(String), message: expect.any(String) });
      else if (reading.signal.kind === 'node') {
        expect(Date.parse(reading.signal.firstSeenAt)).toBeLessThanOrEqual(Date.parse(reading.signal.lastSeenAt));
      }
    }),
    search('mutated signals', 300),
  );
});
