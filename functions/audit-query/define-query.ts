import { defineEntry, type Entry, type PayloadSchema } from '../../core/api/entry.ts';
import type { AuditQuery } from '../../core/api/report.ts';
import type { AuditStore } from '../adapters/table/audit-store.ts';
import type { Partition } from '../adapters/table/table.ts';
import type { AuditItem } from './items.ts';

/** How a query is answered. */
export type Plan = {
  readonly partitions: readonly Partition[];
  readonly order: 'ascending' | 'descending';
  /** Items that precede the first page. */
  readonly head?: () => Promise<readonly AuditItem[]>;
};

/** A parsed query; `planOf` returns the plan for its answer. */
export type AcceptedQuery = { readonly query: AuditQuery; readonly planOf: (store: AuditStore) => Plan };

/** Defines a query. The schema has the fields of `Page`; the plan reads the table and writes nothing. */
export const defineQuery = <Payload extends Omit<AuditQuery, 'query'>>({
  plan,
  ...entry
}: {
  /** The payload's `query`. Names the sample `events/samples/audit-query-<name>.json`. */
  readonly name: string;
  /** A plain sentence. */
  readonly title: string;
  readonly payload: PayloadSchema<Payload>;
  readonly plan: (payload: Payload, store: AuditStore) => Plan;
}): Entry<AcceptedQuery> =>
  defineEntry(entry, (payload: Payload) => ({
    query: { query: entry.name, ...payload },
    planOf: (store) => plan(payload, store),
  }));
