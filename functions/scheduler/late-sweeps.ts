import { isoTime } from '../../core/model/ids.ts';
import type { SchedulerPorts } from './ports.ts';

/**
 * A sweep begins within one interval of its tick, and has a second one to end in. One that is open after the third is late,
 * and so is its cluster.
 */
const LATE_AFTER_INTERVALS = 3;

/** Counts the clusters whose sweep should have ended long ago, also where there is none: the alarm sweeps-late needs data. */
export const countLateSweeps = async (
  deps: Pick<SchedulerPorts, 'due' | 'log' | 'count' | 'now'>,
  everyMinutes: number,
): Promise<void> => {
  const before = isoTime(deps.now().getTime() - LATE_AFTER_INTERVALS * everyMinutes * 60_000);
  const late = (await deps.due.openSweeps()).filter(({ createdAt }) => createdAt <= before);
  for (const sweep of late) deps.log.warn('finding sweep that has not ended', sweep);
  deps.count('SweepsLate', new Set(late.map(({ cluster }) => cluster)).size);
};
