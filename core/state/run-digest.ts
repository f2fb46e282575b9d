import * as z from 'zod';
import { BECAUSE_KINDS } from '../model/because.ts';
import { ClusterName, InstanceId, IsoTime, NodeId } from '../model/ids.ts';
import { Outcome } from '../model/outcome.ts';
import { stored } from '../model/stored.ts';
import { SettledCounts } from './counts.ts';

const Seconds = z.number().nonnegative();

/** What a run found on a node, or did to it, in few bytes: a run has up to 1,000 nodes. */
export const NodeNote = stored({
  instanceId: NodeId,
  at: IsoTime,
  outcome: Outcome,
  /** The remediation of the finding or of the repair; `node-check` where a check ended without a finding. */
  remediation: z.string(),
  reason: z.string().optional(),
  nodegroup: z.string().optional(),
  ami: z.string().optional(),
  /** The version of containerd, where the document reports it. */
  containerd: z.string().optional(),
  /** The most seconds between the fault and its detection. */
  detectedWithin: Seconds.optional(),
  /** Of a repaired node: the seconds from the first report of the fault to the end of the repair. */
  repairedAfter: Seconds.optional(),
});
export type NodeNote = z.infer<typeof NodeNote>;

/**
 * What remains of a run that has ended, in one small row: lists of runs, the present state of a cluster and summaries read
 * it in place of the run and its results.
 */
export const RunDigest = stored({
  runId: z.string(),
  requestId: z.string(),
  cluster: ClusterName,
  remediation: z.string(),
  action: z.enum(['check', 'repair']),
  because: z.enum(BECAUSE_KINDS),
  /** The person who asked. */
  by: z.string().optional(),
  createdAt: IsoTime,
  startedAt: IsoTime.optional(),
  endedAt: IsoTime,
  end: z.enum(['Done', 'Stopped', 'Cancelled', 'Stuck']),
  stopped: z.string().optional(),
  /** The number of nodes by outcome, and by the reason for which nothing was done. */
  counts: SettledCounts,
  /** The nodes that a check did not find healthy, and those of a repair. */
  notes: z.array(NodeNote),
  /** How many notes did not fit. */
  more: z.number().int().positive().optional(),
  /** The nodes that a check found healthy; absent for a sweep, in which they are all others. */
  healthy: z.array(InstanceId).optional(),
});
export type RunDigest = z.infer<typeof RunDigest>;
