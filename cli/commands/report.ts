import * as z from 'zod';
import { SUMMARY_BY, SummaryBy, type SummaryGroup, SummaryItem, type SummaryTotal } from '../../core/api/summary.ts';
import { mergeSummary, type Summary } from '../../core/api/summary-merge.ts';
import { counted } from '../../core/model/counted.ts';
import { answerOf } from '../aws/answer.ts';
import { itemsOf } from '../aws/pages.ts';
import { defineCommand } from '../define-command.ts';
import { EXIT, usageError } from '../exit.ts';
import type { Column } from '../output/table.ts';
import { type Paint, shown } from '../output/text.ts';
import { durationText, readSince } from '../output/times.ts';

const DAY_MS = 86_400_000;
const MAX_NODES = 5;

/** The ends of buckets: at most so long. */
const secondsText = (seconds: number | undefined): string | undefined =>
  seconds === undefined ? undefined : `≤ ${durationText(seconds * 1000)}`;

const columnsOf = (by: SummaryBy): readonly Column<SummaryGroup>[] => [
  { title: by.toUpperCase(), value: ({ group }) => (group === '' ? '(not known)' : group), isFlexible: true },
  { title: 'FOUND', value: ({ found }) => found, isNumber: true },
  { title: 'REPAIRED', value: ({ repaired }) => repaired, isNumber: true },
  { title: 'FAILED', value: ({ failed }) => failed, isNumber: true },
  { title: 'RECURRED', value: ({ recurred }) => recurred, isNumber: true },
  { title: 'P50', value: ({ repairedAfter: { p50 } }) => secondsText(p50), isNumber: true, isNarrow: true },
  { title: 'P95', value: ({ repairedAfter: { p95 } }) => secondsText(p95), isNumber: true, isNarrow: true },
  { title: 'REPAIRED_AFTER_P50_SECONDS', value: ({ repairedAfter: { p50 } }) => p50, isNumber: true, isWide: true },
  { title: 'REPAIRED_AFTER_P95_SECONDS', value: ({ repairedAfter: { p95 } }) => p95, isNumber: true, isWide: true },
  { title: 'DETECTED_WITHIN_P50_SECONDS', value: ({ detectedWithin: { p50 } }) => p50, isNumber: true, isWide: true },
  { title: 'DETECTED_WITHIN_P95_SECONDS', value: ({ detectedWithin: { p95 } }) => p95, isNumber: true, isWide: true },
];

/** The period of a month (UTC). @throws CommandError for any other text */
const monthOf = (text: string): { readonly since: string; readonly until: string } => {
  const [, year, month] = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(text) ?? [];
  if (year === undefined || month === undefined) {
    throw usageError('--month', `"${text}" is no month`, { next: 'give one such as 2026-11' });
  }
  const since = Date.UTC(Number(year), Number(month) - 1, 1);
  const until = Date.UTC(Number(year), Number(month), 1) - 1;
  return { since: new Date(since).toISOString(), until: new Date(until).toISOString() };
};

const periodOf = (
  {
    month,
    since,
    until,
  }: { readonly month?: string | undefined; readonly since?: string | undefined; readonly until?: string | undefined },
  now: Date,
) => {
  if (month === undefined) {
    return {
      since:
        since === undefined ? new Date(now.getTime() - 30 * DAY_MS).toISOString() : readSince('--since', since, now),
      until: until === undefined ? now.toISOString() : readSince('--until', until, now),
    };
  }
  if (since === undefined && until === undefined) return monthOf(month);
  throw usageError('--month', 'give --month, or --since and --until');
};

/** The ends of a period, by day; one of less than two days that is not of whole days has its times. */
const periodText = ({ since, until }: { readonly since: string; readonly until: string }): string => {
  const isOfDays = since.slice(11) === '00:00:00.000Z' && ['00:00:00.000Z', '23:59:59.999Z'].includes(until.slice(11));
  const isLong = Date.parse(until) - Date.parse(since) >= 2 * DAY_MS;
  const end = (iso: string): string => (isOfDays || isLong ? iso.slice(0, 10) : iso.slice(0, 16).replace('T', ' '));
  return `${end(since)} to ${end(until)} (UTC)`;
};

