import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { isoTime } from '../../core/model/ids.ts';
import { placeSignal } from '../../core/signals/place.ts';
import { signalOptions } from '../../core/signals/registry.ts';
import { processBatch } from '../runtime/batch.ts';
import { PermanentError } from '../runtime/errors.ts';
import { gather, unresolvedOf } from './gather.ts';
import type { SignalIntakePorts } from './ports.ts';

/** A call that no turn of the lane has answered for so long may have been lost with the wake. */
const CALL_LIFE_MS = 120_000;

/** Puts one signal where it belongs; returns the lane of its row, or undefined where there is nothing to do. */
const receive = async (
  deps: SignalIntakePorts,
  batch: Awaited<ReturnType<typeof gather>>,
  messageId: string,
): Promise<string | undefined> => {
  const gathered = batch.of(messageId);
  if ('error' in gathered) throw gathered.error;
  const { signal } = gathered;
  const named = unresolvedOf(signal);
  const found = named === undefined ? [] : batch.find(named);
  const placed = placeSignal(deps.policy, deps.catalogue, signal, found, deps.now().toISOString());
  const { kind, source, id } = signal;
  if (placed.kind === 'nothing') {
    deps.count(placed.count);
    deps.log.info('nothing is done', { id, kind, source, why: placed.why, count: placed.count });
    return undefined;
  }
  if (placed.kind === 'unknown-reason') {
    throw new PermanentError(
      `reading the signal: field detail.reason: ${placed.reason} is not one of ${placed.known.join(', ')}`,
    );
  }
  const { lane, instanceId, reason } = placed.news;
  const change = await deps.store.addPending(placed.news);
  deps.count('SignalTaken');
  if (placed.isLate) deps.count('SignalLate');
  deps.log.info('signal', { id, kind, lane, instanceId, reason, source, change, isLate: placed.isLate });
  return lane;
};

/** Whether SQS gives the record again: then the delivery before may have died between its row and its wake. */
const isRedelivered = (record: SQSRecord): boolean => Number(record.attributes.ApproximateReceiveCount) > 1;

/**
 * Takes a batch of signals: rows first, then one call and wake for each lane that is not called already, and only then is
 * the batch acknowledged.
 */
export const handleSignals = async (deps: SignalIntakePorts, event: SQSEvent): Promise<SQSBatchResponse> => {
  const batch = await gather({ ...deps, options: signalOptions(deps.policy) }, event);
  const lanes = new Map<string, boolean>();
  const response = await processBatch(
    { deadLetter: deps.deadLetters.put, log: deps.log, count: deps.count },
    event,
    async (_, record) => {
      const lane = await receive(deps, batch, record.messageId);
      if (lane !== undefined) lanes.set(lane, lanes.get(lane) === true || isRedelivered(record));
    },
  );
  const nowMs = deps.now().getTime();
  const woken: string[] = [];
  for (const [lane, isAgain] of lanes) {
    const called = await deps.store.callLane(lane, isoTime(nowMs), isoTime(nowMs - CALL_LIFE_MS));
    if (called || isAgain) woken.push(lane);
  }
  if (woken.length > 0) await deps.wakes.wake(woken.map((lane) => ({ kind: 'lane', lane })));
  return response;
};
