import { epochMs } from '../model/ids.ts';
import type { Limits } from '../model/policy.ts';

/** By how much each step of a hold is longer than the one before it. */
const STEP_FACTOR = 8;
/** The first step that lasts longer than two nodes that lie, or are broken otherwise, may cost the others. */
export const LONG_STEP = 3;

/**
 * How long a hold lasts at its n-th step (n from 1): 8 s, 64 s, about 9 min, 68 min, 9 h, 24 h. Two nodes can bring about the
 * first step alone; a document that always fails reaches few nodes because the steps grow fast.
 */
export const holdSeconds = (step: number, limits: Pick<Limits, 'breakerFirstSeconds' | 'breakerMaxSeconds'>): number =>
  Math.min(limits.breakerMaxSeconds, limits.breakerFirstSeconds * STEP_FACTOR ** (Math.max(1, step) - 1));

/** Whether a node that a command was sent to at a time, and that has no result, is one that nobody waits for any longer. */
export const isSilent = (
  sentAt: string,
  now: string,
  limits: Pick<Limits, 'breakerFirstSeconds' | 'breakerMaxSeconds'>,
): boolean => epochMs(now) >= epochMs(sentAt) + holdSeconds(1, limits) * 1000;

/**
 * How long a registry is held at its n-th hold: as long as a breaker is open at first, then twice as long each time. Nodes that
 * try a silent registry take no harm, and none should wait for a day once it answers again.
 */
export const registryHoldSeconds = (
  holds: number,
  limits: Pick<Limits, 'breakerFirstSeconds' | 'breakerMaxSeconds'>,
): number => {
  const long = holdSeconds(Math.min(holds, LONG_STEP), limits);
  return Math.min(limits.breakerMaxSeconds, long * 2 ** Math.max(0, holds - LONG_STEP));
};

/** A hold that ends so soon is waited for: nobody is told, and no node gets a result for it. */
const SHORT_HOLD_MS = 60_000;

/** Whether a hold ends soon. */
export const isShort = (until: string, now: string): boolean => epochMs(until) - epochMs(now) < SHORT_HOLD_MS;
