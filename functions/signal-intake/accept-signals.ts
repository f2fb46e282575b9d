import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { isoTime } from '../../core/model/ids.ts';
import { wakeLane } from '../../core/model/wake.ts';
import { NOT_IN_CLUSTER, UNKNOWN_INSTANCE } from '../../core/signals/place.ts';
import { isRepeat, repeatMs } from '../../core/signals/repeat.ts';
import { dayBudgetOf } from '../../core/signals/unproven.ts';
import { processRecords } from '../runtime/batch.ts';
import { asError, NotYetError, PermanentError } from '../runtime/errors.ts';
import { type PlacedBatch, placeBatch } from './place-batch.ts';
import type { SignalIntakePorts } from './ports.ts';
import { isRedelivered, readBatch } from './read-batch.ts';

/** A call that no turn of the lane has answered for so long may have been lost with its wake. */
const CALL_LIFE_MS = 120_000;

/** The metrics of signals about instances that EC2 has not shown. */
const NOT_SHOWN: ReadonlySet<string> = new Set([UNKNOWN_INSTANCE, NOT_IN_CLUSTER]);

/**
 * Stores the pending node of one signal; returns its lane, or undefined where the signal is ignored, or needs no turn of the
 * lane.
 */
const accept = async (ports: SignalIntakePorts, batch: PlacedBatch, record: SQSRecord): Promise<string | undefined> => {
  const read = batch.recordOf(record.messageId);
  if ('error' in read) throw read.error;
  const { signal, placement } = read;
  const { kind, source, id } = signal;
  if (placement.kind === 'ignored') {
    const { metric, explanation } = placement;
    if (read.mayAppear && NOT_SHOWN.has(metric)) {
      ports.count('SignalAwaitsInstance');
      throw new NotYetError(`EC2 does not show the instance of the ${kind} signal ${id} yet`);
    }
    ports.count(metric);
    ports.log.info('ignoring signal', { id, kind, source, metric, explanation });
    return undefined;
  }
  if (placement.kind === 'unknown-reason') {
    throw new PermanentError(
      `reading the signal: field detail.reason: ${placement.reason} is not one of ${placement.known.join(', ')}`,
    );
  }
  const { pending, isLate, isProven } = placement;
  const { lane, instanceId, reason } = pending;
  const { limits } = ports.policy;
  const unproven = { source, now: batch.now, budget: dayBudgetOf(limits) };
  const change = await ports.store.addPending(pending, {
    rows: await batch.rows(),
    takeFromDay: isProven ? undefined : () => ports.store.takeFromDay(pending.cluster, unproven),
    isRepeat: (row) => isRepeat(row, pending, repeatMs(limits)),
  });
  if (change === 'cut') {
    ports.count('SignalUnproven');
    const explanation = `${instanceId}: the cluster's results of today about nodes that nothing proves are spent`;
    ports.log.info('ignoring signal', { id, kind, source, metric: 'SignalUnproven', explanation });
    return undefined;
  }
  ports.count('SignalTaken');
  if (change === 'replaced') {
    ports.count('UnreadableRow');
    ports.log.error('replacing a pending node that cannot be read', { lane, instanceId });
  }
  if (isLate) ports.count('SignalLate');
  ports.log.info('accepting signal', { id, kind, lane, instanceId, reason, source, change, isLate });
  // A record that is delivered again may be the one whose row was written without a wake.
  return change === 'repeated' && !isRedelivered(record) ? undefined : lane;
};

/**
 * The records of a lane that have a row, and whether one of them was delivered before: then an earlier delivery may have failed
 * between its row and its wake.
 */
type LaneRecords = { readonly messageIds: readonly string[]; readonly isAgain: boolean };

/** Calls and wakes each lane that is not called already; returns the ids of the records whose lane could not be woken. */
const wakeLanes = async (
  ports: SignalIntakePorts,
  lanes: ReadonlyMap<string, LaneRecords>,
): Promise<readonly string[]> => {
  const nowMs = ports.now().getTime();
  const woken: string[] = [];
  const failed: string[] = [];
  const fail = (names: readonly string[], thrown: unknown): void => {
    failed.push(...names.flatMap((lane) => lanes.get(lane)?.messageIds ?? []));
    ports.log.error('returning records whose lanes could not be woken', { lanes: names, error: asError(thrown) });
  };
  for (const [lane, { isAgain }] of lanes) {
    try {
      const called = await ports.store.callLane(lane, isoTime(nowMs), isoTime(nowMs - CALL_LIFE_MS));
      if (called || isAgain) woken.push(lane);
    } catch (thrown) {
      fail([lane], thrown);
    }
  }
  try {
    if (woken.length > 0) await ports.wakes.wake(woken.map(wakeLane));
  } catch (thrown) {
    fail(woken, thrown);
  }
  return failed;
};

/**
 * Accepts a batch of signals: it writes the pending nodes, then calls and wakes each lane that is not called already, and
 * only then acknowledges the batch.
 */
export const acceptSignals = async (ports: SignalIntakePorts, event: SQSEvent): Promise<SQSBatchResponse> => {
  const batch = placeBatch(ports, event, await readBatch(ports, event));
  const lanes = new Map<string, LaneRecords>();
  const { log, count, returnSoon } = ports;
  return processRecords(
    { deadLetter: ports.deadLetters.put, returnSoon, log, count },
    event,
    async (record) => {
      const lane = await accept(ports, batch, record);
      if (lane === undefined) return;
      const { messageIds, isAgain } = lanes.get(lane) ?? { messageIds: [], isAgain: false };
      lanes.set(lane, {
        messageIds: [...messageIds, record.messageId],
        isAgain: isAgain || isRedelivered(record),
      });
    },
    () => wakeLanes(ports, lanes),
  );
};
