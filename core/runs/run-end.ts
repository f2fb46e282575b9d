import { defined } from '../model/defined.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import type { RunState } from '../state/run-state.ts';

/** How a run ends, by what stopped it. */
export const endOf = ({ stopped }: Pick<RunState, 'stopped'>): NonNullable<RunState['end']> => {
  if (stopped === undefined) return 'Done';
  return stopped.reason === 'Cancelled' || stopped.reason === 'Stuck' ? stopped.reason : 'Stopped';
};

/** The notice that a run has ended. */
export const endNotice = (run: RunState, counts: Partial<Record<string, number>>, now: string): OutboxEntry => ({
  kind: 'notice',
  id: `${run.runId}/ended`,
  detailType: 'Run Ended',
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
    ...defined({ end: run.end, stopped: run.stopped?.reason }),
  },
});
