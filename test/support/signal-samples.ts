import { readdirSync, readFileSync } from 'node:fs';
import * as z from 'zod';

const folder = new URL('../../events/samples/', import.meta.url);

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

/** One recorded event of a signal or an internal rule: a match, or a near miss. */
export type Sample = {
  /** The signal or rule to whose folder the sample belongs. */
  readonly rule: string;
  /** `match-metric`, `miss-ok`, … */
  readonly name: string;
  readonly matches: boolean;
  readonly event: SampleEvent;
};

const readSamples = (kind: 'signals' | 'rules'): readonly Sample[] => {
  const folders = readdirSync(new URL(kind, folder), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.flatMap(({ name: rule }) =>
    readdirSync(new URL(`${kind}/${rule}/`, folder)).map((file): Sample => {
      const path = `${kind}/${rule}/${file}`;
      const [, verdict, what] = /^(match|miss)-([a-z-]+)\.json$/.exec(file) ?? [];
      if (verdict === undefined) throw new Error(`reading the sample ${path}: name it match-….json or miss-….json`);
      const event = SampleEvent.parse(JSON.parse(readFileSync(new URL(path, folder), 'utf8')));
      return { rule, name: `${verdict}-${what}`, matches: verdict === 'match', event };
    }),
  );
};

/** The samples of every signal, by folder: `events/samples/signals/<name>/{match,miss}-*.json`. */
export const signalSamples = (): readonly Sample[] => readSamples('signals');

/** The samples of every internal rule: `events/samples/rules/<name>/{match,miss}-*.json`. */
export const internalRuleSamples = (): readonly Sample[] => readSamples('rules');

/** One sample of a signal by `<name>/<sample>`, with each key of `replacements` replaced by its value everywhere. */
export const signalSample = (path: string, replacements: Readonly<Record<string, string>> = {}): SampleEvent => {
  let text = readFileSync(new URL(`signals/${path}.json`, folder), 'utf8');
  for (const [from, to] of Object.entries(replacements)) {
    if (!text.includes(from)) throw new Error(`reading the sample ${path}: it has no ${from}`);
    text = text.replaceAll(from, to);
  }
  return SampleEvent.parse(JSON.parse(text));
};
