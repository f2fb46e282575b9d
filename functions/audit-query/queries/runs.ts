import * as z from 'zod';
import { Page, Times } from '../../../core/api/report.ts';
import { ClusterName } from '../../../core/model/ids.ts';
import { index } from '../../adapters/table/keys.ts';
import { defineQuery } from '../define-query.ts';
import { between } from '../partitions.ts';

export const runs = defineQuery({
  name: 'runs',
  title: 'Lists the runs of a cluster, the newest first.',
  payload: z.strictObject({ cluster: ClusterName, ...Times, ...Page }),
  plan: ({ cluster, ...times }) => ({
    partitions: [{ index: 'byOwner', key: index.runsOf(cluster), ...between(times) }],
    order: 'descending',
  }),
});
