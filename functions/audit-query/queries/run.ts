import * as z from 'zod';
import { Page } from '../../../core/api/report.ts';
import { RunId } from '../../../core/api/request.ts';
import { healthyNodes } from '../../../core/runs/batch-results.ts';
import { ObservationRow } from '../../../core/state/command-state.ts';
import type { AuditStore } from '../../adapters/table/audit-store.ts';
import { rowOf } from '../../adapters/table/items.ts';
import { keys } from '../../adapters/table/keys.ts';
import { startingWith } from '../../adapters/table/table.ts';
import { PermanentError } from '../../runtime/errors.ts';
import { defineQuery } from '../define-query.ts';
import { type AuditItem, itemsOf, show } from '../items.ts';

/** The nodes that a check found healthy: they have no result row, and are listed in one item. */
const healthyOf = async (store: AuditStore, runId: string): Promise<readonly AuditItem[]> => {
  const items = await itemsOf(store, startingWith(keys.run(runId).pk, keys.observationPrefix));
  const instanceIds = healthyNodes(items.map((item) => rowOf(ObservationRow, item)));
  return instanceIds.length === 0 ? [] : [{ kind: 'healthy', count: instanceIds.length, instanceIds }];
};

export const run = defineQuery({
  name: 'run',
  title: 'Shows a run, then its results in the order of instance ids.',
  payload: z.strictObject({ runId: RunId, ...Page }),
  plan: ({ runId }, store) => ({
    partitions: [{ key: keys.results(runId) }],
    order: 'ascending',
    head: async () => {
      const item = await store.get(keys.run(runId));
      if (item === undefined) throw new PermanentError(`field runId: there is no run ${runId}`);
      // Every node of a repair has a result row, also one that was found healthy.
      return [show(item), ...(item.action === 'check' ? await healthyOf(store, runId) : [])];
    },
  }),
});
