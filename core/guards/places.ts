import { epochMs } from '../model/ids.ts';
import type { Limits } from '../model/policy.ts';
import type { TrustRow } from '../state/trust-state.ts';
import { holdSeconds } from './holds.ts';
import { isCanary, trippedSteps, type WindowContext, widthOf } from './trust.ts';

/** The nodes that run the document now, or may run it. */
export type InFlight = {
  /** How many of them the run has sent to. */
  readonly own: number;
  /** How many earlier runs of the lane have, which it no longer waits for. */
  readonly left: number;
  /** When the last of them was sent to; without it, no place is given up. */
  readonly lastSentAt?: string | undefined;
};

/** How many nodes a run may send to now, and how many must be free for a command. */
export type Places = { readonly free: number; readonly enough: number };

/**
 * How many nodes may be sent to now: those that the window leaves. Where nodes that do not answer take all of it, one more
 * after a while, and each further one after a longer while: a silent node stops no other, and a document that never ends
 * reaches few.
 */
export const placesOf = (
  trust: TrustRow,
  context: WindowContext,
  { own, left, lastSentAt }: InFlight,
  now: string,
  limits: Pick<Limits, 'canaries' | 'commandWindowPercent' | 'breakerFirstSeconds' | 'breakerMaxSeconds'>,
): Places => {
  const width = widthOf(trust, context, now, limits);
  const budget = context.budget - own;
  const inFlight = own + left;
  if (width === 0 || inFlight < width) {
    const enough = Math.floor((Math.min(context.budget, width) * limits.commandWindowPercent) / 100);
    return { free: Math.min(budget, width - inFlight), enough };
  }
  // A window that is full is no surprise while the document works; a silent canary is one, unless others have failed.
  const known = isCanary(trust, context, now, limits) ? trippedSteps(trust, now, limits) : 2;
  const seconds = holdSeconds(inFlight - width + known, limits);
  const isDue = epochMs(now) >= epochMs(lastSentAt ?? now) + seconds * 1000;
  return { free: isDue ? Math.min(budget, 1) : 0, enough: 1 };
};
