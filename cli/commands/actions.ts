import * as z from 'zod';
import { authorName } from '../../core/api/action-row.ts';
import { answerOf } from '../aws/answer.ts';
import { pageOf } from '../aws/pages.ts';
import { CLUSTER_OPTION, defineCommand } from '../define-command.ts';
import { listStacks, TIME_OPTIONS, TimesGiven, timesOf } from '../listing.ts';
import type { Column } from '../output/table.ts';
import type { Clock } from '../output/times.ts';
import { ActionItem } from '../schemas/shapes.ts';

const reasonOf = ({ request, error }: ActionItem): string | undefined => {
  if (error !== undefined) return error.message;
  return typeof request?.reason === 'string' ? request.reason : undefined;
};

/** All of an ARN but its last part. */
const ARN = /^arn:(?:[^:]*:){4}/;

/** `isOfOne`: the cluster is that of the command, and its column says nothing. */
const columns = (clock: Clock, isOfOne: boolean): readonly Column<ActionItem>[] => [
  { title: 'AT', value: ({ at }) => clock.at(at) },
  { title: 'ACTION', value: ({ action, dryRun }) => `${action}${dryRun === true ? ' (dry run)' : ''}` },
  { title: 'EVENT', value: ({ event }) => event },
  { title: 'CLUSTER', value: ({ cluster }) => cluster, isFlexible: true, isWide: isOfOne },
  { title: 'BY', value: ({ author }) => authorName(author).replace(ARN, ''), isFlexible: true, isNarrow: true },
  { title: 'AUTHOR', value: ({ author }) => authorName(author), isWide: true },
  { title: 'KNOWN', value: ({ author }) => author.kind },
  { title: 'REASON', value: reasonOf, isFlexible: true },
  { title: 'WAY', value: ({ way }) => way, isWide: true },
  { title: 'INVOCATION', value: ({ lambdaRequestId }) => lambdaRequestId, isWide: true },
];

/** `fleetmend actions`: what people asked for. */
export const actions = defineCommand({
  name: 'actions',
  summary: 'List what people asked for, refused requests too, the newest first',
  options: [
    CLUSTER_OPTION,
    { flags: '--author <name>', description: 'of this ARN or name' },
    { flags: '--day <date>', description: 'of this day (UTC), over all clusters' },
    ...TIME_OPTIONS,
  ],
  examples: ['fleetmend actions --day 2026-11-30', 'fleetmend actions -c shop --since 30d -o csv'],
  given: TimesGiven.extend({
    cluster: z.string().optional(),
    author: z.string().optional(),
    day: z.string().optional(),
  }),
  perform: async (session, { cluster: named, author, day, ...times }) => {
    const isOther = author !== undefined || day !== undefined;
    const cluster = isOther ? named : session.cluster(named);
    const query = { query: 'actions', cluster, author, day, ...timesOf(times, session.io.now()) };
    return await listStacks(
      session,
      async (stack) => {
        const { items, next } = await pageOf(stack, query);
        return { items: items.map((item) => answerOf(ActionItem, item, 'an action')), next };
      },
      {
        kind: 'ActionList',
        columns: columns(session.output.clock, cluster !== undefined),
        nameOf: ({ lambdaRequestId }) => lambdaRequestId,
        empty: 'Nobody asked for anything in this time.',
      },
    );
  },
});
