import * as z from 'zod';
import { Page } from '../../../core/api/report.ts';
import { index, RESULT_SHARDS } from '../../adapters/table/keys.ts';
import { defineQuery } from '../define-query.ts';
import { shards } from '../partitions.ts';

const Reason = z
  .string()
  .regex(/^[A-Z][A-Za-z0-9]{1,63}$/, 'expected a reason of the catalogue, such as SandboxImageMissing');

export const reasons = defineQuery({
  name: 'reasons',
  title: 'Lists the results with one reason on one day (UTC) in every cluster, the newest first.',
  payload: z.strictObject({ reason: Reason, day: z.iso.date(), ...Page }),
  plan: ({ reason, day }) => ({
    partitions: shards(RESULT_SHARDS).map((shard) => ({ index: 'byReason', key: index.reasonDay(reason, day, shard) })),
    order: 'descending',
  }),
});
