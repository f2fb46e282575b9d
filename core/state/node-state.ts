import * as z from 'zod';
import { ClusterName, InstanceId, IsoTime } from '../model/ids.ts';
import { Outcome } from '../model/outcome.ts';

/** One repair attempt on a node, by run. */
export const Attempt = z.strictObject({ at: IsoTime, outcome: Outcome, reason: z.string().optional() });
export type Attempt = z.infer<typeof Attempt>;

/** The stored state of a node for one remediation: its attempts of the last day, and its quarantine. */
export const NodeStateRow = z.strictObject({
  instanceId: InstanceId,
  cluster: ClusterName,
  remediation: z.string(),
  attempts: z.record(z.string(), Attempt),
  quarantinedAt: IsoTime.optional(),
  quarantineAdvice: z.string().optional(),
});
export type NodeStateRow = z.infer<typeof NodeStateRow>;
