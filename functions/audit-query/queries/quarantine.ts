import * as z from 'zod';
import { Page } from '../../../core/api/report.ts';
import { index } from '../../adapters/table/keys.ts';
import { defineQuery } from '../define-query.ts';

export const quarantine = defineQuery({
  name: 'quarantine',
  title: 'Lists the quarantined nodes, the longest quarantine first.',
  payload: z.strictObject({ ...Page }),
  plan: () => ({ partitions: [{ index: 'byDue', key: index.quarantine }], order: 'ascending' }),
});
