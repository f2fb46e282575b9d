import { isoTime } from '../../core/model/ids.ts';
import type { NoticeRow } from '../../core/state/notice-row.ts';
import { NOTICE_SOURCE } from '../../events/rules.ts';
import { asError } from '../runtime/errors.ts';
import { NOTICE_GIVEN_UP } from '../runtime/metrics.ts';
import { RESERVE_MS } from './overdue.ts';
import type { SchedulerPorts } from './ports.ts';

/** How often a notice is tried, about a minute apart, before it is given up. */
const TRIES = 5;
/** A copy that has claimed a notice sends it within this, or another one does. */
const NEXT_TRY_MS = 60_000;

type Ports = Pick<SchedulerPorts, 'notices' | 'bus' | 'log' | 'count' | 'now'>;

const giveUp = async ({ notices, log, count }: Ports, row: NoticeRow, thrown: unknown): Promise<void> => {
  const { id, detailType, tries } = row;
  log.error('giving up a notice that the bus refuses', { id, detailType, tries, error: asError(thrown) });
  count(NOTICE_GIVEN_UP);
  await notices.remove(row);
};

const send = async (deps: Ports, row: NoticeRow): Promise<void> => {
  const { id, detailType, detail, at, tries = 0 } = row;
  const nextAt = isoTime(deps.now().getTime() + NEXT_TRY_MS);
  // The index lags: the notice may have been sent, taken back or replaced since.
  if (!(await deps.notices.claim(row, nextAt))) return;
  try {
    await deps.bus.put([{ source: NOTICE_SOURCE, detailType, detail: { ...detail, id, at } }]);
  } catch (thrown) {
    if (tries + 1 >= TRIES) return await giveUp(deps, { ...row, tries: tries + 1 }, thrown);
    deps.log.warn('putting off a notice that the bus refuses', { id, detailType, nextAt, error: asError(thrown) });
    return;
  }
  await deps.notices.remove(row);
};

/**
 * Sends the stored notices that are due. One that was sent and could not be removed is sent again, under the same id. No
 * failure of one keeps back another, and those for which the time is short stay due.
 */
export const sendNotices = async (deps: Ports, remainingMs: () => number): Promise<void> => {
  const { understood, unreadable } = await deps.notices.due(deps.now().toISOString());
  let failed = 0;
  const attempt = async (about: object, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (thrown) {
      failed++;
      deps.log.error('failing on a notice that is due', { ...about, error: asError(thrown) });
    }
  };
  for (const { partitionKey, problem } of unreadable) {
    deps.log.error('putting aside a notice that cannot be read', { problem });
    deps.count('UnreadableRow');
    await attempt({ partitionKey }, () => deps.notices.putAside(partitionKey));
  }
  for (const [sent, row] of understood.entries()) {
    if (remainingMs() <= RESERVE_MS) {
      deps.log.warn('leaving notices to the next tick', { left: understood.length - sent });
      break;
    }
    await attempt({ id: row.id }, () => send(deps, row));
  }
  // Not thrown: the next tick tries it again.
  if (failed > 0) deps.count('FailedRecords', failed);
};
