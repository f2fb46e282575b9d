import type * as z from 'zod';
import { isUnanswered, withResult } from '../../../core/guards/attempts.ts';
import type { NodeStateRow } from '../../../core/state/node-state.ts';
import { ResultRow } from '../../../core/state/results.ts';
import { keys } from './keys.ts';
import type { Table } from './table.ts';

/** What later decisions need of a result. */
const ResultBrief = ResultRow.pick({
  runId: true,
  instanceId: true,
  action: true,
  outcome: true,
  skipReason: true,
  reason: true,
  endedAt: true,
  grade: true,
});
type ResultBrief = z.infer<typeof ResultBrief>;

/** The stored results of these nodes in these runs. One that cannot be read is left out. */
export const briefsOf = async (
  table: Pick<Table, 'rowsAt'>,
  asked: readonly Pick<ResultRow, 'runId' | 'instanceId'>[],
): Promise<readonly ResultBrief[]> =>
  asked.length === 0
    ? []
    : (
        await table.rowsAt(
          ResultBrief,
          asked.map(({ runId, instanceId }) => keys.result(runId, instanceId)),
        )
      ).understood;

/** The states with the results of those attempts whose result is not stored with them. */
export const withResults = async <State extends Pick<NodeStateRow, 'instanceId' | 'attempts'>>(
  table: Pick<Table, 'rowsAt'>,
  states: readonly State[],
): Promise<readonly State[]> => {
  const asked = states.flatMap(({ instanceId, attempts }) =>
    Object.entries(attempts).flatMap(([runId, attempt]) => (isUnanswered(attempt) ? [{ runId, instanceId }] : [])),
  );
  const results = Map.groupBy(await briefsOf(table, asked), ({ instanceId }) => instanceId);
  return states.map((state) => ({
    ...state,
    attempts: (results.get(state.instanceId) ?? []).reduce(withResult, state.attempts),
  }));
};
