import { readdirSync, readFileSync } from 'node:fs';
import * as z from 'zod';

const folder = new URL('../../events/samples/signals/', import.meta.url);

/** An event as EventBridge delivers it. */
export const SampleEvent = z.object({
  id: z.string(),
  source: z.string(),
  'detail-type': z.string(),
  time: z.string(),
  resources: z.array(z.string()),
  detail: z.record(z.string(), z.unknown()),
});
export type SampleEvent = z.infer<typeof SampleEvent>;

/** One recorded event: the rule that it is for or nearly for, and whether the rule must match it. */
export type SignalSample = {
  readonly rule: string;
  /** `match-metric`, `miss-ok`, … */
  readonly name: string;
  readonly matches: boolean;
  readonly event: SampleEvent;
};

/** All of `events/samples/signals`: a folder a rule, `match-*.json` and `miss-*.json` in it. */
export const signalSamples = (): readonly SignalSample[] =>
  readdirSync(folder).flatMap((rule) =>
    readdirSync(new URL(`${rule}/`, folder)).map((file): SignalSample => {
      const [, kind, what] = /^(match|miss)-([a-z-]+)\.json$/.exec(file) ?? [];
      if (kind === undefined) throw new Error(`reading the sample ${rule}/${file}: name it match-… or miss-….json`);
      const text = readFileSync(new URL(`${rule}/${file}`, folder), 'utf8');
      return {
        rule,
        name: `${kind}-${what}`,
        matches: kind === 'match',
        event: SampleEvent.parse(JSON.parse(text)),
      };
    }),
  );

/** One sample by `<rule>/<name>`, with these texts replaced wherever they stand (instance ids, clusters, names). */
export const signalSample = (path: string, replacements: Readonly<Record<string, string>> = {}): SampleEvent => {
  let text = readFileSync(new URL(`${path}.json`, folder), 'utf8');
  for (const [from, to] of Object.entries(replacements)) {
    if (!text.includes(from)) throw new Error(`reading the sample ${path}: it has no ${from}`);
    text = text.replaceAll(from, to);
  }
  return SampleEvent.parse(JSON.parse(text));
};
