import { type Outcome, outcomesWith } from '../model/outcome.ts';
import type { Limits } from '../model/policy.ts';
import type { RunState } from '../state/run-state.ts';

const total = (state: Pick<RunState, 'commands'>, outcomes: readonly Outcome[]): number =>
  state.commands.reduce((sum, c) => sum + outcomes.reduce((n, o) => n + (c.counts?.[o] ?? 0), 0), 0);

/** The attributable failures of the run, including those carried over by its lane. */
export const attributableFailuresOf = (state: RunState): number =>
  state.commands.reduce((sum, c) => sum + (c.attributableFailures ?? 0), state.priorAttributableFailures);

/** How many nodes the run has repaired. */
export const repairedOf = (state: RunState): number => total(state, outcomesWith('isRepaired'));

/** How many nodes of the run have passed as canaries. */
export const passedOf = (state: Pick<RunState, 'commands'>): number => total(state, outcomesWith('passesCanary'));

/**
 * How many nodes of the run may be in flight: one while canaries are out, then the start window and one more for
 * every repaired node, up to the cluster's largest budget. Derived from closed commands alone.
 */
export const windowOf = (state: RunState, limits: Limits): number => {
  if (state.action === 'check') return state.startWindow;
  if (passedOf(state) < state.canaries) return 1;
  return Math.min(limits.budgetMaxNodes, state.startWindow + repairedOf(state));
};

/** Whether the run's failures are enough to stop it and open its lane's breaker. */
export const mustOpenBreaker = (state: RunState, limits: Limits): boolean => {
  if (attributableFailuresOf(state) >= limits.attributableFailuresToOpenBreaker) return true;
  // With fewer than five nodes, one failure exceeds any sensible percentage. The count above covers small windows.
  return state.commands.some(
    (c) => c.size >= 5 && ((c.attributableFailures ?? 0) * 100) / c.size > limits.failurePercentToOpenBreaker,
  );
};
