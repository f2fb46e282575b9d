import type { PauseRow } from '../state/cluster-state.ts';

/** Whether a pause holds back an action now: it covers the action, was not lifted, and its end has not come. */
export const isPausing = (pause: PauseRow, action: 'check' | 'repair', now: string): boolean =>
  pause.state === 'paused' &&
  (pause.until === undefined || now < pause.until) &&
  (action === 'repair' || pause.covers === 'everything');

/** A pause in a sentence, for answers and results. */
export const pauseText = ({ by, at, reason, until }: PauseRow): string =>
  `paused by ${by} at ${at}${until === undefined ? '' : ` until ${until}`}: ${reason}`;

/** A pause in force. */
export type Pause = PauseRow & {
  /** Why the stored pause cannot be read. */
  readonly problem?: string;
};

/** The pause in place of one that cannot be read: it may be in force, so nothing is sent that it may cover. */
export const unreadablePause = (scope: string, problem: string, now: string): Pause => ({
  scope,
  covers: 'everything',
  state: 'paused',
  at: now,
  by: 'fleetmend',
  reason: 'the stored pause cannot be read, so it counts as in force: pause or resume this scope again to replace it',
  problem,
});
