import * as z from 'zod';
import { Because } from '../model/because.ts';
import { ClusterName, InstanceId, IsoTime } from '../model/ids.ts';
import { stored } from '../model/stored.ts';
import { OutcomeCounts } from './counts.ts';
import { Reading } from './results.ts';

/**
 * Which document of a check a command runs. A check may consist of several documents, its parts, which are sent to the same
 * nodes; both fields are absent where there is one document.
 */
export const PartOf = { part: z.number().int().positive().optional(), parts: z.number().int().positive().optional() };

/** Where a node comes from. */
export const Place = stored({ nodegroup: z.string().optional(), ami: z.string().optional() });
export type Place = z.infer<typeof Place>;

/** The run and the batch of a sent command, found by its SSM command id. */
export const CommandRow = stored({
  commandId: z.string(),
  runId: z.string(),
  key: z.string(),
  ...PartOf,
  group: z.string(),
  cluster: ClusterName,
  remediation: z.string(),
  action: z.enum(['check', 'repair']),
  instanceIds: z.array(InstanceId).min(1).max(50),
  /** The request and the `because` of the run. */
  requestId: z.string().optional(),
  because: Because.optional(),
  /** The `because` of each node for which it differs from the run's. */
  becauses: z.partialRecord(InstanceId, Because).optional(),
  /** The node groups and AMIs of its nodes, as far as they were known when it was sent. */
  places: z.partialRecord(InstanceId, Place).optional(),
  /** Nodes of a check's batch that SSM refused as not in a valid state; the command was sent without them. */
  unreachable: z.array(InstanceId).max(50).optional(),
  sentAt: IsoTime,
  softDeadlineAt: IsoTime,
  hardDeadlineAt: IsoTime,
});
export type CommandRow = z.infer<typeof CommandRow>;

/**
 * The observation of a command: the readings of its nodes that have ended, and the nodes that have not. Each command has
 * one row, written by compare and set. A replacement adds information and takes none away: the final reading of a node
 * stays, unless fleetmend assumed it and SSM reported another one later. So the same news gives the same row in any order.
 * Results, attempts and counts are derived from the current row.
 */
export const ObservationRow = stored({
  runId: z.string(),
  key: z.string(),
  ...PartOf,
  /** Absent if nothing was sent. */
  commandId: z.string().optional(),
  /** Every node has its final reading: none is open. */
  final: z.boolean(),
  /** `look`: read before a deadline, while nodes run. `not-sent`: the command did not run on any node, or is lost. */
  closedBy: z.enum(['end', 'look', 'soft-deadline', 'hard-deadline', 'not-sent']),
  at: IsoTime,
  /** The total information of the row: it grows with each replacement, which is conditional on it. */
  grade: z.number().int().nonnegative(),
  /** The nodes without a final reading. They hold their slots, and nothing is counted or booked for them. */
  open: z.array(InstanceId),
  /** The nodes whose final reading is not SSM's: they gave no answer by the hard deadline, or the command was not sent. */
  assumed: z.array(InstanceId).optional(),
  /** Checks only: the nodes that reported Healthy. They have no reading, and get no result row. */
  healthy: z.array(InstanceId).optional(),
  /** The nodes of `healthy` whose assumed reading has a result row, which is replaced. */
  amended: z.array(InstanceId).optional(),
  nodes: z.record(InstanceId, Reading),
});
export type ObservationRow = z.infer<typeof ObservationRow>;

/** The state of a command of a run. */
export const CommandState = stored({
  /** `<batch>`, or `<batch>.<part>` where a check has several parts: the parts of a batch are sent to the same nodes. */
  key: z.string(),
  ...PartOf,
  /** The document, set when the command is about to be sent; absent once no more of it can change. */
  documentName: z.string().optional(),
  executionTimeoutSeconds: z.number().int().positive().optional(),
  /**
   * Empty once closed, and for a check once sent: the command's row and its observation have the nodes. A repair that is lost
   * keeps them.
   */
  instanceIds: z.array(InstanceId).max(50),
  /** Nodes that SSM refused as not in a valid state: the command runs without them. */
  unreachable: z.array(InstanceId).max(50).optional(),
  size: z.number().int().min(1).max(50),
  /** The versions of the pending rows of `instanceIds`. Absent after SSM accepted the command. */
  versions: z.array(z.string()).max(50).optional(),
  /**
   * `planned`: may be sent. `sending`: was about to be sent when last stored; after a crash it must be looked for, never
   * sent again. `sent`: has an id. `closed`: has its outcomes. `lost`: was never found in SSM.
   */
  status: z.enum(['planned', 'sending', 'sent', 'closed', 'lost']),
  sendingAt: IsoTime.optional(),
  /** Times of the ListCommands reads that did not find it. */
  missedReads: z.array(IsoTime).optional(),
  commandId: z.string().optional(),
  sentAt: IsoTime.optional(),
  hardDeadlineAt: IsoTime.optional(),
  /** After SSM throttled a call: the time before which the command is not sent again. */
  notBefore: IsoTime.optional(),
  /** After SSM refused it without naming a node: it goes on with at most so many. */
  most: z.number().int().positive().optional(),
  /**
   * The number of nodes of the batch by outcome. It is derived from the observations, so that reading them twice changes
   * nothing. Only the first command of a batch has it, after all parts have been observed.
   */
  counts: OutcomeCounts.optional(),
  /** Whether it was sent to a canary. */
  isCanary: z.boolean().optional(),
  /**
   * The nodes without a final reading, where others of the command have one. Of a check: those whose findings are still to
   * come, where others were sent to their lanes.
   */
  open: z.array(InstanceId).max(50).optional(),
  /** The grade of the observation that closed it, where readings were assumed: a surer one is counted too. */
  assumedGrade: z.number().int().nonnegative().optional(),
});
export type CommandState = z.infer<typeof CommandState>;
