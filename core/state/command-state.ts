import * as z from 'zod';
import { ClusterName, InstanceId, IsoTime } from '../model/ids.ts';
import { OutcomeCounts } from './counts.ts';
import { Reading } from './results.ts';

/**
 * Which document of a check a command runs. A check may consist of several documents, its parts, which are sent to the same
 * nodes; both fields are absent where there is one document.
 */
export const PartOf = { part: z.number().int().positive().optional(), parts: z.number().int().positive().optional() };

/** Where a sent command belongs; found by its SSM command id. */
export const CommandRow = z.strictObject({
  commandId: z.string(),
  runId: z.string(),
  key: z.string(),
  ...PartOf,
  group: z.string(),
  cluster: ClusterName,
  remediation: z.string(),
  action: z.enum(['check', 'repair']),
  instanceIds: z.array(InstanceId).min(1).max(50),
  /** Nodes of a check's batch that SSM refused as not in a valid state; the command was sent without them. */
  unreachable: z.array(InstanceId).max(50).optional(),
  sentAt: IsoTime,
  softDeadlineAt: IsoTime,
  hardDeadlineAt: IsoTime,
});
export type CommandRow = z.infer<typeof CommandRow>;

/**
 * What a command reported about all of its nodes. One row a command, written by compare and set: a final one replaces an
 * early one, and the end of the command replaces what a deadline left. Results and counts derive from the row that stands.
 */
export const ObservationRow = z.strictObject({
  runId: z.string(),
  key: z.string(),
  ...PartOf,
  /** Absent where nothing was sent. */
  commandId: z.string().optional(),
  /** False where nodes may still answer. */
  final: z.boolean(),
  /** `not-sent`: the command did not run on any node, or is lost. */
  closedBy: z.enum(['end', 'soft-deadline', 'hard-deadline', 'not-sent']),
  at: IsoTime,
  /** Of a check: the nodes that answered Healthy. They have no reading, and get no result row. */
  healthy: z.array(InstanceId).optional(),
  /** Those of `healthy` that the row before this one had not as healthy: their results are written. */
  amended: z.array(InstanceId).optional(),
  nodes: z.record(InstanceId, Reading),
});
export type ObservationRow = z.infer<typeof ObservationRow>;

/** How a command of a run stands. */
export const CommandState = z.strictObject({
  /** `<batch>`, or `<batch>.<part>` where a check has several parts: the parts of a batch are sent to the same nodes. */
  key: z.string(),
  ...PartOf,
  /** What is to be sent; until SSM has the command. */
  documentName: z.string().optional(),
  executionTimeoutSeconds: z.number().int().positive().optional(),
  /** Empty once closed, and for a check once sent: the command's row and its observation have the nodes. */
  instanceIds: z.array(InstanceId).max(50),
  /** Nodes that SSM refused as not in a valid state: the command goes on without them. */
  unreachable: z.array(InstanceId).max(50).optional(),
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
  hardDeadlineAt: IsoTime.optional(),
  /** After SSM refused a call for its rate: not before. */
  notBefore: IsoTime.optional(),
  /**
   * How many nodes of the batch ended with which outcome; derived from the observations, so that reading them twice changes
   * nothing. Only the batch's first command has it, once all parts are in.
   */
  counts: OutcomeCounts.optional(),
  attributableFailures: z.number().int().nonnegative().optional(),
  /** How many nodes had no answer from the registry; 0 where one had. Absent where no node reports on it. */
  silent: z.number().int().nonnegative().optional(),
  /** Closed before SSM had ended it; a later observation is counted while the run is open. */
  early: z.boolean().optional(),
});
export type CommandState = z.infer<typeof CommandState>;
