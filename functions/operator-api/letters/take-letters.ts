import pMap from 'p-map';
import type { DeadLetter } from '../../adapters/messaging/dead-letters.ts';
import { asError } from '../../runtime/errors.ts';
import type { OperatorApiPorts } from '../ports.ts';
import type { LetterKind } from './read-letter.ts';

/** No further letter is begun with less time left: the present one needs it, and so does the answer. */
export const RESERVE_MS = 15_000;
/** The most letters that one call looks at, so that its answer stays small. */
const MAX_LOOKED_AT = 1000;
const CONCURRENCY = 10;

/** The end of a letter. */
export type Fate =
  | { readonly fate: 'gone'; readonly kind: LetterKind }
  | { readonly fate: 'left'; readonly kind: LetterKind; readonly why: string }
  /** Not meant. */
  | { readonly fate: 'skipped' };

/** A letter that stays on its queue, and why. */
export type LeftLetter = {
  readonly messageId: string;
  readonly queue: string;
  readonly kind: LetterKind;
  readonly why: string;
};

/** The part of an answer that `replay` and `discard` share. */
export type Taken = {
  /** How many letters of each kind are gone from the dead-letter queues. */
  readonly kinds: Readonly<Partial<Record<LetterKind, number>>>;
  readonly left: readonly LeftLetter[];
  /** Present where the call stopped before it had seen every letter: invoke it again. */
  readonly stoppedBy?: 'max' | 'time' | 'looked-at';
  /** Where it stopped: about how many letters each queue still holds. */
  readonly waiting?: Readonly<Record<string, number>>;
};

/** The name of a queue, from its URL. */
export const queueName = (queueUrl: string): string => queueUrl.slice(queueUrl.lastIndexOf('/') + 1);

/**
 * Takes letters off dead-letter queues while there is time: all queues are asked in parallel, because an empty one takes a
 * second to answer, and the letters are treated one after the other. `treat` decides about each; a letter is deleted only after `treat` is done with it. A letter that came after the beginning is left: it may be one of this call that
 * failed again. The letters that stay are made visible again at the end.
 */
export const takeLetters = async (
  deps: OperatorApiPorts,
  queueUrls: readonly string[],
  max: number,
  { isDry, treat }: { readonly isDry: boolean; readonly treat: (letter: DeadLetter) => Promise<Fate> },
): Promise<Taken> => {
  const startedMs = deps.now().getTime();
  const seen = new Set<string>();
  const hidden: DeadLetter[] = [];
  const left: LeftLetter[] = [];
  const kinds: Partial<Record<LetterKind, number>> = {};
  let taken = 0;

  const settle = async (letter: DeadLetter): Promise<void> => {
    const { messageId } = letter;
    const isNewer = letter.sentAtMs >= startedMs;
    const fate = isNewer ? ({ fate: 'skipped' } as const) : await treat(letter);
    if (fate.fate === 'gone') {
      if (isDry) hidden.push(letter);
      else await deps.letters.remove(letter);
      kinds[fate.kind] = (kinds[fate.kind] ?? 0) + 1;
      taken++;
      return;
    }
    hidden.push(letter);
    if (fate.fate === 'left')
      left.push({ messageId, queue: queueName(letter.queueUrl), kind: fate.kind, why: fate.why });
  };

  const stop = (): Taken['stoppedBy'] => {
    if (deps.remainingMs() <= RESERVE_MS) return 'time';
    if (taken >= max) return 'max';
    return seen.size >= MAX_LOOKED_AT ? 'looked-at' : undefined;
  };

  /** The next letters of these queues. Where a queue cannot be asked, those of the others are shown again. */
  const receive = async (open: readonly string[]): Promise<readonly DeadLetter[]> => {
    const answers = await Promise.allSettled(open.map((url) => deps.letters.receive(url, Math.max(1, max - taken))));
    const letters = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    const fresh = letters.filter(({ messageId }) => !seen.has(messageId));
    const failed = answers.find(({ status }) => status === 'rejected');
    if (failed?.status !== 'rejected') return fresh;
    hidden.push(...fresh);
    throw failed.reason;
  };

  /** Takes the letters of all queues, round by round, until none has another one. */
  const empty = async (): Promise<Taken['stoppedBy']> => {
    let open = queueUrls;
    while (open.length > 0) {
      const fresh = await receive(open);
      for (const [i, letter] of fresh.entries()) {
        const stopped = stop();
        if (stopped !== undefined) {
          hidden.push(...fresh.slice(i));
          return stopped;
        }
        seen.add(letter.messageId);
        await settle(letter);
      }
      open = open.filter((url) => fresh.some(({ queueUrl }) => queueUrl === url));
    }
    return undefined;
  };

  const release = async (): Promise<void> => {
    await pMap(
      hidden,
      async (letter) => {
        try {
          await deps.letters.release(letter);
        } catch (thrown) {
          deps.log.warn('leaving dead letter hidden for a while', {
            messageId: letter.messageId,
            error: asError(thrown),
          });
        }
      },
      { concurrency: CONCURRENCY },
    );
  };

  let stoppedBy: Taken['stoppedBy'];
  try {
    stoppedBy = await empty();
  } finally {
    await release();
  }
  if (stoppedBy === undefined) return { kinds, left };
  const counts = await pMap(queueUrls, async (url) => [queueName(url), await deps.letters.count(url)] as const);
  return { kinds, left, stoppedBy, waiting: Object.fromEntries(counts.filter(([, count]) => count > 0)) };
};
