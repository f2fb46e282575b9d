import * as z from 'zod';
import { Page } from '../../../core/api/report.ts';
import { DUE_SHARDS, index } from '../../adapters/table/keys.ts';
import { defineQuery } from '../define-query.ts';
import { shards } from '../partitions.ts';

export const open = defineQuery({
  name: 'open',
  title: 'Lists the lanes, runs and commands that have not ended, the earliest due time first.',
  payload: z.strictObject({ ...Page }),
  plan: () => ({
    partitions: shards(DUE_SHARDS).map((shard) => ({ index: 'byDue', key: index.open(shard) })),
    order: 'ascending',
  }),
});
