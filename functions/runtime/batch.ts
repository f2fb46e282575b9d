import {
  BatchProcessor,
  EventType,
  processPartialResponse,
  SqsFifoPartialProcessorAsync,
} from '@aws-lambda-powertools/batch';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { asError, NotYetError, PermanentError } from './errors.ts';
import type { Log } from './logger.ts';
import type { Count } from './metrics.ts';

/** Keeps an input that no retry can process, with its reason, for an operator; see `adapters/messaging/dead-letters.ts`. */
export type DeadLetter = (letter: { readonly body: string; readonly reason: string }) => Promise<void>;

/** The ports of a batch. `fifo` keeps a group's order: after a failure the rest of its group is returned too. */
export type BatchDeps = {
  readonly deadLetter: DeadLetter;
  /** Makes a failed record visible again after a short time; see `adapters/messaging/failed-records.ts`. */
  readonly returnSoon: (record: SQSRecord) => Promise<void>;
  readonly log: Log;
  readonly count: Count;
  readonly fifo?: boolean;
};

/** Handles one SQS message. Throws PermanentError for bad input; after any other error SQS delivers the message again. */
export type HandleRecord = (body: unknown, record: SQSRecord) => Promise<void>;

/** The body of an SQS message as JSON; throws PermanentError where it is not JSON. */
export const parseBody = (record: SQSRecord): unknown => {
  try {
    return JSON.parse(record.body);
  } catch (cause) {
    throw new PermanentError('reading the message: its body is not JSON', { cause });
  }
};

/**
 * The answer about a batch. A partial answer leaves Lambda's metric `Errors` at 0, so failed records have a metric of their
 * own; those that only come too early are none. Each becomes visible again soon; where that fails, after the visibility timeout of its queue.
 */
const answerOf = async (
  deps: BatchDeps,
  event: SQSEvent,
  failed: ReadonlySet<string>,
  early: ReadonlySet<string>,
): Promise<SQSBatchResponse> => {
  const records = event.Records.filter(({ messageId }) => failed.has(messageId));
  const failures = records.filter(({ messageId }) => !early.has(messageId)).length;
  if (failures > 0) deps.count('FailedRecords', failures);
  for (const record of records) {
    try {
      await deps.returnSoon(record);
    } catch (thrown) {
      const details = { messageId: record.messageId, error: asError(thrown) };
      deps.log.warn('leaving failed record to the visibility timeout of its queue', details);
    }
  }
  return { batchItemFailures: records.map(({ messageId }) => ({ itemIdentifier: messageId })) };
};

const handleEach = (
  deps: BatchDeps,
  event: SQSEvent,
  handle: (record: SQSRecord) => Promise<void>,
  early: Set<string>,
): Promise<SQSBatchResponse> => {
  const handleRecord = async (record: SQSRecord): Promise<void> => {
    try {
      await handle(record);
    } catch (thrown) {
      if (thrown instanceof NotYetError) {
        early.add(record.messageId);
        deps.log.info('returning record that comes too early', {
          messageId: record.messageId,
          reason: thrown.message,
        });
        throw thrown;
      }
      if (!(thrown instanceof PermanentError)) {
        // An AggregateError's own text names none of its errors.
        const errors = thrown instanceof AggregateError ? { errors: thrown.errors.map(String) } : {};
        const details = { messageId: record.messageId, error: asError(thrown), ...errors };
        deps.log.error('returning record to its queue', details);
        throw thrown;
      }
      await deps.deadLetter({ body: record.body, reason: thrown.message });
      deps.log.warn('moving bad input to the dead-letter queue', {
        messageId: record.messageId,
        reason: thrown.message,
      });
      deps.count('BadInput');
    }
  };
  // A processor for each call: it keeps the records of the last one.
  if (deps.fifo === true) {
    return processPartialResponse(event, handleRecord, new SqsFifoPartialProcessorAsync(), {
      skipGroupOnError: true,
      throwOnFullBatchFailure: false,
    });
  }
  return processPartialResponse(event, handleRecord, new BatchProcessor(EventType.SQS), {
    processInParallel: false,
    throwOnFullBatchFailure: false,
  });
};

/**
 * Handles the records of an SQS batch one after the other; `handle` gets the record as it is. Bad input goes to the
 * bad-input queue and is acknowledged; other failures are answered as `batchItemFailures` (the event source mapping needs
 * `ReportBatchItemFailures`), so that a failing record costs no other. `finish` does what all records need together, and
 * returns the ids of those for which it failed. Throws only where the event is not a batch.
 */
export const processRecords = async (
  deps: BatchDeps,
  event: SQSEvent,
  handle: (record: SQSRecord) => Promise<void>,
  finish: () => Promise<readonly string[]> = async () => [],
): Promise<SQSBatchResponse> => {
  const early = new Set<string>();
  const { batchItemFailures } = await handleEach(deps, event, handle, early);
  const failed = new Set([...batchItemFailures.map(({ itemIdentifier }) => itemIdentifier), ...(await finish())]);
  return answerOf(deps, event, failed, early);
};

/** {@link processRecords} with the parsed body of each record. */
export const processBatch = (deps: BatchDeps, event: SQSEvent, handle: HandleRecord): Promise<SQSBatchResponse> =>
  processRecords(deps, event, async (record) => handle(parseBody(record), record));
