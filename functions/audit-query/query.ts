import { entriesOf, readEntry } from '../../core/api/entry.ts';
import type { Answer } from '../../core/api/refusal.ts';
import { type AuditQuery, cursorOf, type Position, readCursor } from '../../core/api/report.ts';
import { defined } from '../../core/model/defined.ts';
import { fits, type Source } from '../adapters/table/audit-store.ts';
import { answered, RefusedError, refuse } from '../runtime/answer.ts';
import { type AuditItem, show, withOutcomes } from './items.ts';
import { requireKnown } from './known.ts';
import type { AuditQueryPorts } from './ports.ts';
import * as queries from './queries/registry.ts';

/** Every query, by name. */
export const QUERIES = entriesOf(queries);

/** An answer; `next` is there where more may follow. */
export type AuditPage = { readonly items: readonly AuditItem[]; readonly next?: string };

/** Reads a query, whatever was sent; the refusal names the wrong field. */
export const readQuery = (event: unknown) => readEntry('query', QUERIES, event);

const positionsOf = (query: AuditQuery, partitions: readonly Source[]): readonly Position[] | undefined => {
  if (query.next === undefined) return undefined;
  const positions = readCursor(query, query.next);
  const isOurs = positions?.length === partitions.length && partitions.every((p, i) => fits(positions[i] ?? null, p));
  if (positions !== undefined && isOurs) return positions;
  return refuse('next', 'it is not a cursor of this query; leave it out to start from the beginning', {
    next: 'leave it out to start from the beginning',
  });
};

/** Heads (a run, a node's state, pauses in force) come before the first page's items and beside its limit. */
const pageOf = async (deps: AuditQueryPorts, event: unknown): Promise<AuditPage> => {
  const reading = readQuery(event);
  if (!reading.ok) throw new RefusedError(reading.error);
  const { query, ...how } = reading.value;
  if (query.next === undefined) await requireKnown(deps, query);
  if ('answerOf' in how) {
    const answer = await how.answerOf(deps);
    deps.count('Queries');
    return answer;
  }
  const plan = await how.planOf(deps);
  const positions = positionsOf(query, plan.partitions);
  const head = positions === undefined ? ((await plan.head?.()) ?? []) : [];
  const slice = await deps.store.merge(plan.partitions, plan.order, query.limit, positions ?? []);
  deps.count('Queries');
  const isOver = slice.positions.every((position) => position === 'done');
  return {
    items: await withOutcomes(deps.store, [...head, ...slice.items.map(show)]),
    ...defined({ next: isOver ? undefined : cursorOf(query, slice.positions) }),
  };
};

/** Answers one query; a query that is wrong is refused with a message for its caller. */
export const report = (deps: AuditQueryPorts, event: unknown): Promise<Answer<AuditPage>> =>
  answered(
    () => pageOf(deps, event),
    () => deps.count('Refusals'),
  );
