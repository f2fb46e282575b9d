import type { Because } from '../model/because.ts';
import { defined } from '../model/defined.ts';
import type { Limits } from '../model/policy.ts';
import type { QueuedRun, Slice } from '../state/run-state.ts';

/** Creates a run that run-controller has not planned yet. All queued runs are created here. */
export const queuedRun = (asked: {
  readonly runId: string;
  readonly cluster: string;
  readonly remediation: string;
  readonly action: 'check' | 'repair';
  /** The FIFO group: the lane for a repair, the run's own id for a check. */
  readonly group: string;
  /** The lane whose pending nodes it takes, if any. */
  readonly lane?: string | undefined;
  readonly document: { readonly key: string };
  /** The request that it belongs to; without one, the run is its own request. */
  readonly requestId?: string | undefined;
  readonly because: Because;
  /** Of a request for named nodes or a whole cluster: the part of its list that this run takes. */
  readonly slice?: Slice | undefined;
  readonly now: string;
  readonly limits: Limits;
}): QueuedRun => ({
  runId: asked.runId,
  version: 0,
  cluster: asked.cluster,
  remediation: asked.remediation,
  action: asked.action,
  group: asked.group,
  documentKey: asked.document.key,
  requestId: asked.requestId ?? asked.runId,
  because: asked.because,
  createdAt: asked.now,
  status: 'queued',
  ...defined({ lane: asked.lane, slice: asked.slice }),
  pending: [],
  settled: {},
  commands: [],
  dueAt: asked.now,
  outbox: [],
});
