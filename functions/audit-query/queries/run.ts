import * as z from 'zod';
import { Page } from '../../../core/api/report.ts';
import { RunId } from '../../../core/api/request.ts';
import { healthyNodes, openNodes } from '../../../core/runs/batch-results.ts';
import { ObservationRow } from '../../../core/state/command-state.ts';
import type { AuditStore } from '../../adapters/table/audit-store.ts';
import { rowOf } from '../../adapters/table/items.ts';
import { keys } from '../../adapters/table/keys.ts';
import { startingWith } from '../../adapters/table/table.ts';
import { refuse } from '../../runtime/answer.ts';
import { defineQuery } from '../define-query.ts';
import { type AuditItem, itemsOf, show } from '../items.ts';

const listOf = (kind: string, instanceIds: readonly string[]): readonly AuditItem[] =>
  instanceIds.length === 0 ? [] : [{ kind, count: instanceIds.length, instanceIds: [...instanceIds] }];

/**
 * The nodes of a run that have no result row, in one item of each kind: those that a check found healthy, and those that had
 * not ended when the run's commands were last read. Every other node of a repair has a result row.
 */
const withoutRows = async (store: AuditStore, runId: string, isCheck: boolean): Promise<readonly AuditItem[]> => {
  const items = await itemsOf(store, startingWith(keys.run(runId).pk, keys.observationPrefix));
  const observations = items.map((item) => rowOf(ObservationRow, item));
  return [...listOf('healthy', isCheck ? healthyNodes(observations) : []), ...listOf('open', openNodes(observations))];
};

export const run = defineQuery({
  name: 'run',
  title: 'Shows a run, then its results in the order of instance ids.',
  payload: z.strictObject({ runId: RunId, ...Page }),
  plan: ({ runId }, { store }) => ({
    partitions: [{ key: keys.results(runId) }],
    order: 'ascending',
    head: async () => {
      const item = await store.get(keys.run(runId));
      if (item === undefined) return refuse('runId', `there is no run ${runId}`);
      return [show(item), ...(await withoutRows(store, runId, item.action === 'check'))];
    },
  }),
});
