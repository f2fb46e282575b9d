import pMap from 'p-map';
import * as z from 'zod';
import { cursorOf, Page, readCursor, Times } from '../../../core/api/report.ts';
import { summarize } from '../../../core/api/summarize.ts';
import { SummaryBy, SummaryItem } from '../../../core/api/summary.ts';
import { defined } from '../../../core/model/defined.ts';
import { ClusterName, epochMs, isoTime } from '../../../core/model/ids.ts';
import { RunDigest } from '../../../core/state/run-digest.ts';
import { keys } from '../../adapters/table/keys.ts';
import { refuse } from '../../runtime/answer.ts';
import { defineAnswer } from '../define-query.ts';
import { between } from '../partitions.ts';
import { nowIso } from '../ports.ts';

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 30;
/** An answer goes on with the days before once it has read so many runs: some MB, and some seconds. */
const MAX_RUNS = 20_000;
/** Days that are read at once. */
const CONCURRENCY = 8;

const dayOf = (at: string): string => at.slice(0, 10);

/** The days of a period (UTC), the newest first. */
const daysOf = (since: string, until: string): readonly string[] => {
  const first = Math.floor(epochMs(since) / DAY_MS);
  const last = Math.floor(epochMs(until) / DAY_MS);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => dayOf(isoTime((last - i) * DAY_MS)));
};

/** What happened in a period, by whatever people ask for: from one small row for each run that ended in it. */
export const summary = defineAnswer({
  name: 'summary',
  title:
    'Sums up a period, the last 30 days by default: what was found, repaired, failed and came back, how fast, by cluster, reason, remediation, node group, AMI, containerd or day; what was not acted on; the worst nodes; the sweeps and the people.',
  payload: z.strictObject({ cluster: ClusterName.optional(), by: SummaryBy.default('reason'), ...Times, ...Page }),
  items: SummaryItem,
  answer: async (payload, { store, settings, now }) => {
    const { cluster, by, limit, next } = payload;
    const query = { query: 'summary', ...payload };
    const until = payload.until ?? nowIso({ now });
    const since = payload.since ?? isoTime(epochMs(until) - DEFAULT_DAYS * DAY_MS);
    const position = next === undefined ? undefined : readCursor(query, next)?.[0];
    const from = position !== null && typeof position === 'object' ? position.until : undefined;
    if (next !== undefined && (from === undefined || Number.isNaN(epochMs(from))))
      return refuse('next', 'it is not a cursor of this query', { next: 'leave it out to start from the beginning' });
    const end = from ?? until;
    const days = daysOf(since, end);
    const digests: RunDigest[] = [];
    let read = 0;
    while (read < days.length && digests.length < MAX_RUNS) {
      const some = days.slice(read, read + CONCURRENCY);
      const rows = await pMap(some, (day) =>
        store.rows(RunDigest, { key: keys.digests(day), ...between({ since, until: end }) }),
      );
      digests.push(...rows.flatMap(({ understood }) => understood));
      read += some.length;
    }
    const rest = days[read];
    const begin = rest === undefined ? since : `${days[read - 1]}T00:00:00.000Z`;
    const own = digests.filter((digest) => cluster === undefined || digest.cluster === cluster);
    const more = rest === undefined ? undefined : cursorOf(query, [{ until: isoTime(epochMs(begin) - 1) }]);
    const items = summarize(own, { since: begin, until: end, by }, settings);
    return { items: items.slice(0, limit), ...defined({ next: more }) };
  },
});
