import type { DeadLetter } from '../../adapters/messaging/dead-letters.ts';
import { RefusedError } from '../../runtime/answer.ts';
import { asError } from '../../runtime/errors.ts';
import type { OperatorApiPorts, Replayer } from '../ports.ts';
import { type LetterReading, readLetter } from './read-letter.ts';
import { repeatRequest } from './repeat-request.ts';
import { type Fate, type Taken, takeLetters } from './take-letters.ts';

/** The answer of `replay`. */
export type ReplayAnswer = Taken & {
  readonly replayed: number;
  /** Ticks of the schedules: the next tick did their work. */
  readonly dropped: number;
};

/** Sends a letter back to its origin; returns why it was not sent. */
const sendBack = async (
  deps: OperatorApiPorts,
  replayer: Replayer,
  reading: Exclude<LetterReading, { readonly stays: string }>,
  { messageId }: DeadLetter,
): Promise<string | undefined> => {
  switch (reading.kind) {
    case 'tick':
      break;
    case 'wake':
      await deps.wakes.wake([reading.wake]);
      break;
    case 'progress':
      await deps.letterReturn.toProgress(reading.event, messageId);
      break;
    case 'signal':
      await deps.letterReturn.toSignals(reading.event, messageId);
      break;
    case 'logs':
      await deps.replayLogs(reading.payload, messageId);
      break;
    case 'request':
      return await repeatRequest(deps, replayer, reading.payload, messageId);
  }
  return undefined;
};

const bringBack = async (
  deps: OperatorApiPorts,
  replayer: Replayer,
  letter: DeadLetter,
  isDry: boolean,
): Promise<Fate> => {
  const reading = readLetter(deps, letter.body);
  const { kind } = reading;
  if ('stays' in reading) return { fate: 'left', kind, why: reading.stays };
  if (isDry) return { fate: 'gone', kind };
  try {
    const why = await sendBack(deps, replayer, reading, letter);
    return why === undefined ? { fate: 'gone', kind } : { fate: 'left', kind, why };
  } catch (thrown) {
    const error = asError(thrown);
    if (!(thrown instanceof RefusedError)) {
      deps.log.error('failing to send back dead letter', { messageId: letter.messageId, kind, error });
    }
    return { fate: 'left', kind, why: `sending it back failed: ${error.message}` };
  }
};

/**
 * Sends at most `max` letters of the dead-letter queues back to their origin, and drops ticks. Each carries a mark that caps
 * its trust at a check. A letter is deleted only after it has been sent.
 */
export const replayDeadLetters = async (
  deps: OperatorApiPorts,
  replayer: Replayer,
  { max, isDry }: { readonly max: number; readonly isDry: boolean },
): Promise<ReplayAnswer> => {
  const taken = await takeLetters(deps, deps.deadLetterQueueUrls, max, {
    isDry,
    treat: (letter) => bringBack(deps, replayer, letter, isDry),
  });
  const { tick: dropped = 0, ...others } = taken.kinds;
  const replayed = Object.values(others).reduce((sum, count) => sum + count, 0);
  deps.count('LettersReplayed', isDry ? 0 : replayed);
  deps.count('TicksDropped', isDry ? 0 : dropped);
  return { replayed, dropped, ...taken };
};
