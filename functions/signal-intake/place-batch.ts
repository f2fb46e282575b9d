import type { SQSEvent } from 'aws-lambda';
import { type Placement, placeSignal } from '../../core/signals/place.ts';
import type { RowsRead } from '../adapters/table/signal-store.ts';
import type { SignalIntakePorts } from './ports.ts';
import type { ReadBatch, ReadRecord } from './read-batch.ts';

/** One record of a batch with the decision about its signal, or why it cannot be accepted. */
export type PlacedRecord =
  | (Exclude<ReadRecord, { readonly error: Error }> & { readonly placement: Placement })
  | { readonly error: Error };

/** A batch whose signals are placed. */
export type PlacedBatch = {
  readonly now: string;
  readonly recordOf: (messageId: string) => PlacedRecord;
  /** The rows of all pending nodes, read at the first call. Where that fails, the next record reads them again. */
  readonly rows: () => Promise<RowsRead>;
};

/** Decides where each signal of a batch belongs. */
export const placeBatch = (
  { policy, catalogue, store, now }: Pick<SignalIntakePorts, 'policy' | 'catalogue' | 'store' | 'now'>,
  event: SQSEvent,
  batch: ReadBatch,
): PlacedBatch => {
  const at = now().toISOString();
  const records = new Map<string, PlacedRecord>(
    event.Records.map(({ messageId }) => {
      const read = batch(messageId);
      if ('error' in read) return [messageId, read];
      return [messageId, { ...read, placement: placeSignal(policy, catalogue, read.signal, read.found, at) }];
    }),
  );
  const nodes = [...records.values()].flatMap((record) =>
    'placement' in record && record.placement.kind === 'pending' ? [record.placement.pending] : [],
  );
  const missing: PlacedRecord = { error: new Error('placing the batch: a record has no message id of the batch') };
  let read: RowsRead | undefined;
  return {
    now: at,
    recordOf: (messageId) => records.get(messageId) ?? missing,
    rows: async () => {
      read ??= await store.readRows(nodes);
      return read;
    },
  };
};
