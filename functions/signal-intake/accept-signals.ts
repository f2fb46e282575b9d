import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { isoTime } from '../../core/model/ids.ts';
import { wakeLane } from '../../core/model/wake.ts';
import { placeSignal } from '../../core/signals/place.ts';
import { processRecords } from '../runtime/batch.ts';
import { PermanentError } from '../runtime/errors.ts';
import type { SignalIntakePorts } from './ports.ts';
import { type ReadBatch, readBatch, unresolvedOf } from './read-batch.ts';

/** A call that no turn of the lane has answered for so long may have been lost with its wake. */
const CALL_LIFE_MS = 120_000;

/** Stores the pending node of one signal; returns its lane, or undefined where the signal is ignored. */
const accept = async (
  ports: SignalIntakePorts,
  batch: ReadBatch,
  { messageId }: SQSRecord,
): Promise<string | undefined> => {
  const read = batch.of(messageId);
  if ('error' in read) throw read.error;
  const { signal } = read;
  const named = unresolvedOf(signal);
  const found = named === undefined ? [] : batch.find(named);
  const placement = placeSignal(ports.policy, ports.catalogue, signal, found, ports.now().toISOString());
  const { kind, source, id } = signal;
  if (placement.kind === 'ignored') {
    const { metric, explanation } = placement;
    ports.count(metric);
    ports.log.info('ignoring signal', { id, kind, source, metric, explanation });
    return undefined;
  }
  if (placement.kind === 'unknown-reason') {
    throw new PermanentError(
      `reading the signal: field detail.reason: ${placement.reason} is not one of ${placement.known.join(', ')}`,
    );
  }
  const { pending, isLate } = placement;
  const { lane, instanceId, reason } = pending;
  const change = await ports.store.addPending(pending);
  ports.count('SignalTaken');
  if (isLate) ports.count('SignalLate');
  ports.log.info('accepting signal', { id, kind, lane, instanceId, reason, source, change, isLate });
  return lane;
};

/** Whether SQS redelivers the record: then an earlier delivery may have failed between its row and its wake. */
const isRedelivered = (record: SQSRecord): boolean => Number(record.attributes.ApproximateReceiveCount) > 1;

/**
 * Accepts a batch of signals: it writes the pending nodes, then calls and wakes each lane that is not called already, and
 * only then acknowledges the batch.
 */
export const acceptSignals = async (ports: SignalIntakePorts, event: SQSEvent): Promise<SQSBatchResponse> => {
  const batch = await readBatch(ports, event);
  const lanes = new Map<string, boolean>();
  const response = await processRecords(
    { deadLetter: ports.deadLetters.put, log: ports.log, count: ports.count },
    event,
    async (record) => {
      const lane = await accept(ports, batch, record);
      if (lane !== undefined) lanes.set(lane, lanes.get(lane) === true || isRedelivered(record));
    },
  );
  const nowMs = ports.now().getTime();
  const woken: string[] = [];
  for (const [lane, isAgain] of lanes) {
    const called = await ports.store.callLane(lane, isoTime(nowMs), isoTime(nowMs - CALL_LIFE_MS));
    if (called || isAgain) woken.push(lane);
  }
  if (woken.length > 0) await ports.wakes.wake(woken.map(wakeLane));
  return response;
};
