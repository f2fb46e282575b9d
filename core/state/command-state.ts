import * as z from 'zod';
import { ClusterName, InstanceId, IsoTime } from '../model/ids.ts';
import { OutcomeCounts } from './counts.ts';
import { Tally } from './results.ts';

/** Where a sent command belongs; found by its SSM command id. */
export const CommandRow = z.strictObject({
  commandId: z.string(),
  runId: z.string(),
  key: z.string(),
  group: z.string(),
  cluster: ClusterName,
  remediation: z.string(),
  action: z.enum(['check', 'repair']),
  instanceIds: z.array(InstanceId).min(1).max(50),
  /** Sweeps write no row for a healthy node: rows are what a run costs. */
  sparse: z.boolean(),
  sentAt: IsoTime,
  softDeadlineAt: IsoTime,
  hardDeadlineAt: IsoTime,
});
export type CommandRow = z.infer<typeof CommandRow>;

/** SSM's answer about a sent command: written after the results, before the wake. `final` never goes back to false. */
export const ObservationRow = z.strictObject({
  runId: z.string(),
  key: z.string(),
  commandId: z.string(),
  /** SSM's StatusDetails of the command, spaces removed. */
  status: z.string(),
  final: z.boolean(),
  closedBy: z.enum(['end', 'soft-deadline', 'hard-deadline']),
  at: IsoTime,
  nodes: z.record(InstanceId, Tally),
});
export type ObservationRow = z.infer<typeof ObservationRow>;

/** How a command of a run stands. */
export const CommandState = z.strictObject({
  key: z.string(),
  /** Empty once closed: the observation row has the nodes. */
  instanceIds: z.array(InstanceId).max(50),
  size: z.number().int().min(1).max(50),
  /** The versions of the pending rows of `instanceIds`, until SSM answers the command; then the rows are answered. */
  versions: z.array(z.string()).max(50).optional(),
  /**
   * `planned` may be sent; `sending` was about to be when last stored (after a crash it must be looked for, never
   * sent again); `sent` has an id; `closed` has its outcomes; `lost` was never found at SSM.
   */
  status: z.enum(['planned', 'sending', 'sent', 'closed', 'lost']),
  sendingAt: IsoTime.optional(),
  /** Times of the ListCommands reads that did not find it. */
  missedReads: z.array(IsoTime).optional(),
  commandId: z.string().optional(),
  sentAt: IsoTime.optional(),
  softDeadlineAt: IsoTime.optional(),
  hardDeadlineAt: IsoTime.optional(),
  /** After SSM refused a call for its rate: not before. */
  notBefore: IsoTime.optional(),
  /** How many nodes ended how; derived from the observation, so a second look changes nothing. */
  counts: OutcomeCounts.optional(),
  attributableFailures: z.number().int().nonnegative().optional(),
  /** How many nodes had no answer from the registry; 0 where one had. Absent where no node reports on it. */
  silent: z.number().int().nonnegative().optional(),
  /** Closed before SSM had ended it; a later observation is counted while the run is open. */
  early: z.boolean().optional(),
});
export type CommandState = z.infer<typeof CommandState>;
