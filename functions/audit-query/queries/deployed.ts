import * as z from 'zod';
import { DeployedItem } from '../../../core/api/deployed.ts';
import { Page } from '../../../core/api/report.ts';
import { defineAnswer } from '../define-query.ts';

/** The documents and log groups of the deployment: who asks compares them with what AWS has. */
export const deployed = defineAnswer({
  name: 'deployed',
  title:
    'Lists what the deployment has in the account: each document with the hash of its content, and each log group.',
  payload: z.strictObject({ ...Page }),
  items: DeployedItem,
  answer: async (_payload, { settings }) => ({
    items: [
      ...Object.entries(settings.documents).map(([key, { name, contentSha256 }]) => ({
        kind: 'deployed-document' as const,
        ...{ key, name, contentSha256 },
      })),
      ...Object.entries(settings.logGroups).map(([name, cluster]) => ({ kind: 'log-group' as const, name, cluster })),
    ],
  }),
});
