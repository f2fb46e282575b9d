import { defined } from '../model/defined.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import { meaningOf } from '../model/outcome.ts';
import type { ClusterPolicy } from '../model/policy.ts';
import { isFullCheck } from '../runs/digest.ts';
import type { ResultRow } from '../state/results.ts';
import type { RunDigest } from '../state/run-digest.ts';
import type { RunState } from '../state/run-state.ts';
import type { LastResult, NextLook } from './explain-node.ts';
import { dueAfter } from './next-look.ts';

const ofRow = (row: ResultRow, remediation: string): LastResult | undefined => {
  if (meaningOf(row.outcome).hasSkipReason) return undefined;
  const finding = row.findings?.find((found) => found.remediation === remediation);
  if (finding === undefined && row.remediation !== remediation) return undefined;
  const { outcome, reason, message } = finding ?? row;
  return { outcome, at: row.endedAt, message, ...defined({ reason, advice: row.advice }) };
};

/** The sweep that found a node healthy last. */
export type SeenHealthy = Pick<RunDigest, 'runId' | 'startedAt' | 'createdAt' | 'endedAt'>;

/** Whether a result is from before a sweep began to look. */
export const isBefore = ({ endedAt }: Pick<ResultRow, 'endedAt'>, { startedAt, createdAt }: SeenHealthy): boolean =>
  endedAt < (startedAt ?? createdAt);

/**
 * The last result of a remediation on a node, of its results, the newest first. A check of everything that found nothing
 * writes no result: `healthy` is the sweep whose observations say so. No result is no proof.
 */
export const lastResult = (
  results: readonly ResultRow[],
  remediation: string,
  healthy: SeenHealthy | undefined,
): LastResult | undefined => {
  for (const row of results) {
    const last = ofRow(row, remediation);
    const isFull = isFullCheck(row) && !meaningOf(row.outcome).hasSkipReason;
    if (last === undefined && !isFull) continue;
    return healthy !== undefined && isBefore(row, healthy) ? { outcome: 'Healthy', at: healthy.endedAt } : last;
  }
  return undefined;
};

/** When the next sweep looks at a node of a cluster, by the last one and by the early ones of its node group. */
export const nextSweep = (
  policy: ClusterPolicy,
  sweep: RunDigest | undefined,
  everyMinutes: number,
  now: string,
  early: readonly RunState[] = [],
): NextLook => {
  const sooner = early.find(({ status }) => status === 'queued');
  if (sooner !== undefined)
    return {
      what: 'an early sweep of its node group, because a new fault was found there',
      at: dueAfter(sooner.dueAt, now),
    };
  if (!policy.sweeps) return { what: 'nothing looks at the node by itself: sweeps are off for this cluster' };
  // It begins within one interval of its tick.
  if (sweep === undefined)
    return {
      what: `the first sweep of the cluster, which begins within ${2 * everyMinutes} minutes of the deployment`,
    };
  const everyMs = everyMinutes * 60_000;
  const last = epochMs(sweep.startedAt ?? sweep.createdAt);
  const passed = Math.max(0, Math.floor((epochMs(now) - last) / everyMs));
  return { what: 'the next sweep of the cluster', at: isoTime(last + (passed + 1) * everyMs) };
};
