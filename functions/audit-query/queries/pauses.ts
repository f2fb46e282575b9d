import * as z from 'zod';
import { Page } from '../../../core/api/report.ts';
import { keys } from '../../adapters/table/keys.ts';
import { defineQuery } from '../define-query.ts';
import { all } from '../items.ts';

export const pauses = defineQuery({
  name: 'pauses',
  title: 'Shows the pauses in force, then who paused and resumed each cluster, the newest first.',
  payload: z.strictObject({ ...Page }),
  plan: (_payload, { store }) => ({
    partitions: [{ key: keys.pauses, from: 'EVENT#', to: 'EVENT#~' }],
    order: 'descending',
    head: () => all(store, { key: keys.pauses, from: 'CURRENT#', to: 'CURRENT#~' }),
  }),
});
