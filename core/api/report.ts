import * as z from 'zod';
import { fnv1a } from '../model/hash.ts';
import { ClusterName, epochMs, IsoTime, isoTime, NodeId } from '../model/ids.ts';
import { describeIssues } from '../model/issue.ts';
import { Outcome } from '../model/outcome.ts';
import { failure, type Result, success } from '../model/result.ts';
import { countsOf } from '../runs/advance.ts';
import { batchesOf } from '../runs/batch.ts';
import type { LaneState } from '../state/lane-state.ts';
import type { RunState } from '../state/run-state.ts';
import { RunId } from './request.ts';

/** The most items of one answer: a Lambda answer may have 6 MB, a result row some KB. */
export const MAX_ITEMS = 500;

const Page = {
  limit: z.number().int().min(1).max(MAX_ITEMS).default(100),
  /** The `next` of the answer before. */
  next: z.string().max(20_000).optional(),
};
const Moment = IsoTime.transform((text) => isoTime(epochMs(text)));
const Times = { since: Moment.optional(), until: Moment.optional() };

/** Everything that audit-query answers. */
export const AuditQuery = z.discriminatedUnion('query', [
  /** A run, then its results in the order of instance ids. */
  z.strictObject({ query: z.literal('run'), runId: RunId, ...Page }),
  /** Runs of a cluster, the newest first. */
  z.strictObject({ query: z.literal('runs'), cluster: ClusterName, ...Times, ...Page }),
  /** What is remembered of a node, then its history, the newest first. */
  z.strictObject({ query: z.literal('node'), instanceId: NodeId, ...Times, ...Page }),
  /** Results of a cluster with one outcome, the newest first. */
  z.strictObject({ query: z.literal('outcomes'), cluster: ClusterName, outcome: Outcome, ...Times, ...Page }),
  /** Results with one reason on one day (UTC) over all clusters, the newest first. */
  z.strictObject({
    query: z.literal('reasons'),
    reason: z
      .string()
      .regex(/^[A-Z][A-Za-z0-9]{1,63}$/, 'expected a reason of the catalogue, such as SandboxImageMissing'),
    day: z.iso.date(),
    ...Page,
  }),
  /** Lanes, runs and commands with unfinished business, the soonest due first. */
  z.strictObject({ query: z.literal('open'), ...Page }),
  /** Quarantined nodes, the longest first. */
  z.strictObject({ query: z.literal('quarantine'), ...Page }),
  /** Pauses as they stand, then who paused and resumed what, the newest first. */
  z.strictObject({ query: z.literal('pauses'), ...Page }),
]);
export type AuditQuery = z.infer<typeof AuditQuery>;

/** The queries' names, as an error lists them. */
export const QUERIES: readonly AuditQuery['query'][] = AuditQuery.options.map(({ shape }) => shape.query.value);

/** Reads a query out of whatever was sent, or says which field is wrong. */
export const readQuery = (event: unknown): Result<AuditQuery> => {
  const parsed = AuditQuery.safeParse(event);
  if (parsed.success) return success(parsed.data);
  const name: unknown = typeof event === 'object' && event !== null && 'query' in event ? event.query : undefined;
  if (!QUERIES.some((known) => known === name)) {
    return failure(`reading the query: field query: expected one of ${QUERIES.join(', ')}`);
  }
  return failure(`reading the query: ${describeIssues(parsed.error, '(whole)')}`);
};

/** Where one partition of a query stands: its start key, `null` before its first item, `done` after its last. */
export const Position = z.union([z.literal('done'), z.null(), z.record(z.string().max(20), z.string().max(1000))]);
export type Position = z.infer<typeof Position>;

const Cursor = z.strictObject({ v: z.literal(1), of: z.number(), at: z.array(Position).min(1).max(16) });

const markOf = (query: AuditQuery): number => {
  const { limit, next, ...rest } = query;
  return fnv1a(JSON.stringify(Object.entries(rest).toSorted(([a], [b]) => a.localeCompare(b))));
};

/** An opaque text that says where an answer ended; it fits its own query only. */
export const cursorOf = (query: AuditQuery, positions: readonly Position[]): string =>
  btoa(JSON.stringify({ v: 1, of: markOf(query), at: positions }));

/** Reads `next` again: the positions, or undefined where it is no cursor of this query. */
export const readCursor = (query: AuditQuery, next: string): readonly Position[] | undefined => {
  let json: unknown;
  try {
    json = JSON.parse(atob(next));
  } catch {
    return undefined;
  }
  const parsed = Cursor.safeParse(json);
  return parsed.success && parsed.data.of === markOf(query) ? parsed.data.at : undefined;
};

/** A run as lists show it: what it is, how it stands, how its nodes ended. */
export const runSummary = (run: RunState) => {
  const { pending, commands, outbox, settled, version, asked, ...shown } = run;
  return {
    ...shown,
    ...(asked === undefined ? {} : { asked: asked.length }),
    pending: pending.length,
    inFlight: batchesOf(commands.filter((c) => c.status === 'sent' || c.status === 'sending')).reduce(
      (n, [first]) => n + (first?.size ?? 0),
      0,
    ),
    counts: countsOf(run),
  };
};

/** A lane as lists show it. */
export const laneSummary = (lane: LaneState) => {
  const { version, ...shown } = lane;
  return shown;
};
