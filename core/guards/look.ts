import { fnv1a } from '../model/hash.ts';
import { epochMs, isoTime } from '../model/ids.ts';

/** Why a fact could not be read: `retry` passes by itself; `refused` does not. */
export type Unread = {
  readonly kind: 'retry' | 'refused';
  /** What was asked, and the answer: for the message of the decision. */
  readonly problem: string;
};

const FIRST_LOOK_MS = 30_000;
const LONGEST_LOOK_MS = 900_000;
/** Two looks at one node are at least this far apart. */
const SHORTEST_LOOK_MS = 5000;
/** For how long a fact is asked for again. */
const LAST_LOOK_MS = 86_400_000;

/**
 * When a node is looked at again after so many looks: after a share of 30 s, doubling to 15 min. The share comes from a
 * hash, so that the nodes of a failed batch do not come back at once, and a repeated step gives the same time.
 */
export const nextLook = (instanceId: string, looks: number, now: string): string => {
  const longestMs = Math.min(LONGEST_LOOK_MS, FIRST_LOOK_MS * 2 ** looks);
  const share = fnv1a(`${instanceId} ${looks} ${now}`) / 2 ** 32;
  return isoTime(epochMs(now) + SHORTEST_LOOK_MS + Math.floor(share * (longestMs - SHORTEST_LOOK_MS)));
};

/** How many looks a node has had since a time, if each took as long as the longest one of its number. */
const looksSince = (since: string, now: string): number =>
  Math.max(0, Math.floor(Math.log2((epochMs(now) - epochMs(since)) / FIRST_LOOK_MS + 1)));

/** When a node is looked at again that has waited since a time; undefined after a day. */
export const lookAfter = (instanceId: string, since: string, now: string): string | undefined =>
  epochMs(now) - epochMs(since) >= LAST_LOOK_MS ? undefined : nextLook(instanceId, looksSince(since, now), now);
