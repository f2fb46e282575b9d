import type { SendReport } from '../../core/runs/command.ts';
import type { Flushed } from '../../core/runs/step.ts';

/** What the effects of the last step gave, until it is stored. */
export type Done = {
  readonly reports: readonly SendReport[];
  readonly flushed?: Flushed | undefined;
  readonly isHandedOver: boolean;
};

/** Before the first effect. */
export const NOTHING_DONE: Done = { reports: [], isHandedOver: false };
