import { refuse } from '../../runtime/answer.ts';
import type { OperatorApiPorts } from '../ports.ts';
import { readLetter } from './read-letter.ts';
import { queueName, type Taken, takeLetters } from './take-letters.ts';

/** The letters to discard: all of a queue, or those with these ids, of one queue or of all. */
export type DiscardRequest = {
  readonly queue?: string | undefined;
  readonly messageIds?: readonly string[] | undefined;
  readonly max: number;
  readonly isDry: boolean;
};

/** The answer of `discard`. */
export type DiscardAnswer = Omit<Taken, 'left'> & {
  readonly discarded: number;
  /** The ids that no queue shows, or that were not reached in the time. */
  readonly notFound?: readonly string[];
};

/** The URLs of the named dead-letter queue, or of all. The refusal of any other lists the queues. */
const urlsOf = ({ deadLetterQueueUrls }: OperatorApiPorts, queue: string | undefined): readonly string[] => {
  if (queue === undefined) return deadLetterQueueUrls;
  const urls = deadLetterQueueUrls.filter((url) => queueName(url) === queue);
  if (urls.length > 0) return urls;
  const allowed = deadLetterQueueUrls.map(queueName);
  return refuse('queue', `${queue} is no dead-letter queue; there are: ${allowed.join(', ')}`, { allowed });
};

/** Deletes letters for good, and counts them by kind. */
export const discardDeadLetters = async (
  deps: OperatorApiPorts,
  { queue, messageIds, max, isDry }: DiscardRequest,
): Promise<DiscardAnswer> => {
  if (queue === undefined && messageIds === undefined) {
    return refuse('queue', 'name a dead-letter queue, or give messageIds', {
      allowed: deps.deadLetterQueueUrls.map(queueName),
    });
  }
  const wanted = messageIds === undefined ? undefined : new Set(messageIds);
  const { left, ...taken } = await takeLetters(deps, urlsOf(deps, queue), Math.min(max, wanted?.size ?? max), {
    isDry,
    treat: async (letter) => {
      if (wanted !== undefined && !wanted.delete(letter.messageId)) return { fate: 'skipped' };
      const { kind } = readLetter(deps, letter.body);
      if (!isDry) {
        const { messageId, reason } = letter;
        deps.log.info('discarding dead letter', { messageId, queue: queueName(letter.queueUrl), kind, why: reason });
      }
      return { fate: 'gone', kind };
    },
  });
  const discarded = Object.values(taken.kinds).reduce((sum, count) => sum + count, 0);
  deps.count('LettersDiscarded', isDry ? 0 : discarded);
  return {
    discarded,
    ...taken,
    ...(wanted === undefined || wanted.size === 0 ? {} : { notFound: [...wanted] }),
  };
};
