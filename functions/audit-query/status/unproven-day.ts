import { UnprovenDay } from '../../../core/state/unproven-day.ts';
import type { AuditStore } from '../../adapters/table/audit-store.ts';
import { keys } from '../../adapters/table/keys.ts';

/**
 * How many signals about nodes that nothing proves were left out in a cluster on the day of `now` (UTC), and what could not be
 * read of it.
 */
export const readSignalsCut = async (
  store: Pick<AuditStore, 'read'>,
  cluster: string,
  now: string,
): Promise<{ readonly signalsCut: number; readonly unread: readonly string[] }> => {
  const day = await store.read(UnprovenDay, keys.unprovenDay(cluster, now));
  return {
    signalsCut: day.kind === 'row' ? day.row.cut : 0,
    unread: day.kind === 'unreadable' ? [day.problem] : [],
  };
};
