import * as z from 'zod';
import { Page } from '../../../core/api/report.ts';
import { RequestId } from '../../../core/api/request.ts';
import { keys } from '../../adapters/table/keys.ts';
import { startingWith } from '../../adapters/table/table.ts';
import { refuse } from '../../runtime/answer.ts';
import { defineQuery } from '../define-query.ts';
import { show } from '../items.ts';

export const request = defineQuery({
  name: 'request',
  title: 'Shows a request with its author, reason, answer and cancellation, then the ids of its other runs.',
  payload: z.strictObject({ requestId: RequestId, ...Page }),
  plan: ({ requestId }, { store }) => ({
    partitions: [startingWith(keys.request(requestId).pk, keys.requestRunPrefix)],
    order: 'ascending',
    head: async () => {
      const item = await store.get(keys.request(requestId));
      if (item === undefined) return refuse('requestId', `there is no request ${requestId}`);
      return [show(item)];
    },
  }),
});
