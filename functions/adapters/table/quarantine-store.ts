import type { ReleaseRow } from '../../../core/api/request.ts';
import { releaseNotice } from '../../../core/api/state-notices.ts';
import { NodeStateRow, salvagedState } from '../../../core/state/node-state.ts';
import { replaceUnreadable } from './aside.ts';
import { equals } from './expressions.ts';
import { expires, inIndex, type Rows, rowsOf } from './items.ts';
import { index, keys, TABLE } from './keys.ts';
import { noticeWrite } from './notice-store.ts';
import type { Table } from './table.ts';
import type { Write } from './transaction.ts';

/** The quarantines of nodes. */
export type QuarantineStore = {
  /** The states of the quarantined nodes, the longest quarantine first. The read is eventually consistent. */
  readonly quarantined: () => Promise<Rows<NodeStateRow>>;
  /**
   * Ends a quarantine and forgets the attempts that led to it, with the record of it and the notice about it; `none` where
   * the node is not quarantined. A state that cannot be read is put aside.
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
    const { instanceId, cluster, remediation, at } = row;
    const records: Write[] = [
      {
        kind: 'put',
        item: {
          ...keys.nodeEvent(instanceId, at, id),
          ...row,
          quarantinedAt,
          ...inIndex('byOwner', index.node(instanceId), `${at}#${id}#${instanceId}`),
          ...expires(at, retentionDays),
        },
      },
      noticeWrite(releaseNotice({ ...row, quarantinedAt })),
    ];
    if (stored.kind === 'unreadable') {
      const fresh = { instanceId, cluster, remediation, attempts: {}, ...expires(at, RELEASED_DAYS) };
      const version = Date.parse(at);
      const isReplaced = await replaceUnreadable(table, NodeStateRow, stored.item, fresh, at, version, records);
      return isReplaced ? 'released' : 'none';
    }
    const { partitionKey, sortKey } = TABLE.byDue;
    const change = {
      set: { attempts: {}, ...expires(at, RELEASED_DAYS) },
      remove: ['quarantinedAt', 'quarantineAdvice', partitionKey, sortKey],
    };
    const { ok } = await table.transact([
      ...records,
      { kind: 'update', key, change, condition: equals('quarantinedAt', quarantinedAt) },
    ]);
    return ok ? 'released' : 'none';
  },
});
