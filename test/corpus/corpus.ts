import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { logReasons } from '../../core/logs/classify/classify.ts';
import { LINE_KINDS } from '../../core/model/log-lines.ts';
import { logRules } from '../../ssm-documents/remediations.ts';

/** A labelled text of the corpus. */
export const CorpusLine = z.strictObject({
  text: z.string().min(1),
  kind: z.enum(LINE_KINDS),
  /** The reason that it proves for the node; null for a look-alike. */
  reason: z.enum(logReasons(logRules)).nullable(),
  /** The reference of the sandbox image that it names. */
  image: z.string().nullable(),
  /** Where the shape was seen, for example `owner/repository#number`. */
  source: z.string().min(5),
  /** It always comes with another line that the subscription filter lets through, and need not pass it itself. */
  companion: z.literal(true).optional(),
  /** No log group has it in this form: a person pasted, cut or translated it, or a tool printed it in a terminal. */
  unshipped: z.literal(true).optional(),
});
export type CorpusLine = z.infer<typeof CorpusLine>;

/**
 * `development`: the classifier was tuned on it. The others were collected and labelled later, run once, and the classifier
 * was then improved on them too: docs/log-signals.md has the results of their first runs.
 */
export const PARTS = ['development', 'held-out', 'blind', 'blind-2', 'blind-3', 'blind-4'] as const;
export type Part = (typeof PARTS)[number];

/** Reads a part of the corpus: one JSON object a line. Throws naming the first line that is no labelled text. */
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
