import * as z from 'zod';
import { NODE_CHECK } from '../../core/model/lane-name.ts';
import { answerOf } from '../aws/answer.ts';
import { pageOf } from '../aws/pages.ts';
import { CLUSTER_OPTION, defineCommand } from '../define-command.ts';
import { listStacks, TIME_OPTIONS, TimesGiven, timesOf } from '../listing.ts';
import { countsText } from '../output/results.ts';
import type { Column } from '../output/table.ts';
import type { Clock } from '../output/times.ts';
import { RunItem } from '../schemas/shapes.ts';

/** What a run did, in as few words as tell it: a check of everything, a repair, or a check by one remediation. */
const whatOf = ({ remediation, action }: RunItem): string =>
  action === 'check' && remediation !== NODE_CHECK ? `${remediation} ${action}` : remediation;

/** A run's state in one word: how it ended, or how far it is. */
export const stateOf = ({ status, end, stopped }: RunItem): string =>
  end === undefined || end === 'Done' ? (end ?? status) : `${end}${stopped === undefined ? '' : `: ${stopped.reason}`}`;

const columns = (clock: Clock): readonly Column<RunItem>[] => [
  { title: 'RUN', value: ({ runId }) => runId, isWhole: true },
  { title: 'STARTED', value: ({ createdAt }) => clock.ago(createdAt), isNarrow: true },
  { title: 'AT', value: ({ createdAt }) => clock.at(createdAt), isWide: true },
  { title: 'WHAT', value: whatOf, isFlexible: true, isNarrow: true },
  {
    title: 'WHAT',
    value: ({ remediation, action }) => (remediation === NODE_CHECK ? remediation : `${remediation} ${action}`),
    isWide: true,
  },
  { title: 'STATE', value: stateOf, isFlexible: true },
  { title: 'RESULTS', value: ({ counts }) => countsText(counts), isFlexible: true },
  { title: 'BY', value: ({ because }) => because?.by ?? because?.kind, isWide: true },
  { title: 'CLUSTER', value: ({ cluster }) => cluster, isWide: true },
  { title: 'WAITING', value: ({ pending }) => pending, isWide: true, isNumber: true },
  { title: 'IN FLIGHT', value: ({ inFlight }) => inFlight, isWide: true, isNumber: true },
  { title: 'REQUEST', value: ({ requestId }) => requestId, isWide: true },
];

/** `fleetmend runs`: the runs of a cluster. */
export const runs = defineCommand({
  name: 'runs',
  summary: 'List the runs of a cluster, the newest first',
  options: [CLUSTER_OPTION, ...TIME_OPTIONS],
  examples: ['fleetmend runs -c shop --since 24h', 'fleetmend runs -c shop -o jsonl'],
  given: TimesGiven.extend({ cluster: z.string().optional() }),
  perform: async (session, { cluster: named, ...times }) => {
    const cluster = session.cluster(named);
    const query = { query: 'runs', cluster, ...timesOf(times, session.io.now()) };
    return await listStacks(
      session,
      async (stack) => {
        const { items, next } = await pageOf(stack, query);
        return { items: items.map((item) => answerOf(RunItem, item, 'a run')), next };
      },
      {
        kind: 'RunList',
        columns: columns(session.output.clock),
        nameOf: ({ runId }) => runId,
        empty: `There are no runs of ${cluster} in this time.`,
      },
    );
  },
});
