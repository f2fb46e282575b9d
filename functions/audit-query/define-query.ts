import type * as z from 'zod';
import { defineEntry, type Entry, type PayloadSchema } from '../../core/api/entry.ts';
import type { AuditQuery } from '../../core/api/report.ts';
import type { Source } from '../adapters/table/audit-store.ts';
import type { AuditItem } from './items.ts';
import type { AuditQueryPorts } from './ports.ts';

/** How a query is answered. */
export type Plan = {
  readonly partitions: readonly Source[];
  readonly order: 'ascending' | 'descending';
  /** Items that precede the first page. */
  readonly head?: () => Promise<readonly AuditItem[]>;
};

/** A part of an answer that is computed, and where the next part begins. */
export type Computed = { readonly items: readonly AuditItem[]; readonly next?: string };

/** A parsed query: it has a plan of what is read, or an answer that is computed. */
export type AcceptedQuery = { readonly query: AuditQuery } & (
  | { readonly planOf: (deps: AuditQueryPorts) => Plan | Promise<Plan> }
  | { readonly answerOf: (deps: AuditQueryPorts) => Promise<Computed> }
);

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
  readonly plan: (payload: Payload, deps: AuditQueryPorts) => Plan | Promise<Plan>;
}): Entry<AcceptedQuery> =>
  defineEntry(entry, (payload: Payload) => ({
    query: { query: entry.name, ...payload },
    planOf: (deps) => plan(payload, deps),
  }));

/** Defines a query whose answer is computed from what the table and AWS show. `items` is the schema of its items. */
export const defineAnswer = <Payload extends Omit<AuditQuery, 'query'>, Shown extends { readonly kind: string }>({
  answer,
  items,
  ...entry
}: {
  readonly name: string;
  readonly title: string;
  readonly payload: PayloadSchema<Payload>;
  readonly items: z.ZodType<Shown>;
  readonly answer: (
    payload: Payload,
    deps: AuditQueryPorts,
  ) => Promise<{ readonly items: readonly Shown[]; readonly next?: string }>;
}): Entry<AcceptedQuery> & { readonly items: z.ZodType<Shown> } => ({
  items,
  ...defineEntry(entry, (payload: Payload) => ({
    query: { query: entry.name, ...payload },
    answerOf: async (deps: AuditQueryPorts) => {
      const { items: shown, ...rest } = await answer(payload, deps);
      return { ...rest, items: shown };
    },
  })),
});
