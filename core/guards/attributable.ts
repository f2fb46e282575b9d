import { meaningOf } from '../model/outcome.ts';
import type { Tally } from '../state/results.ts';

/** The reason that a tally carries when SSM ended the script for its execution timeout. */
export const EXECUTION_TIMED_OUT = 'ExecutionTimedOut';

/**
 * Whether a node's result is a failure attributable to the repair. `Healthy` is neutral. So are node-local failures, a node
 * that was not reached, and a node that is slow.
 */
export const isAttributable = (
  { outcome, reason }: Pick<Tally, 'outcome' | 'reason'>,
  nodeLocal: ReadonlySet<string | undefined>,
): boolean => {
  const { attributable } = meaningOf(outcome);
  switch (attributable) {
    case 'never':
      return false;
    case 'by-reason':
      return !nodeLocal.has(reason);
    case 'on-execution-timeout':
      return reason === EXECUTION_TIMED_OUT;
  }
};
