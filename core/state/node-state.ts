import * as z from 'zod';
import { ClusterName, InstanceId, IsoTime } from '../model/ids.ts';
import { Outcome } from '../model/outcome.ts';
import { stored } from '../model/stored.ts';

/** One repair attempt on a node, by run. It is booked before its command is sent; the node's result amends it. */
export const Attempt = stored({
  /** When it was booked, or when the node ended. */
  at: IsoTime,
  /** Absent while no result is known. */
  outcome: Outcome.optional(),
  reason: z.string().optional(),
  /** The grade of the result: a result of a lower grade does not amend the attempt. */
  grade: z.number().int().nonnegative().optional(),
});
export type Attempt = z.infer<typeof Attempt>;

/** The stored state of a node for one remediation: its attempts of the last day, and its quarantine. */
export const NodeStateRow = stored({
  instanceId: InstanceId,
  cluster: ClusterName,
  remediation: z.string(),
  attempts: z.record(z.string(), Attempt),
  quarantinedAt: IsoTime.optional(),
  quarantineAdvice: z.string().optional(),
});
export type NodeStateRow = z.infer<typeof NodeStateRow>;

/** What of a node's state can be read, where all of it cannot. */
const Readable = z.object({
  cluster: ClusterName.optional().catch(undefined),
  quarantinedAt: IsoTime.optional().catch(undefined),
});

/** What is known of a node whose state cannot be read. */
export const salvagedState = (row: Readonly<Record<string, unknown>>): z.infer<typeof Readable> => Readable.parse(row);
