import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { LINE_KINDS, LOG_REASONS } from '../../core/logs/classify/classify.ts';

/** One labelled text of the corpus. */
export const CorpusLine = z.strictObject({
  text: z.string().min(1),
  kind: z.enum(LINE_KINDS),
  /** The reason that it shows; null for a look-alike. */
  reason: z.enum(LOG_REASONS).nullable(),
  /** The sandbox image that it names, as a reference. */
  image: z.string().nullable(),
  /** Where the shape was seen: a section of the facts, a seed, or `owner/repository#number`. */
  source: z.string().min(5),
  /** It never comes without another line that the coarse filter lets through, and need not pass it itself. */
  companion: z.literal(true).optional(),
});
export type CorpusLine = z.infer<typeof CorpusLine>;

/**
 * `development`: the classifier was tuned on it. The others were collected and labelled later, run once, and then repaired
 * upon too: docs/hearing.md has what their first runs gave.
 */
export const PARTS = ['development', 'held-out', 'blind', 'blind-2', 'blind-3'] as const;
export type Part = (typeof PARTS)[number];

/** Reads a part of the corpus: one JSON object a line. Throws naming the line that is none. */
export const readCorpus = (part: Part): readonly CorpusLine[] =>
  readFileSync(new URL(`${part}.jsonl`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line, i) => {
      try {
        return CorpusLine.parse(JSON.parse(line));
      } catch (cause) {
        throw new Error(`reading ${part}.jsonl, line ${i + 1}`, { cause });
      }
    });
