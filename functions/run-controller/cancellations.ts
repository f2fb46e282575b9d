import type { Cancelled } from '../../core/runs/outbox.ts';
import type { RunState } from '../../core/state/run-state.ts';
import type { Standing } from '../adapters/table/request-store.ts';
import type { RunControllerPorts } from './ports.ts';
import { tellUnreadable } from './tell-unreadable.ts';

const UNREADABLE: Cancelled = { force: false, why: 'its request cannot be read; ask again under a new id' };
const NOT_STORED: Cancelled = { force: false, why: 'its request is not stored any more; ask again under a new id' };

/** Whether an operator asked for exactly this run: its request was stored before it. */
export const isAsked = ({ because, slice, lane }: RunState): boolean =>
  because.kind === 'operator' && slice !== undefined && lane === undefined;

const cancelledOf = (
  deps: RunControllerPorts,
  requestId: string,
  { cancelled, problem }: Standing,
): Cancelled | undefined => {
  if (problem === undefined) return cancelled && { force: cancelled.force };
  tellUnreadable(deps, 'the request is cancelled', { requestId, problem });
  return UNREADABLE;
};

/** Those of the requests that are cancelled. One that cannot be read may be: it counts as cancelled. */
export const cancellationsOf = async (
  deps: RunControllerPorts,
  requestIds: readonly string[],
): Promise<ReadonlyMap<string, Cancelled>> => {
  const standing = await deps.requests.standing(requestIds);
  return new Map(
    [...standing].flatMap(([id, of]) => {
      const cancelled = cancelledOf(deps, id, of);
      return cancelled === undefined ? [] : [[id, cancelled] as const];
    }),
  );
};

/** Whether, and how, a run's request is cancelled. */
export const cancellationOf = async (deps: RunControllerPorts, run: RunState): Promise<Cancelled | undefined> => {
  const of = (await deps.requests.standing([run.requestId])).get(run.requestId);
  if (of !== undefined) return cancelledOf(deps, run.requestId, of);
  return isAsked(run) ? NOT_STORED : undefined;
};
