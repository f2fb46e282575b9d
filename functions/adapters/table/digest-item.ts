import type { RunDigest } from '../../../core/state/run-digest.ts';
import { expires, type Item, inIndex } from './items.ts';
import { index, keys } from './keys.ts';
import { withZipped } from './packed.ts';

/** Whether a run is a sweep that has looked at the nodes of its cluster. */
const hasSwept = ({ because, end }: RunDigest): boolean => because === 'sweep' && end === 'Done';

/** A digest as an item: by day, by cluster, and among the sweeps of its cluster. */
export const digestItem = (row: RunDigest, retentionDays: number): Item => {
  const key = keys.digest(row.endedAt, row.runId);
  return {
    ...key,
    ...withZipped(row, ['notes', 'healthy'], { notes: [] }),
    ...inIndex('byOwner', index.digestsOf(row.cluster), key.sk),
    ...(hasSwept(row) ? inIndex('byOutcome', index.sweepsOf(row.cluster), key.sk) : {}),
    ...expires(row.endedAt, retentionDays),
  };
};
