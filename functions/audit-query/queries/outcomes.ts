import * as z from 'zod';
import { Page, Times } from '../../../core/api/report.ts';
import { ClusterName } from '../../../core/model/ids.ts';
import { Outcome } from '../../../core/model/outcome.ts';
import { index, RESULT_SHARDS } from '../../adapters/table/keys.ts';
import { defineQuery } from '../define-query.ts';
import { between, shards } from '../partitions.ts';

export const outcomes = defineQuery({
  name: 'outcomes',
  title: 'Lists the results of a cluster with one outcome, the newest first.',
  payload: z.strictObject({ cluster: ClusterName, outcome: Outcome, ...Times, ...Page }),
  plan: ({ cluster, outcome, ...times }) => ({
    partitions: shards(RESULT_SHARDS).map((shard) => ({
      index: 'byOutcome',
      key: index.outcome(cluster, outcome, shard),
      ...between(times),
    })),
    order: 'descending',
  }),
});
