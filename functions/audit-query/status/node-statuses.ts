import type { ClusterSeen } from '../../../core/api/cluster-status.ts';
import type { SeenNote } from '../../../core/api/present-state.ts';
import type { NodeStatus } from '../../../core/api/status.ts';
import { defined } from '../../../core/model/defined.ts';
import { meaningOf } from '../../../core/model/outcome.ts';
import { ResultRow } from '../../../core/state/results.ts';
import type { AuditStore } from '../../adapters/table/audit-store.ts';
import { keys } from '../../adapters/table/keys.ts';

const toldOf = (note: SeenNote, row: ResultRow | undefined) => {
  const found = row?.findings?.find(({ remediation }) => remediation === note.remediation);
  const own = found ?? row;
  return {
    message: own?.message ?? meaningOf(note.outcome).meaning,
    ...defined({ advice: row?.advice, method: own?.method }),
  };
};

/** The nodes of a cluster that do not work, with the words of their results, the first `limit` by their ids. */
export const nodeStatuses = async (
  store: AuditStore,
  { policy, present, lanes }: ClusterSeen,
  limit: number,
): Promise<readonly NodeStatus[]> => {
  const notes = present.notes.slice(0, limit);
  const { understood } = await store.rowsAt(
    ResultRow,
    notes.map(({ runId, instanceId }) => keys.result(runId, instanceId)),
  );
  const byKey = new Map(understood.map((row) => [`${row.runId} ${row.instanceId}`, row]));
  const waiting = new Map(
    lanes.flatMap(({ lane, rows }) => rows.map((row) => [`${lane.remediation} ${row.instanceId}`, row] as const)),
  );
  return notes.map((note): NodeStatus => {
    const { instanceId, outcome, reason, remediation, runId, at } = note;
    const skipReason = waiting.get(`${remediation} ${instanceId}`)?.skipped;
    return {
      ...{ kind: 'node-status', cluster: policy.name, instanceId, outcome, remediation, runId, at },
      ...defined({ reason, skipReason }),
      ...toldOf(note, byKey.get(`${runId} ${instanceId}`)),
    };
  });
};
