import * as z from 'zod';
import { type Cancellation, RequestRow } from '../../../core/api/request.ts';
import { pauseNotices } from '../../../core/api/state-notices.ts';
import { NodeId } from '../../../core/model/ids.ts';
import type { PauseRow } from '../../../core/state/cluster-state.ts';
import { isNew, isStored } from './expressions.ts';
import { expires, rowOf, type Stored } from './items.ts';
import { keys, TABLE } from './keys.ts';
import { noNotice, noticeWrite } from './notice-store.ts';
import { createQuarantineStore, type QuarantineStore } from './quarantine-store.ts';
import { createTable, startingWith, type TableOptions } from './table.ts';
import type { Write } from './transaction.ts';

/** How a stored request stands: one that cannot be read has its problem. */
export type Standing = {
  readonly cancelled?: Cancellation | undefined;
  readonly problem?: string;
};

/** Requests, their lists of nodes, their cancellation, and the other rows of people. Every read is strongly consistent. */
export type RequestStore = {
  /**
   * Claims a requestId and stores the request's list of nodes with it. Returns the row that is stored under the id, which is
   * `row` if the id was free.
   */
  readonly claim: (row: RequestRow, nodes: readonly string[]) => Promise<RequestRow>;
  readonly findRequest: (requestId: string) => Promise<RequestRow | undefined>;
  /** As `findRequest`, for whoever goes on where the row cannot be read. */
  readonly readRequest: (requestId: string) => Promise<Stored<RequestRow>>;
  /** The list of nodes of a request; undefined if none is stored. */
  readonly nodes: (requestId: string) => Promise<readonly string[] | undefined>;
  /** Stores the list of nodes of a sweep or a signal; an earlier list stays. Returns the list that is stored. */
  readonly keepNodes: (requestId: string, nodes: readonly string[], at: string) => Promise<readonly string[]>;
  /** The ids of a request's runs, besides one that has the id of the request. */
  readonly runsOf: (requestId: string) => Promise<readonly string[]>;
  /** Cancels a request, in force for the next decision. `row` is stored if the request has none. Returns what stands. */
  readonly cancel: (row: RequestRow, cancelled: Cancellation) => Promise<Cancellation>;
  /** Which of the requests are stored, which of these are cancelled, and which cannot be read. */
  readonly standing: (requestIds: readonly string[]) => Promise<ReadonlyMap<string, Standing>>;
  /** Asks a lane to settle the runs and rows that it holds of a cancelled request. */
  readonly tellLane: (lane: string, requestId: string) => Promise<void>;
  /** The cancelled requests that a lane has yet to settle. */
  readonly cancelledIn: (lane: string) => Promise<readonly string[]>;
  readonly forgetCancelled: (lane: string, requestId: string) => Promise<void>;
  /** Sets a pause or resumes, in force for the next decision, with the record of it and the notices about it. */
  readonly setPause: (row: PauseRow, id: string) => Promise<void>;
  readonly release: QuarantineStore['release'];
};

/** An id has about 20 bytes, and an item at most 400 KB. */
const NODES_PER_ITEM = 10_000;

const NodesRow = z.object({ nodes: z.array(NodeId) });

/** The rows of people in the audit table. */
export const createRequestStore = ({
  retentionDays,
  ...options
}: TableOptions & { readonly retentionDays: number }): RequestStore => {
  const table = createTable(options);
  const findRequest = (requestId: string): Promise<RequestRow | undefined> =>
    table.get(RequestRow, keys.request(requestId));
  const readRequest = (requestId: string): Promise<Stored<RequestRow>> =>
    table.read(RequestRow, keys.request(requestId));

  /** The items of a list, each only where there is none. */
  const nodesWrites = (requestId: string, nodes: readonly string[], at: string): Write[] =>
    Array.from({ length: Math.max(1, Math.ceil(nodes.length / NODES_PER_ITEM)) }, (_, n) => ({
      kind: 'put',
      item: {
        ...keys.requestNodes(requestId, n),
        nodes: nodes.slice(n * NODES_PER_ITEM, (n + 1) * NODES_PER_ITEM),
        ...expires(at, retentionDays),
      },
      condition: isNew,
    }));

  const nodes = async (requestId: string): Promise<readonly string[] | undefined> => {
    const { pk } = keys.request(requestId);
    const items = await table.items(startingWith(pk, keys.requestNodesPrefix));
    return items.length === 0 ? undefined : items.flatMap((item) => rowOf(NodesRow, item).nodes);
  };

  return {
    findRequest,
    readRequest,
    claim: async (row, listed) => {
      const item = { ...keys.request(row.requestId), ...row, ...expires(row.createdAt, retentionDays) };
      const own: Write = { kind: 'put', item, condition: isNew };
      // All or nothing: two calls at once with one id must not leave the answer of one and the nodes of the other.
      const { ok } = await table.transact([own, ...nodesWrites(row.requestId, listed, row.createdAt)]);
      if (ok) return row;
      const stored = await findRequest(row.requestId);
      if (stored === undefined) throw new Error(`claiming request ${row.requestId}: it came and went; ask again`);
      return stored;
    },
    nodes,
    keepNodes: async (requestId, listed, at) => {
      const { ok } = await table.transact(nodesWrites(requestId, listed, at));
      return ok ? listed : ((await nodes(requestId)) ?? listed);
    },
    runsOf: async (requestId) =>
      (await table.items(startingWith(keys.request(requestId).pk, keys.requestRunPrefix))).map((item) =>
        String(item[TABLE.sortKey]).slice(keys.requestRunPrefix.length),
      ),
    cancel: async (row, cancelled) => {
      const key = keys.request(row.requestId);
      const isKept = await table.putNew({ ...key, ...row, cancelled, ...expires(row.createdAt, retentionDays) });
      if (isKept) return cancelled;
      const stored = await readRequest(row.requestId);
      const before = stored.kind === 'row' ? stored.row.cancelled : undefined;
      if (before !== undefined && (before.force || !cancelled.force)) return before;
      await table.update(key, { set: { cancelled } }, isStored);
      return cancelled;
    },
    standing: async (requestIds) => {
      const { understood, unreadable } = await table.rowsAt(RequestRow, requestIds.map(keys.request));
      const idOf = (partitionKey: string) => partitionKey.slice(keys.request('').pk.length);
      return new Map<string, Standing>([
        ...understood.map(({ requestId, cancelled }) => [requestId, { cancelled }] as const),
        ...unreadable.map(({ partitionKey, problem }) => [idOf(partitionKey), { problem }] as const),
      ]);
    },
    tellLane: async (lane, requestId) => {
      await table.put({ ...keys.cancelledRequest(lane, requestId), requestId });
    },
    cancelledIn: async (lane) =>
      (await table.items(startingWith(keys.lane(lane).pk, keys.cancelledPrefix))).map((item) =>
        String(item[TABLE.sortKey]).slice(keys.cancelledPrefix.length),
      ),
    forgetCancelled: async (lane, requestId) => {
      await table.remove(keys.cancelledRequest(lane, requestId));
    },
    setPause: async (row, id) => {
      const { notices, gone } = pauseNotices(row, id);
      await table.transact([
        { kind: 'put', item: { ...keys.pause(row.scope), ...row } },
        { kind: 'put', item: { ...keys.pauseEvent(row.at, id), ...row, ...expires(row.at, retentionDays) } },
        ...notices.map(noticeWrite),
        ...gone.map(noNotice),
      ]);
    },
    release: createQuarantineStore(table, { retentionDays }).release,
  };
};
