import * as z from 'zod';
import { Page, Times } from '../../../core/api/report.ts';
import { NodeId } from '../../../core/model/ids.ts';
import { index, keys } from '../../adapters/table/keys.ts';
import { defineQuery } from '../define-query.ts';
import { all } from '../items.ts';
import { between } from '../partitions.ts';

export const node = defineQuery({
  name: 'node',
  title: 'Shows the state of a node, then its history, the newest first.',
  payload: z.strictObject({ instanceId: NodeId, ...Times, ...Page }),
  plan: ({ instanceId, ...times }, { store }) => ({
    partitions: [{ index: 'byOwner', key: index.node(instanceId), ...between(times) }],
    order: 'descending',
    head: () => all(store, { key: keys.nodeState(instanceId, '').pk, from: 'STATE#', to: 'STATE#~' }),
  }),
});
