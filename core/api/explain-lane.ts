import { defined } from '../model/defined.ts';
import { modeOf } from '../model/policy.ts';
import { nodesInFlight } from '../runs/in-flight.ts';
import { countsOf } from '../runs/reports.ts';
import { type RunState, stopOf } from '../state/run-state.ts';
import { breakerStatus, pauseStatus } from './cluster-status.ts';
import type { DeploymentShown } from './deployment.ts';
import type { ExplainedLane, ExplainedRun, Guard } from './explain.ts';
import { type LaneSeen, laneGuards, type Moment } from './explain-guards.ts';
import { policyRule } from './explain-node.ts';
import { dueAfter } from './next-look.ts';
import type { BreakerStatus } from './status.ts';

type Seen = LaneSeen & { readonly queued: number };
type Verdict = Pick<ExplainedLane, 'text' | 'because' | 'rule'> & { readonly until?: string | undefined };

const verdictOf = (seen: Seen, guards: readonly Guard[]): Verdict => {
  const forbidden = policyRule(seen);
  if (forbidden !== undefined) {
    const { why: because, ...rule } = forbidden;
    return { text: 'fleetmend will not repair here.', because, rule };
  }
  const held = guards.find(({ passes }) => !passes);
  if (held === undefined)
    return { text: 'Repairs go on.', because: 'nothing holds the repairs back', rule: { rule: 'none' } };
  return { text: 'Repairs wait.', because: held.text, rule: { rule: `guard.${held.guard}` }, until: held.until };
};

const toActOn = ({ policy, pause }: Seen, { rule }: Verdict, breaker: BreakerStatus | undefined): string[] => [
  ...(rule.setting === undefined ? [] : ['allow it in the configuration, and deploy']),
  ...(breaker?.runId === undefined ? [] : [`fleetmend run ${breaker.runId}`]),
  ...(pause === undefined ? [] : [`fleetmend resume ${pause.scope === 'ALL' ? '--all' : `-c ${policy.name}`}`]),
];

/** Explains what holds the repairs of a remediation on a cluster back, as of now. */
export const explainLane = (
  seen: Seen,
  { deployment, ...moment }: Moment & { readonly deployment: DeploymentShown },
): ExplainedLane => {
  const { policy, remediation, document, lane, trust, pause, waiting, queued } = seen;
  const guards = laneGuards(seen, moment);
  const verdict = verdictOf(seen, guards);
  const { text, because, rule, until } = verdict;
  const breaker = breakerStatus(remediation, trust, moment.rules, moment.now);
  const results = trust?.results ?? [];
  const isIdle = waiting + queued === 0;
  const dueAt = until ?? lane?.dueAt;
  const next =
    isIdle && lane?.activeRunId !== undefined
      ? { what: `the run ${lane.activeRunId} goes on; nothing else waits` }
      : isIdle
        ? { what: 'nothing waits', ...defined({ at: until }) }
        : { what: 'the lane looks again', ...defined({ at: dueAt && dueAfter(dueAt, moment.now) }) };
  return {
    kind: 'explained-lane',
    ...{ cluster: policy.name, remediation, mode: modeOf(policy, remediation), text, because, rule, deployment },
    guards: [...guards],
    toAct: toActOn(seen, verdict, breaker),
    next,
    ...defined({ breaker, pause: pause && pauseStatus(pause), document, activeRunId: lane?.activeRunId }),
    ...{ queued, waiting },
    failed: results
      .filter(({ end }) => end === 'failed')
      .map(({ instanceId, runId, at, isCanary }) => ({ instanceId, runId, at, isCanary })),
    repaired: results.filter(({ end }) => end === 'repaired').length,
  };
};

const textOf = (run: RunState): string => {
  const stop = stopOf(run);
  const why = stop === undefined ? '' : `, ${stop.reason} at ${stop.at}`;
  return run.status === 'ended' ? `It has ended: ${run.end}${why}.` : `It is ${run.status}${why}.`;
};

/** Explains why a run exists, how far it is, and what it waits for. */
export const explainRun = (run: RunState, now: string): ExplainedRun => {
  const { runId, requestId, cluster, remediation, action, status, because, createdAt, dueAt } = run;
  const isOver = run.status === 'ended';
  const startedAt = run.status === 'queued' ? undefined : run.startedAt;
  const next = run.status === 'queued' ? 'it is planned' : 'its commands are read again';
  return {
    kind: 'explained-run',
    ...{ runId, requestId, cluster, remediation, action, status, because, createdAt, text: textOf(run) },
    ...defined({ end: isOver ? run.end : undefined, startedAt, endedAt: isOver ? run.endedAt : undefined }),
    counts: defined(countsOf(run)) as Record<string, number>,
    pending: run.pending.length,
    inFlight: nodesInFlight(run),
    next: isOver ? { what: 'nothing is left to do' } : { what: next, at: dueAfter(dueAt, now) },
    toAct: isOver ? [`fleetmend run ${runId}`] : [`fleetmend run ${runId} -w`, `fleetmend cancel ${requestId}`],
  };
};
