import * as z from 'zod';
import { without } from '../model/defined.ts';
import { fnv1a } from '../model/hash.ts';
import { epochMs, IsoTime, isoTime } from '../model/ids.ts';
import { batchesOf } from '../runs/batch.ts';
import { countsOf } from '../runs/reports.ts';
import type { LaneState } from '../state/lane-state.ts';
import type { RunState } from '../state/run-state.ts';

/** The most items of one answer: a Lambda answer may have 6 MB, a result row some KB. */
export const MAX_ITEMS = 500;

/** The fields of every query. */
export const Page = {
  limit: z.number().int().min(1).max(MAX_ITEMS).default(100),
  /** The `next` of the previous answer. */
  next: z.string().max(20_000).optional(),
};
const Moment = IsoTime.transform((text) => isoTime(epochMs(text)));
/** The fields of a query that can be limited to a time. */
export const Times = { since: Moment.optional(), until: Moment.optional() };

/** A query's payload with its name. Any query may be about a cluster or a node, by these fields. */
export type AuditQuery = {
  readonly query: string;
  readonly limit: number;
  readonly next?: string | undefined;
  readonly cluster?: string | undefined;
  readonly instanceId?: string | undefined;
};

/** The position of a query in one partition: its start key, `null` before its first item, `done` after its last. */
export const Position = z.union([z.literal('done'), z.null(), z.record(z.string().max(20), z.string().max(1000))]);
export type Position = z.infer<typeof Position>;

const Cursor = z.strictObject({ v: z.literal(1), of: z.number(), at: z.array(Position).min(1).max(16) });

const markOf = (query: AuditQuery): number => {
  const { limit, next, ...rest } = query;
  return fnv1a(JSON.stringify(Object.entries(rest).toSorted(([a], [b]) => a.localeCompare(b))));
};

/** An opaque position at which an answer ended. It is valid only for its own query. */
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

/** A run as lists show it: its request, its state, and the outcomes of its nodes. */
export const runSummary = (run: RunState) => {
  const { pending, commands, outbox, settled, version, ...shown } =
    run.status === 'queued' ? run : without(without(run, 'looks'), 'ailing');
  return {
    ...shown,
    pending: pending.length,
    inFlight: batchesOf(commands.filter((c) => c.status === 'sent' || c.status === 'sending')).reduce(
      (n, [first]) => n + first.size,
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
