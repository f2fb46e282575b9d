import type { ReleaseRow } from '../../../core/api/request.ts';
import { NodeStateRow, salvagedState } from '../../../core/state/node-state.ts';
import { replaceUnreadable } from './aside.ts';
import { equals } from './expressions.ts';
import { expires, inIndex, type Rows, rowsOf } from './items.ts';
import { index, keys, TABLE } from './keys.ts';
import type { Table } from './table.ts';

/** The quarantines of nodes. */
export type QuarantineStore = {
  /** The states of the quarantined nodes, the longest quarantine first. The read is eventually consistent. */
  readonly quarantined: () => Promise<Rows<NodeStateRow>>;
  /**
   * Ends a quarantine and forgets the attempts that led to it; `none` where the node is not quarantined. A state that cannot
   * be read is put aside.
   */
  readonly release: (row: Omit<ReleaseRow, 'quarantinedAt'>, id: string) => Promise<'released' | 'none'>;
};

/** How long the state of a node without an attempt is kept. */
const RELEASED_DAYS = 7;

/** The quarantines in the audit table. */
export const createQuarantineStore = (table: Table, { retentionDays }: { retentionDays: number }): QuarantineStore => ({
  quarantined: async () => rowsOf(NodeStateRow, await table.items({ index: 'byDue', key: index.quarantine })),
  release: async (row, id) => {
    const key = keys.nodeState(row.instanceId, row.remediation);
    const stored = await table.read(NodeStateRow, key);
    const state =
      stored.kind === 'row' ? stored.row : stored.kind === 'absent' ? undefined : salvagedState(stored.item);
    // The node of a row that cannot be read is held back like a quarantined one.
    const quarantinedAt = state?.quarantinedAt ?? (stored.kind === 'unreadable' ? row.at : undefined);
    if (quarantinedAt === undefined || (state?.cluster ?? row.cluster) !== row.cluster) return 'none';
    // The record is written first: a repeated release is better than a release without a record.
    await table.put({
      ...keys.nodeEvent(row.instanceId, row.at, id),
      ...row,
      quarantinedAt,
      ...inIndex('byOwner', index.node(row.instanceId), `${row.at}#${id}#${row.instanceId}`),
      ...expires(row.at, retentionDays),
    });
    if (stored.kind === 'unreadable') {
      const { instanceId, cluster, remediation, at } = row;
      const fresh = { instanceId, cluster, remediation, attempts: {}, ...expires(at, RELEASED_DAYS) };
      return (await replaceUnreadable(table, NodeStateRow, stored.item, fresh, at)) ? 'released' : 'none';
    }
    const { partitionKey, sortKey } = TABLE.byDue;
    const change = {
      set: { attempts: {}, ...expires(row.at, RELEASED_DAYS) },
      remove: ['quarantinedAt', 'quarantineAdvice', partitionKey, sortKey],
    };
    const released = await table.update(key, change, equals('quarantinedAt', quarantinedAt));
    return released === undefined ? 'none' : 'released';
  },
});
