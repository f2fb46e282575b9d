import {
  BatchProcessor,
  EventType,
  processPartialResponse,
  SqsFifoPartialProcessorAsync,
} from '@aws-lambda-powertools/batch';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { asError, PermanentError } from './errors.ts';
import type { Log } from './logger.ts';
import type { Count } from './metrics.ts';

/** Keeps an input that no retry can process, with its reason, for an operator; see `adapters/messaging/dead-letters.ts`. */
export type DeadLetter = (letter: { readonly body: string; readonly reason: string }) => Promise<void>;

/** The ports of a batch. `fifo` keeps a group's order: after a failure the rest of its group is returned too. */
export type BatchDeps = {
  readonly deadLetter: DeadLetter;
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
 * Handles the records of an SQS batch one after the other; `handle` gets the record as it is. Bad input goes to the
 * bad-input queue and is acknowledged; other failures are answered as `batchItemFailures` (the event source mapping needs
 * `ReportBatchItemFailures`), so that a failing record costs no other. Throws only where the event is not a batch.
 */
export const processRecords = async (
  deps: BatchDeps,
  event: SQSEvent,
  handle: (record: SQSRecord) => Promise<void>,
): Promise<SQSBatchResponse> => {
  const handleRecord = async (record: SQSRecord): Promise<void> => {
    try {
      await handle(record);
    } catch (thrown) {
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
    return await processPartialResponse(event, handleRecord, new SqsFifoPartialProcessorAsync(), {
      skipGroupOnError: true,
      throwOnFullBatchFailure: false,
    });
  }
  return await processPartialResponse(event, handleRecord, new BatchProcessor(EventType.SQS), {
    processInParallel: false,
    throwOnFullBatchFailure: false,
  });
};

/** {@link processRecords} with the parsed body of each record. */
export const processBatch = (deps: BatchDeps, event: SQSEvent, handle: HandleRecord): Promise<SQSBatchResponse> =>
  processRecords(deps, event, async (record) => handle(parseBody(record), record));
