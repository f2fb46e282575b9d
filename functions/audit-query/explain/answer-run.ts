import type { ExplainedRun } from '../../../core/api/explain.ts';
import { explainRun } from '../../../core/api/explain-lane.ts';
import { RunState } from '../../../core/state/run-state.ts';
import { keys } from '../../adapters/table/keys.ts';
import { refuse } from '../../runtime/answer.ts';
import { type AuditQueryPorts, nowIso } from '../ports.ts';

/** Explains a run. Refuses one that is not stored, or that cannot be read. */
export const answerForRun = async (
  { store, ...deps }: Pick<AuditQueryPorts, 'store' | 'now'>,
  runId: string,
): Promise<ExplainedRun> => {
  const stored = await store.read(RunState, keys.run(runId));
  if (stored.kind === 'row') return explainRun(stored.row, nowIso(deps));
  const why = stored.kind === 'absent' ? `there is no run ${runId}` : stored.problem;
  return refuse('runId', why, { next: 'list the runs of a cluster with runs' });
};
