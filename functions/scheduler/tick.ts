import { becauseOnce } from '../../core/model/because.ts';
import { counted } from '../../core/model/counted.ts';
import { fnv1a } from '../../core/model/hash.ts';
import { isoTime } from '../../core/model/ids.ts';
import { NODE_CHECK } from '../../core/model/lane-name.ts';
import type { ClusterPolicy } from '../../core/model/policy.ts';
import { sweepRunId } from '../../core/model/run-id.ts';
import { documentsOf } from '../../core/runs/batch.ts';
import { queuedRun } from '../../core/runs/queued-run.ts';
import { TickRequest } from '../../events/ticks.ts';
import { asError, PermanentError } from '../runtime/errors.ts';
import { countQuarantines, endQuarantines } from './end-quarantines.ts';
import { countLateSweeps } from './late-sweeps.ts';
import { overdue } from './overdue.ts';
import type { SchedulerPorts } from './ports.ts';
import { sendNotices } from './send-notices.ts';

/**
 * Queues a check run for each managed cluster. The name of a cluster determines its start time within the interval, so that
 * the sweeps of many clusters are spread, and the sweeps of one cluster are one interval apart.
 */
const sweep = async (deps: SchedulerPorts, everyMinutes: number): Promise<void> => {
  const [document] = documentsOf(deps.settings.documents, NODE_CHECK);
  if (document === undefined) throw new Error(`sweeping: no document ${NODE_CHECK} is deployed; deploy again`);
  const nowMs = deps.now().getTime();
  const errors: unknown[] = [];
  const queue = async (cluster: ClusterPolicy): Promise<void> => {
    const hash = fnv1a(cluster.name);
    const runId = sweepRunId(nowMs, hash);
    const run = queuedRun({
      runId,
      cluster: cluster.name,
      remediation: NODE_CHECK,
      action: 'check',
      group: runId,
      document: { ...document, key: NODE_CHECK },
      // A fault that this sweep finds began after the sweep before it.
      because: {
        ...becauseOnce({ kind: 'sweep' }, 'fleetmend.scheduler', isoTime(nowMs)),
        detectedWithinSeconds: everyMinutes * 60,
      },
      slice: { from: 0 },
      now: isoTime(nowMs),
      limits: deps.settings.policy.limits,
    });
    const dueAt = isoTime(nowMs + (hash % (everyMinutes * 60)) * 1000);
    const created = await deps.runs.create({ ...run, dueAt });
    if (created) deps.count('Sweep');
    deps.log.info('queueing sweep', { cluster: cluster.name, runId, created });
  };
  for (const cluster of deps.settings.policy.clusters.filter((c) => c.sweeps)) {
    try {
      await queue(cluster);
    } catch (thrown) {
      errors.push(thrown);
      deps.log.error('failing to queue sweep', { cluster: cluster.name, error: asError(thrown) });
    }
  }
  if (errors.length > 0)
    throw new AggregateError(errors, `sweeping: ${counted(errors.length, 'cluster')} failed; Lambda repeats it`);
};

/** Answers one tick of a schedule. It is why every run ends even where every event of SSM is lost. */
export const tick = async (deps: SchedulerPorts, event: unknown, remainingMs: () => number): Promise<void> => {
  const request = TickRequest.safeParse(event);
  if (!request.success)
    throw new PermanentError('reading the request: expected {"kind":"overdue"} or {"kind":"sweep","everyMinutes":30}');
  const { data } = request;
  // None waits for another, or fails with it.
  const parts = await Promise.allSettled(
    data.kind === 'overdue'
      ? [overdue(deps, remainingMs), countQuarantines(deps), sendNotices(deps, remainingMs)]
      : [
          sweep(deps, data.everyMinutes).then(() => countLateSweeps(deps, data.everyMinutes)),
          endQuarantines(deps, remainingMs),
        ],
  );
  for (const part of parts) if (part.status === 'rejected') throw part.reason;
};
