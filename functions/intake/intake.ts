import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { LOGS_SOURCE, NodeSymptomEvent } from '../../events/node-symptom.ts';
import type { DeadLetters } from '../adapters/dead-letters.ts';
import type { SignalStore } from '../adapters/signal-store.ts';
import { laneName } from '../adapters/table-keys.ts';
import type { WakeQueue } from '../adapters/wake-queue.ts';
import type { Policy } from '../core/policy.ts';
import { type CatalogueEntry, notAfter, routeSymptom } from '../core/symptom.ts';
import type { Wake } from '../core/wake.ts';
import { processBatch } from '../runtime/batch.ts';
import { PermanentError } from '../runtime/errors.ts';
import type { Log } from '../runtime/logger.ts';
import type { Count } from '../runtime/metrics.ts';

/** What λ intake works with. */
export type IntakeDeps = {
  readonly store: SignalStore;
  readonly wakes: WakeQueue;
  readonly deadLetters: DeadLetters;
  readonly policy: Policy;
  readonly catalogue: readonly CatalogueEntry[];
  readonly log: Log;
  readonly count: Count;
  readonly now: () => Date;
};

/** A mailbox row keeps this much of an event's source (EventBridge allows 256 characters). */
const MAX_SOURCE_LENGTH = 100;

const parse = (body: unknown): NodeSymptomEvent => {
  const parsed = NodeSymptomEvent.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new PermanentError(
      `reading the signal: field ${issue?.path.join('.') || '(event)'}: ${issue?.message ?? 'invalid'}`,
    );
  }
  const { firstSeenAt, lastSeenAt } = parsed.data.detail;
  if (Date.parse(firstSeenAt) > Date.parse(lastSeenAt)) {
    throw new PermanentError('reading the signal: field detail.firstSeenAt: later than detail.lastSeenAt');
  }
  return parsed.data;
};

/** Puts one signal where it belongs; returns the lane to wake, or undefined where there is nothing to do. */
const receive = async (deps: IntakeDeps, body: unknown): Promise<Wake | undefined> => {
  const { source, detail, id } = parse(body);
  const { cluster, instanceId, reason } = detail;
  const isOurs = source === LOGS_SOURCE;
  const route = routeSymptom(deps.policy, deps.catalogue, { cluster, reason, trusted: isOurs && detail.hint !== true });
  if (route.kind === 'not-managed') {
    deps.count('SignalNotManaged');
    deps.log.info('the policy does not list this cluster: nothing is done', { cluster, instanceId, reason, source });
    return undefined;
  }
  if (route.kind === 'unknown-reason') {
    throw new PermanentError(
      `reading the signal: field detail.reason: ${reason} is not one of ${route.known.join(', ')}`,
    );
  }
  const now = deps.now().toISOString();
  const perMinute = deps.policy.limits.maxForeignSignalsPerMinute;
  if (!isOurs && !(await deps.store.takeFromBudget(source, now, perMinute))) {
    deps.count('SignalOverBudget');
    throw new PermanentError(
      `OverBudget: more than ${perMinute} signals a minute from ${source}; replay brings it back`,
    );
  }
  const lane = laneName(cluster, route.remediation);
  const nowMs = Date.parse(now);
  const change = await deps.store.addNews({
    lane,
    cluster,
    instanceId,
    reason,
    ...(detail.image === undefined ? {} : { image: detail.image }),
    firstSeenAt: notAfter(detail.firstSeenAt, nowMs),
    lastSeenAt: notAfter(detail.lastSeenAt, nowMs),
    signals: detail.count,
    source: source.slice(0, MAX_SOURCE_LENGTH),
  });
  // Also for an unchanged row: the first delivery may have died before its wake.
  await deps.store.touchLane(cluster, route.remediation, now);
  deps.count('SignalTaken');
  deps.log.info('signal', { id, lane, instanceId, reason, source, change });
  return { kind: 'lane', lane };
};

/** Takes a batch of signals: rows first, then one wake per lane, and only then is the batch acknowledged. */
export const handleSignals = async (deps: IntakeDeps, event: SQSEvent): Promise<SQSBatchResponse> => {
  const wakes: Wake[] = [];
  const response = await processBatch(
    { deadLetter: deps.deadLetters.put, log: deps.log, count: deps.count },
    event,
    async (body) => {
      const wake = await receive(deps, body);
      if (wake !== undefined) wakes.push(wake);
    },
  );
  await deps.wakes.wake(wakes);
  return response;
};
