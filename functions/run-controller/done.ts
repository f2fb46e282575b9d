import type { SendReport } from '../../core/runs/command.ts';
import type { Flushed } from '../../core/runs/step.ts';

/** What the effects of the last step gave, until it is stored. */
export type Done = {
  readonly reports: readonly SendReport[];
  readonly flushed?: Flushed | undefined;
  readonly isHandedOver: boolean;
  /** A call has failed, or the time is over: the turn stores what it knows, and begins nothing. */
  readonly isEnding?: boolean | undefined;
  /** The last decision was not stored: something that it rested on has changed. */
  readonly isRefused?: boolean | undefined;
};

/** Before the first effect. */
export const NOTHING_DONE: Done = { reports: [], isHandedOver: false };
