import * as z from 'zod';
import { ClusterName } from '../../core/model/ids.ts';
import type { Outcome } from '../../core/model/outcome.ts';
import { answerOf } from '../aws/answer.ts';
import type { Stack } from '../aws/connection.ts';
import { itemsOf } from '../aws/pages.ts';
import { defineCommand } from '../define-command.ts';
import { EXIT } from '../exit.ts';
import { resultColumns } from '../output/results.ts';
import { readSince } from '../output/times.ts';
import { readOutcomes } from '../read-outcomes.ts';
import { ResultItem } from '../schemas/shapes.ts';

const ClusterNamed = z.looseObject({ cluster: ClusterName });

const clustersOf = async (stack: Stack): Promise<readonly string[]> => {
  const names: string[] = [];
  for await (const item of itemsOf(stack, { query: 'status' })) {
    if (item.kind === 'cluster') names.push(answerOf(ClusterNamed, item, 'the clusters').cluster);
  }
  return names;
};

type Wanted = { readonly outcomes: readonly Outcome[]; readonly since: string; readonly until?: string | undefined };

async function* resultsOf(stack: Stack, clusters: readonly string[], { outcomes, since, until }: Wanted) {
  for (const cluster of clusters) {
    for (const outcome of outcomes) {
      for await (const item of itemsOf(stack, { query: 'outcomes', cluster, outcome, since, until })) {
        yield answerOf(ResultItem, item, 'a result');
      }
    }
  }
}

/** `fleetmend results`: every result of a period, for spreadsheets and other programs. Any number of rows needs little memory. */
export const results = defineCommand({
  name: 'results',
  summary: 'Write every result of a period as CSV or JSON, cluster by cluster',
  options: [
    { flags: '-c, --cluster <name>', description: 'of this cluster (default: every cluster)' },
    { flags: '--since <time>', description: 'from then on: 24h, 30d or 2026-11-01 (default: 30d)' },
    { flags: '--until <time>', description: 'up to then' },
    { flags: '--outcome <names>', description: 'with these outcomes, such as Repaired,NotRepaired (default: all)' },
  ],
  examples: [
    'fleetmend results --since 2026-11-01 > november.csv',
    'fleetmend results -c shop --outcome NotRepaired -o jsonl',
  ],
  formats: ['csv', 'jsonl', 'json', 'name'],
  given: z.object({
    cluster: z.string().optional(),
    since: z.string().default('30d'),
    until: z.string().optional(),
    outcome: z.string().optional(),
  }),
  perform: async (session, { cluster, since, until, outcome }) => {
    const { io, output } = session;
    const now = io.now();
    const wanted = {
      outcomes: readOutcomes(outcome),
      since: readSince('--since', since, now),
      until: until === undefined ? undefined : readSince('--until', until, now),
    };
    const stack = session.stack();
    const clusters = cluster === undefined ? await clustersOf(stack) : [cluster];
    await output.stream({
      kind: 'ResultList',
      columns: resultColumns(output.clock),
      items: resultsOf(stack, clusters, wanted),
      nameOf: ({ instanceId }) => instanceId,
    });
    return EXIT.done;
  },
});
