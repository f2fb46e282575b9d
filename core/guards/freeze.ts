import type { ClusterPolicy } from '../model/policy.ts';

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;

/**
 * Whether a freeze window of the cluster holds at a moment (UTC). A window whose end is not after its start runs past
 * midnight, and belongs to the day it starts on.
 */
export const isFrozen = (cluster: ClusterPolicy, now: string): boolean => {
  const date = new Date(now);
  const time = now.slice(11, 16);
  const today = DAYS[date.getUTCDay()];
  const yesterday = DAYS[(date.getUTCDay() + 6) % 7];
  return cluster.freezeWindows.some(({ days, fromUtc, toUtc }) => {
    const starts = (day: (typeof DAYS)[number] | undefined) => day !== undefined && days.includes(day);
    if (fromUtc < toUtc) return starts(today) && time >= fromUtc && time < toUtc;
    return (starts(today) && time >= fromUtc) || (starts(yesterday) && time < toUtc);
  });
};
