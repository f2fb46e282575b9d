import * as z from 'zod';
import { ClusterName } from '../model/ids.ts';

/** What a deployment should have made in the account, for whoever compares it with what is there. */
export const DeployedItem = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('deployed-document'),
    key: z.string(),
    name: z.string(),
    /** Of its content as canonical JSON: SSM may indent the text in another way. */
    contentSha256: z.string(),
  }),
  z.object({ kind: z.literal('log-group'), name: z.string(), cluster: ClusterName }),
]);
export type DeployedItem = z.infer<typeof DeployedItem>;
