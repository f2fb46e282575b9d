import * as z from 'zod';
import { defined } from './defined.ts';
import { IsoTime } from './ids.ts';

/** What first led to a request. `relapse`: the node was repaired within the last day, and the fault is there again. */
export const BECAUSE_KINDS = ['log', 'alarm', 'sweep', 'finding', 'operator', 'event', 'new-node', 'relapse'] as const;

/** An earlier request or run that led to this one. */
export const Parent = z.object({ requestId: z.string().optional(), runId: z.string().optional() });
export type Parent = z.infer<typeof Parent>;

/** The most characters of a sample. */
export const MAX_SAMPLE_LENGTH = 300;
/** The most characters of the name of a source. EventBridge allows 256. */
export const MAX_SOURCE_LENGTH = 100;

/** The part of a `because` that does not change while a node waits: everything but its times and its count. */
export const Cause = z.object({
  kind: z.enum(BECAUSE_KINDS),
  /** Of a finding: the check that made it. Of a relapse: the earlier repair. */
  parent: Parent.optional(),
  /** Of a relapse that a check found: that check. */
  foundBy: Parent.optional(),
  /** The person who asked. */
  by: z.string().max(200).optional(),
  /** A log line, the name of an alarm, or the words of a person. Untrusted text, cleaned by {@link sampleOf}. */
  sample: z.string().max(MAX_SAMPLE_LENGTH).optional(),
  /**
   * The most time that passed between the fault and its detection, where it is known. Time to repair begins after it. Of a
   * sweep: since the last sweep that found the node healthy, or the time between two sweeps. Of a signal: until it arrived.
   */
  detectedWithinSeconds: z.number().int().nonnegative().optional(),
});
export type Cause = z.infer<typeof Cause>;

/** Why a request, a run or a result exists: the person, alarm, log line, event, sweep or check behind it. */
export const Because = Cause.extend({
  firstSeenAt: IsoTime,
  lastSeenAt: IsoTime,
  /** How many reports this stands for. */
  count: z.number().int().positive(),
  /** The name of the sender: an event source, or a part of fleetmend. */
  source: z.string().max(MAX_SOURCE_LENGTH),
});
export type Because = z.infer<typeof Because>;

/**
 * Control characters, and those that hide, reorder or break lines: bidi controls, zero width characters, separators. SQS refuses
 * a message with a code point that is none, and an event about such a text would be lost.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/gu;

/** How a cell of a table begins that a spreadsheet would calculate, also behind what it leaves out. */
const FORMULA = /^[\s\u{FFFD}]*[=+\-@|%]/u;

/** Text from outside in one line: each unsafe character replaced by `�`, and at most so many characters. */
export const plainText = (text: string, maxLength: number): string =>
  // A cut inside a surrogate pair leaves half of it, which the replacement also catches.
  text.slice(0, maxLength).replace(UNSAFE, '\u{FFFD}');

/**
 * Text from outside as it is stored and shown: each unsafe character replaced by `�`, an apostrophe before what a
 * spreadsheet would take for a formula, and at most so many characters.
 */
export const cleanText = (text: string, maxLength: number): string => {
  const safe = plainText(text, maxLength);
  return FORMULA.test(safe) ? `'${plainText(safe, maxLength - 1)}` : safe;
};

/** Text from outside as a sample. */
export const sampleOf = (text: string): string => cleanText(text, MAX_SAMPLE_LENGTH);
/** The name of a sender as it is stored. */
export const sourceOf = (text: string): string => cleanText(text, MAX_SOURCE_LENGTH);

/** The cause of something that happened once, with its time. */
export const becauseOnce = (cause: Cause, source: string, at: string): Because => ({
  ...cause,
  firstSeenAt: at,
  lastSeenAt: at,
  count: 1,
  source: sourceOf(source),
});

/** The cause without times: of a node that is handed on and gets times of its own. */
export const causeOf = ({ firstSeenAt, lastSeenAt, count, source, ...cause }: Because): Cause => cause;

const sameOrNone = <Value>(values: readonly Value[]): Value | undefined => {
  const [first] = values;
  return values.every((value) => JSON.stringify(value) === JSON.stringify(first)) ? first : undefined;
};

/**
 * One `because` for many: the kind, the source and the sample of the one seen first, the times and the number of all. A
 * parent or a person stands only where it is the same for all. Undefined for none.
 */
export const becauseOfAll = (all: readonly Because[]): Because | undefined => {
  const [first] = all.toSorted((a, b) => a.firstSeenAt.localeCompare(b.firstSeenAt));
  if (first === undefined) return undefined;
  const { parent, foundBy, by, ...own } = first;
  return {
    ...own,
    ...defined({
      parent: sameOrNone(all.map((one) => one.parent)),
      foundBy: sameOrNone(all.map((one) => one.foundBy)),
      by: sameOrNone(all.map((one) => one.by)),
    }),
    lastSeenAt: all.reduce((last, one) => (one.lastSeenAt > last.lastSeenAt ? one : last)).lastSeenAt,
    count: all.reduce((sum, one) => sum + one.count, 0),
  };
};
