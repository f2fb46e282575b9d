import type { ReleaseRow } from '../../../core/api/request.ts';
import { NodeStateRow } from '../../../core/state/node-state.ts';
import { equals } from './expressions.ts';
import { expires, inIndex, type Rows, rowsOf } from './items.ts';
import { index, keys, TABLE } from './keys.ts';
import type { Table } from './table.ts';

/** The quarantines of nodes. */
export type QuarantineStore = {
  /** The states of the quarantined nodes, the longest quarantine first. The read is eventually consistent. */
  readonly quarantined: () => Promise<Rows<NodeStateRow>>;
  /** Ends a quarantine and forgets the attempts that led to it; `none` where the node is not quarantined. */
  readonly release: (row: Omit<ReleaseRow, 'quarantinedAt'>, id: string) => Promise<'released' | 'none'>;
};

/** How long the state of a node without an attempt is kept. */
const RELEASED_DAYS = 7;

/** The quarantines in the audit table. */
export const createQuarantineStore = (table: Table, { retentionDays }: { retentionDays: number }): QuarantineStore => ({
  quarantined: async () => rowsOf(NodeStateRow, await table.items({ index: 'byDue', key: index.quarantine })),
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
    const change = {
      set: { attempts: {}, ...expires(row.at, RELEASED_DAYS) },
      remove: ['quarantinedAt', 'quarantineAdvice', partitionKey, sortKey],
    };
    const released = await table.update(key, change, equals('quarantinedAt', state.quarantinedAt));
    return released === undefined ? 'none' : 'released';
  },
});
