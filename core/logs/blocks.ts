import type { LineKind } from '../model/log-lines.ts';
import { BLOCK_END, BLOCK_START } from './classify/text.ts';

/**
 * Where a line of a stream stands: `inside` a value of several lines, `doubtful` where it may be a part of one, else `own`.
 */
export type Place = 'own' | 'inside' | 'doubtful';

/** Within this time after kubelet began a value of several lines, a line may still be a part of it. */
const BLOCK_DOUBT_MS = 1000;

/**
 * Follows values of several lines, of which the journal makes a record each. The systemd of AL2 cuts the tabs off by which
 * klog marks them, so that what follows one closely is doubtful.
 */
export const createBlockReader = (): ((kind: LineKind, message: string, at: number) => Place) => {
  let isInside = false;
  let beganAt = Number.NEGATIVE_INFINITY;
  const isDoubtful = (at: number): boolean => at >= beganAt && at - beganAt <= BLOCK_DOUBT_MS;
  return (kind, message, at) => {
    if (kind !== 'kubelet') return 'own';
    if (isInside) {
      isInside = !BLOCK_END.test(message);
      return 'inside';
    }
    if (message.startsWith('\t')) return 'inside';
    const place = isDoubtful(at) ? 'doubtful' : 'own';
    isInside = BLOCK_START.test(message.trimEnd());
    if (isInside) beganAt = at;
    return place;
  };
};
