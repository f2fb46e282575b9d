import { defined, without } from '../model/defined.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import { type EndedRun, type RunningRun, stopOf } from '../state/run-state.ts';

/** The run at its end, by what stopped it. */
export const endedOf = ({ stopped, ...run }: RunningRun, now: string): EndedRun => {
  const over = { ...without(run, 'failures'), status: 'ended', endedAt: now } as const;
  if (stopped === undefined) return { ...over, end: 'Done' };
  return stopped.reason === 'Cancelled' ? { ...over, end: 'Cancelled', stopped } : { ...over, end: 'Stopped', stopped };
};

/** The detail-type of the notice that a run has ended. */
export const RUN_ENDED = 'Run Ended';

/** The notice that a run has ended. */
export const endNotice = (run: EndedRun, counts: Partial<Record<string, number>>, now: string): OutboxEntry => ({
  kind: 'notice',
  id: `${run.runId}/ended`,
  at: now,
  detailType: RUN_ENDED,
  detail: {
    runId: run.runId,
    cluster: run.cluster,
    remediation: run.remediation,
    action: run.action,
    requestId: run.requestId,
    because: run.because.kind,
    startedAt: run.startedAt ?? run.createdAt,
    endedAt: now,
    counts,
    ...defined({ end: run.end, stopped: stopOf(run)?.reason }),
  },
});
