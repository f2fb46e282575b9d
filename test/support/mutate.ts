import * as fc from 'fast-check';

/** Replacement values: of a wrong type, very long, hostile, or with a special meaning. */
const GARBAGE: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    '',
    0,
    -1,
    1e308,
    true,
    [],
    {},
    '*',
    '__proto__',
    'constructor',
    '$(reboot)',
    '../RESULT#x',
    'i-0123456789abcdef0; reboot',
    'mi-0123456789abcdef0',
    '\u0000\u001b[31m\u202e',
    '\ud800',
    '9999-12-31T23:59:59.999Z',
    '+275760-09-13T00:00:00.000Z',
    '1969-12-31T23:59:59Z',
  ),
  fc.string({ maxLength: 60 }),
  fc.integer({ min: 1, max: 3 }).map((n) => 'x'.repeat(10 ** (n + 2))),
  fc.jsonValue({ maxDepth: 3 }),
);

type Step =
  | { readonly kind: 'replace'; readonly at: number; readonly value: unknown }
  | { readonly kind: 'drop'; readonly at: number }
  | { readonly kind: 'add'; readonly at: number; readonly key: string; readonly value: unknown };

const at = fc.nat({ max: 10_000 });
const STEP: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('replace' as const), at, value: GARBAGE }),
  fc.record({ kind: fc.constant('drop' as const), at }),
  fc.record({ kind: fc.constant('add' as const), at, key: fc.string({ maxLength: 20 }), value: GARBAGE }),
);

type Place = { readonly holder: Record<string, unknown>; readonly key: string };

/** Every path in a JSON value. */
const placesOf = (value: unknown): Place[] => {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...placesOf(holder[key])]);
};

const mutate = (sample: unknown, steps: readonly Step[]): unknown => {
  const whole: Record<string, unknown> = { value: structuredClone(sample) };
  for (const step of steps) {
    const places = placesOf(whole);
    const place = places[step.at % places.length];
    if (place === undefined) continue;
    const { holder, key } = place;
    if (step.kind === 'replace') holder[key] = step.value;
    else if (step.kind === 'drop') delete holder[key];
    else
      Object.defineProperty(holder, step.key, {
        value: step.value,
        enumerable: true,
        configurable: true,
        writable: true,
      });
  }
  return whole.value;
};

/** Events: whole samples, samples with up to four places broken, and garbage. */
export const eventsLike = (samples: readonly unknown[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .tuple(fc.constantFrom(...samples), fc.array(STEP, { maxLength: 4 }))
        .map(([s, steps]) => mutate(s, steps)),
    },
    { weight: 1, arbitrary: GARBAGE },
  );

/** Texts of such events as a queue holds them, some of them cut or with a letter changed. */
export const bodiesLike = (samples: readonly unknown[]): fc.Arbitrary<string> =>
  fc
    .tuple(eventsLike(samples), fc.option(fc.tuple(at, fc.string({ maxLength: 3 })), { freq: 5 }))
    .map(([event, cut]) => {
      const text = JSON.stringify(event) ?? 'undefined';
      if (cut === null) return text;
      const [place, instead] = cut;
      return text.slice(0, place % (text.length + 1)) + instead;
    });
