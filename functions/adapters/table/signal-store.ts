import { defined } from '../../../core/model/defined.ts';
import { laneName } from '../../../core/model/lane-name.ts';
import { mergePending, type NewPendingNode } from '../../../core/signals/route.ts';
import { takesFromDay } from '../../../core/signals/unproven.ts';
import { PendingNode, requestsIn } from '../../../core/state/pending-node.ts';
import { replaceUnreadable } from './aside.ts';
import { above, absent, anyOf, isAtVersion, isNew, isStored } from './expressions.ts';
import type { Stored } from './items.ts';
import { type Key, keys } from './keys.ts';
import { laneTouch } from './lane-touch.ts';
import { createTable, type TableOptions } from './table.ts';
import type { WritePace } from './write-pace.ts';

/** The node of a row. */
type RowOf = Pick<NewPendingNode, 'lane' | 'instanceId'>;
/** Rows that were read together: each is taken once, since it may change with its first write. */
export type RowsRead = { readonly take: (node: RowOf) => Stored<PendingNode> | undefined };

/** What is known of a signal's row and of its node. */
export type SignalContext = {
  /** Takes one from a budget where the signal leads to another result; false where that is spent. */
  readonly takeFromDay?: (() => Promise<boolean>) | undefined;
  /** The rows as they were read; a write rests on their versions. */
  readonly rows?: RowsRead;
  /** Whether the node's row says already what the signal says. */
  readonly isRepeat?: (row: PendingNode) => boolean;
};

/** The change of the row of a signal. */
export type PendingChange = 'added' | 'merged' | 'unchanged' | 'repeated' | 'replaced' | 'cut';

/** Stores pending nodes until run-controller reads them. */
export type SignalStore = {
  /** Reads the rows of several nodes at once, strongly consistent. */
  readonly readRows: (nodes: readonly RowOf[]) => Promise<RowsRead>;
  /**
   * Adds a node to its lane, or merges it into the lane's row of the node; `unchanged` for a duplicate, and `repeated` where the
   * row says it already. A row that cannot be read is put aside and `replaced`; `cut` where a budget is spent. Throws after too
   * many collisions with other writers, so that SQS delivers the signal again.
   */
  readonly addPending: (node: NewPendingNode, context?: SignalContext) => Promise<PendingChange>;
  /** Makes the lane due now, so that scheduler finds it even where the wake is lost. Returns the lane's name. */
  readonly touchLane: (cluster: string, remediation: string, now: string) => Promise<string>;
};

const ATTEMPTS = 8;

const keyOf = ({ lane, instanceId }: RowOf): Key => keys.pendingNode(lane, instanceId);
const textOf = ({ pk, sk }: Key): string => pk + sk;

/** Pending nodes of the audit table. */
export const createSignalStore = ({
  newId,
  pace,
  ...options
}: TableOptions & { readonly newId: () => string; readonly pace?: WritePace }): SignalStore => {
  const table = createTable(options);

  const { touch, touchUnreadable } = laneTouch(table);

  return {
    readRows: async (nodes) => {
      const { understood, unreadable } = await table.rowsAt(PendingNode, nodes.map(keyOf));
      const read = new Map<string, Stored<PendingNode>>(nodes.map((node) => [textOf(keyOf(node)), { kind: 'absent' }]));
      for (const row of understood) read.set(textOf(keyOf(row)), { kind: 'row', row });
      // Whoever replaces one needs all of its item.
      for (const { partitionKey: pk, sortKey: sk } of unreadable) read.delete(textOf({ pk, sk }));
      return {
        take: (node) => {
          const text = textOf(keyOf(node));
          const stored = read.get(text);
          read.delete(text);
          return stored;
        },
      };
    },

    addPending: async (node, { takeFromDay, rows, isRepeat } = {}) => {
      const key = keyOf(node);
      let isPaid = false;
      for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
        const stored = rows?.take(node) ?? (await table.read(PendingNode, key));
        const row = stored.kind === 'row' ? stored.row : undefined;
        const next = row === undefined ? node : mergePending(row, node);
        if (next === undefined) return 'unchanged';
        if (row !== undefined && isRepeat?.(row) === true) return 'repeated';
        if (!isPaid && takeFromDay !== undefined && takesFromDay(row)) {
          if (!(await takeFromDay())) return 'cut';
          isPaid = true;
        }
        if (stored.kind === 'unreadable') {
          const { item } = stored;
          const fresh = { ...node, ...requestsIn({ ...item, ...defined({ requestIds: node.requestIds }) }) };
          if (await replaceUnreadable(table, PendingNode, item, fresh, node.lastSeenAt, newId())) return 'replaced';
          continue;
        }
        const item = { ...key, ...next, version: newId() };
        await pace?.(key.pk);
        if (await table.put(item, row === undefined ? isNew : isAtVersion(row.version))) {
          return row === undefined ? 'added' : 'merged';
        }
      }
      throw new Error(
        `adding ${node.instanceId} to ${node.lane}: ${ATTEMPTS} collisions with other writers; SQS delivers the signal again`,
      );
    },

    touchLane: async (cluster, remediation, now) => {
      const lane = laneName(cluster, remediation);
      const isMoved = await touch(lane, now, anyOf(absent('dueAt'), above('dueAt', now)));
      // Where it is due already, run-controller may be about to store that nothing is left to do.
      if (!isMoved)
        await touchUnreadable(lane, now, await table.update(keys.lane(lane), { add: { news: 1 } }, isStored));
      return lane;
    },
  };
};