const titleOf = (total: SummaryTotal | undefined, period: { readonly since: string; readonly until: string }): string =>
  [
    periodText(period),
    ...(total === undefined
      ? []
      : [
          counted(total.clusters.length, 'cluster'),
          // The nodes are those of the last sweeps.
          ...(total.sweeps === 0 ? ['no sweep'] : [counted(total.nodes, 'node'), counted(total.sweeps, 'sweep')]),
          counted(total.people.length, 'person', 'people'),
        ]),
  ].join(' · ');

const endLines = ({ total, nodes }: Summary, paint: Paint): readonly string[] => {
  if (total === undefined) return [];
  const skipped = Object.entries(total.notActedOn).toSorted(([, a], [, b]) => b - a);
  const sum = skipped.reduce((n, [, count]) => n + count, 0);
  const listed = (items: readonly string[], none = '-'): string => (items.length === 0 ? none : items.join(' · '));
  const row = (title: string, text: string): string => `${paint('dim', title.padEnd(14))} ${text}`;
  return [
    '',
    row('Not acted on', `${sum}${sum === 0 ? '' : `   ${listed(skipped.map(([why, n]) => `${shown(why)} ${n}`))}`}`),
    row(
      'Without answer',
      listed([`Unreachable ${total.unreachable}`, `Unknown ${total.unknown}`, `Unsupported ${total.unsupported}`]),
    ),
    row(
      'Worst nodes',
      listed(
        nodes
          .filter(({ found }) => found > 1)
          .slice(0, MAX_NODES)
          .map(({ instanceId, found }) => `${shown(instanceId)} (${found}×)`),
        'none more than once',
      ),
    ),
    row('People', listed(total.people.map(({ by, requests }) => `${shown(by)} (${requests})`))),
  ];
};

/** `fleetmend report`: what happened in a period. */
export const report = defineCommand({
  name: 'report',
  summary: 'Sum up a period: what was found, repaired, failed and came back, and how fast',
  options: [
    { flags: '-c, --cluster <name>', description: 'of this cluster (default: every cluster)' },
    { flags: '--month <month>', description: 'this month (UTC), such as 2026-11' },
    { flags: '--since <time>', description: 'from then on: 24h, 30d or 2026-11-01 (default: 30d)' },
    { flags: '--until <time>', description: 'up to then' },
    { flags: '--by <what>', description: `a line for each ${SUMMARY_BY.join(', ')} (default: reason)` },
  ],
  examples: [
    'fleetmend report --month 2026-11',
    'fleetmend report --by nodegroup -o markdown',
    'fleetmend report --by day -o csv',
  ],
  formats: ['table', 'wide', 'markdown', 'json', 'jsonl', 'csv', 'name'],
  given: z.object({
    cluster: z.string().optional(),
    month: z.string().optional(),
    since: z.string().optional(),
    until: z.string().optional(),
    by: z.string().default('reason'),
  }),
  perform: async (session, { cluster, by: named, ...given }) => {
    const { io, output } = session;
    const by = SummaryBy.safeParse(named);
    if (!by.success)
      throw usageError('--by', `"${named}" is none of ${SUMMARY_BY.join(', ')}`, { allowed: [...SUMMARY_BY] });
    const period = periodOf(given, io.now());
    const items: SummaryItem[] = [];
    for await (const item of itemsOf(session.stack(), { query: 'summary', cluster, by: by.data, ...period })) {
      items.push(answerOf(SummaryItem, item, 'the summary'));
    }
    const summary = mergeSummary(items);
    const { total, groups, nodes } = summary;
    await output.list({
      kind: 'Report',
      rest: { ...period, by: by.data, total: total ?? null, worstNodes: nodes },
      columns: columnsOf(by.data),
      items: groups,
      nameOf: ({ group }) => group,
      before: [titleOf(total, period), ''],
      empty: 'No fault was found in this time.',
      after: endLines(summary, output.paint),
    });
    return EXIT.done;
  },
});
