import type { Notice } from '../../core/api/notice.ts';
import { type Dated, threadAfter, threadStep } from '../../core/api/notice-thread.ts';
import { plainText } from '../../core/model/because.ts';
import type { ThreadRow } from '../../core/state/thread-row.ts';
import type { Stored } from '../adapters/table/items.ts';
import { asError } from '../runtime/errors.ts';
import type { NotifierPorts } from './ports.ts';

/** How often a busy thread is read again, and how long a copy waits in between. */
const LOOKS = 20;
const WAIT_MS = 1000;
const MAX_KEY = 300;

/** The topics to which a message goes, by name. */
export type Publish = Readonly<Record<string, () => Promise<void>>>;

type Claim =
  | { readonly kind: 'stale' | 'known' }
  | { readonly kind: 'send'; readonly topics: readonly string[]; readonly row: ThreadRow | undefined };

const claimOf = async (
  { threads, now, wait }: NotifierPorts,
  message: Dated,
  topics: readonly string[],
): Promise<Claim | undefined> => {
  for (let look = 0; look < LOOKS; look++) {
    const standing: Stored<ThreadRow> = await threads.read(message.dedupKey);
    const row = standing.kind === 'row' ? standing.row : undefined;
    const step = threadStep(row, message, topics, now().toISOString());
    if (step.kind === 'stale' || step.kind === 'known') return { kind: step.kind };
    if (step.kind === 'send' && (await threads.put(step.row, standing))) return step;
    await wait(WAIT_MS);
  }
  return undefined;
};

/** The claim of a thread. Where the table fails, the message is sent as it comes: twice or late is better than never. */
const claimed = async (ports: NotifierPorts, message: Dated, topics: readonly string[]): Promise<Claim> => {
  let claim: Claim | undefined;
  try {
    claim = await claimOf(ports, message, topics);
  } catch (thrown) {
    ports.log.error('sending notice without looking at its thread', { ...message, error: asError(thrown) });
    return { kind: 'send', topics, row: undefined };
  }
  if (claim === undefined)
    throw new Error(
      `sending the notice ${message.id}: other copies send messages of ${message.dedupKey}; Lambda repeats it`,
    );
  return claim;
};

/** Notes which topics have a message. It has been sent: a failure here must not send it again. */
const note = async (
  { threads, log }: NotifierPorts,
  row: ThreadRow,
  id: string,
  topics: readonly string[],
): Promise<void> => {
  try {
    await threads.put(threadAfter(row, id, topics), { kind: 'row', row });
  } catch (thrown) {
    log.error('losing the record of a notice that was sent', { id, error: asError(thrown) });
  }
};

/**
 * Sends a message to each topic that does not have it. Messages of one thread go out one after the other and in the order of
 * what they are about. One that comes twice is sent once, but where a copy died between sending it and noting that.
 */
export const sendOnce = async (
  ports: NotifierPorts,
  { id, dedupKey }: Pick<Notice, 'id' | 'dedupKey'>,
  at: string,
  publish: Publish,
): Promise<'sent' | 'stale' | 'known'> => {
  const message = { id: plainText(id, MAX_KEY) || '-', dedupKey: plainText(dedupKey, MAX_KEY) || '-', at };
  const claim = await claimed(ports, message, Object.keys(publish));
  if (claim.kind !== 'send') return claim.kind;
  const { row, topics } = claim;
  const sent: string[] = [];
  try {
    for (const topic of topics) {
      await publish[topic]?.();
      sent.push(topic);
    }
  } finally {
    if (row !== undefined) await note(ports, row, message.id, sent);
  }
  return 'sent';
};
