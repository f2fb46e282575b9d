import { relapseOf } from '../guards/attempts.ts';
import type { Because } from '../model/because.ts';
import { defined } from '../model/defined.ts';
import type { Limits } from '../model/policy.ts';
import type { NodeStateRow } from '../state/node-state.ts';
import { becauseOfRow, type PendingNode } from '../state/pending-node.ts';
import type { RunState } from '../state/run-state.ts';

/** A fault that is there again after a repair leads back to that repair, and to the check that found it. */
const withRelapse = (
  because: Because,
  run: Pick<RunState, 'runId'>,
  state: NodeStateRow | undefined,
  limits: Pick<Limits, 'relapseSeconds'>,
): Because => {
  const earlier = relapseOf({ runId: run.runId, endedAt: because.lastSeenAt }, state?.attempts ?? {}, limits);
  if (earlier === undefined) return because;
  return { ...because, kind: 'relapse', parent: { runId: earlier[0] }, ...defined({ foundBy: because.parent }) };
};

/** Why each node of a command is in it, where that differs from the run's `because`. `rows` are the nodes' pending rows. */
export const becausesOfNodes = (
  run: Pick<RunState, 'runId' | 'because'>,
  rows: readonly PendingNode[],
  states: ReadonlyMap<string, NodeStateRow>,
  limits: Pick<Limits, 'relapseSeconds'>,
): Readonly<Record<string, Because>> =>
  Object.fromEntries(
    rows.flatMap((row) => {
      const own = withRelapse(becauseOfRow(row), run, states.get(row.instanceId), limits);
      return JSON.stringify(own) === JSON.stringify(run.because) ? [] : [[row.instanceId, own]];
    }),
  );
