import { without } from '../model/defined.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import type { ThreadRow } from '../state/thread-row.ts';
import type { Notice } from './notice.ts';

/**
 * The next step with a message. `busy`: another copy sends one of the same thread. `stale`: people know something newer.
 * `known`: every topic has it. `send`: these topics do not have it; `row` claims the thread.
 */
export type ThreadStep =
  | { readonly kind: 'busy' | 'stale' | 'known' }
  | { readonly kind: 'send'; readonly topics: readonly string[]; readonly row: ThreadRow };

/** No copy sends for longer: Lambda ends it before. */
const LEASE_MS = 90_000;

/** A message, and when the thing happened that it is about. */
export type Dated = Pick<Notice, 'id' | 'dedupKey'> & { readonly at: string };

const sentTo = (sent: ThreadRow['sent'], id: string): readonly string[] => new Map(Object.entries(sent)).get(id) ?? [];

/**
 * Decides whether a message is sent. Messages of one thread are sent one after the other and in the order of what they are
 * about, however they come: a resolution never precedes its alarm in what people read.
 */
export const threadStep = (
  row: ThreadRow | undefined,
  { id, dedupKey, at }: Dated,
  topics: readonly string[],
  now: string,
): ThreadStep => {
  const busyUntil = isoTime(epochMs(now) + LEASE_MS);
  if (row === undefined) return { kind: 'send', topics, row: { dedupKey, version: 1, at, sent: {}, busyUntil } };
  if (row.busyUntil !== undefined && now < row.busyUntil) return { kind: 'busy' };
  if (at < row.at) return { kind: 'stale' };
  const sent = at === row.at ? row.sent : {};
  const left = topics.filter((topic) => !sentTo(sent, id).includes(topic));
  if (left.length === 0) return { kind: 'known' };
  return { kind: 'send', topics: left, row: { ...row, version: row.version + 1, at, sent, busyUntil } };
};

/** The thread after these topics took the message: the next copy may send. */
export const threadAfter = (row: ThreadRow, id: string, topics: readonly string[]): ThreadRow => ({
  ...without(row, 'busyUntil'),
  version: row.version + 1,
  sent: { ...row.sent, [id]: [...sentTo(row.sent, id), ...topics] },
});
