import type { PauseRow } from '../state/cluster-state.ts';

/** Whether a pause holds back an action now: it covers the action, was not lifted, and its end has not come. */
export const isPausing = (pause: PauseRow, action: 'check' | 'repair', now: string): boolean =>
  pause.state === 'paused' &&
  (pause.until === undefined || now < pause.until) &&
  (action === 'repair' || pause.covers === 'everything');

/** A pause in a sentence, for answers and results. */
export const pauseText = ({ by, at, reason, until }: PauseRow): string =>
  `paused by ${by} at ${at}${until === undefined ? '' : ` until ${until}`}: ${reason}`;
