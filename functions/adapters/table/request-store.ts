import { type CancelRow, type ReleaseRow, RequestRow } from '../../../core/api/request.ts';
import type { PauseRow } from '../../../core/state/cluster-state.ts';
import { NodeStateRow } from '../../../core/state/node-state.ts';
import { equals } from './expressions.ts';
import { expires, inIndex } from './items.ts';
import { index, keys, TABLE } from './keys.ts';
import { createTable, type TableOptions } from './table.ts';

/** The writes of operator-api besides runs. */
export type RequestStore = {
  /** Claims a requestId: returns the row that is stored under it, which is `row` if the id was free. */
  readonly claim: (row: RequestRow) => Promise<RequestRow>;
  readonly findRequest: (requestId: string) => Promise<RequestRow | undefined>;
  /** Sets a pause or resumes, in force for the next decision, then writes the record of it. */
  readonly setPause: (row: PauseRow, id: string) => Promise<void>;
  /** Ends a quarantine and forgets the attempts that led to it; `none` where the node is not quarantined. */
  readonly release: (row: Omit<ReleaseRow, 'quarantinedAt'>, id: string) => Promise<'released' | 'none'>;
  readonly requestCancel: (row: CancelRow) => Promise<void>;
};

/** The operators' rows of the audit table. */
export const createRequestStore = ({
  retentionDays,
  ...options
}: TableOptions & { readonly retentionDays: number }): RequestStore => {
  const table = createTable(options);
  const findRequest = (requestId: string): Promise<RequestRow | undefined> =>
    table.get(RequestRow, keys.request(requestId));

  return {
    findRequest,
    claim: async (row) => {
      const item = { ...keys.request(row.requestId), ...row, ...expires(row.createdAt, retentionDays) };
      if (await table.putNew(item)) return row;
      const stored = await findRequest(row.requestId);
      if (stored === undefined) throw new Error(`claiming request ${row.requestId}: it came and went; ask again`);
      return stored;
    },
    setPause: async (row, id) => {
      await table.put({ ...keys.pause(row.scope), ...row });
      await table.put({ ...keys.pauseEvent(row.at, id), ...row, ...expires(row.at, retentionDays) });
    },
    release: async (row, id) => {
      const key = keys.nodeState(row.instanceId, row.remediation);
      const state = await table.get(NodeStateRow, key);
      if (state?.quarantinedAt === undefined || state.cluster !== row.cluster) return 'none';
      // The record is written first: a repeated release is better than a release without a record.
      await table.put({
        ...keys.nodeEvent(row.instanceId, row.at, id),
        ...row,
        quarantinedAt: state.quarantinedAt,
        ...inIndex('byOwner', index.node(row.instanceId), `${row.at}#${id}#${row.instanceId}`),
        ...expires(row.at, retentionDays),
      });
      const { partitionKey, sortKey } = TABLE.byDue;
      const change = { set: { attempts: {} }, remove: ['quarantinedAt', 'quarantineAdvice', partitionKey, sortKey] };
      const released = await table.update(key, change, equals('quarantinedAt', state.quarantinedAt));
      return released === undefined ? 'none' : 'released';
    },
    requestCancel: async (row) => {
      await table.put({ ...keys.cancelRequest(row.runId), ...row, ...expires(row.at, retentionDays) });
    },
  };
};
