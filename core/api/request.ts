import * as z from 'zod';
import { Because, cleanText } from '../model/because.ts';
import { ClusterName, InstanceId, IsoTime, NodeId } from '../model/ids.ts';

/** The most nodes that one request may name; a request without nodes means the whole cluster. */
export const MAX_INSTANCES_PER_REQUEST = 1000;
/** The most messages that one `replay` takes from the dead-letter queues. */
export const MAX_REPLAY = 500;

/** The name of a remediation. */
export const RemediationName = z.string().regex(/^[a-z][a-z-]{1,39}$/, 'not the name of a remediation');
/** The author of a request. */
export const RequestedBy = z
  .string()
  .min(1, 'say who asks')
  .max(200)
  .transform((text) => cleanText(text, 200));
/** Why the author makes the request. */
export const Reason = z
  .string()
  .min(1, 'say why')
  .max(500)
  .transform((text) => cleanText(text, 500));
/** Says what would happen, and changes nothing. */
export const DryRun = { dryRun: z.boolean().default(false) };

/** A run's id, as answers and the audit table show it. */
export const RunId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,99}$/, 'not the id of a run');
/** The caller's own id of a request: the same id gets the same answer. */
export const RequestId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/, 'expected 1 to 100 letters, digits, or any of . _ : -');

/** The nodes of a request; without the field it means the whole cluster. */
export const InstanceIds = z
  .array(InstanceId)
  .min(1, 'name at least one instance, or leave the field out for the whole cluster')
  .max(
    MAX_INSTANCES_PER_REQUEST,
    `name at most ${MAX_INSTANCES_PER_REQUEST} instances, or leave the field out for the whole cluster`,
  )
  .refine((ids) => new Set(ids).size === ids.length, 'names an instance twice');

/** A node on which fleetmend will not act, according to the answer. */
export const SkippedNode = z.strictObject({ instanceId: NodeId, skipReason: z.string(), message: z.string() });
export type SkippedNode = z.infer<typeof SkippedNode>;

/** The answer to `check` and `repair`: the current plan. run-controller decides again before it acts. */
export const RunAnswer = z.strictObject({
  /** The id by which the request is cancelled and found: the caller's own, or the first run's. */
  requestId: z.string(),
  /** The first run. */
  runId: z.string(),
  /** Every run of the request: a large request is several runs. */
  runs: z.array(z.string()),
  planned: z.number().int().nonnegative(),
  skipped: z.array(SkippedNode),
  /** How many more are skipped than are listed. */
  skippedMore: z.number().int().positive().optional(),
  /** Present if the request has too many nodes to read each from SSM. The results of the run cover all nodes. */
  approximate: z.literal(true).optional(),
  /** Why the run does not start yet: a pause, or the lane's breaker. */
  held: z.string().optional(),
});
export type RunAnswer = z.infer<typeof RunAnswer>;

/** The order to cancel a request. It is in force for all of its runs and rows before the next command. */
export const Cancellation = z.object({
  at: IsoTime,
  by: z.string(),
  reason: z.string(),
  /** Repairs that have started are cancelled too. */
  force: z.boolean().default(false),
  lambdaRequestId: z.string().optional(),
});
export type Cancellation = z.infer<typeof Cancellation>;

/**
 * A request for a check or a repair. Its runs and its rows in lanes carry its id. A sweep and a signal have a row only once
 * they were cancelled: their id is that of their first run.
 */
export const RequestRow = z.object({
  requestId: z.string(),
  action: z.enum(['check', 'repair']),
  cluster: ClusterName,
  remediation: z.string(),
  because: Because,
  /** Why the author asked, in full. */
  reason: z.string().optional(),
  /** Correlates the row with CloudTrail. */
  lambdaRequestId: z.string().optional(),
  createdAt: IsoTime,
  /** The fields that identify the request: the same id with other fields is an error. */
  fingerprint: z.string().optional(),
  answer: RunAnswer.optional(),
  cancelled: Cancellation.optional(),
});
export type RequestRow = z.infer<typeof RequestRow>;

/** A command that a cancel came too late for: it ends by itself, unless it was cancelled too. */
export const InFlightCommand = z.object({
  runId: z.string(),
  key: z.string(),
  status: z.enum(['sending', 'sent']),
  commandId: z.string().optional(),
  instanceIds: z.array(InstanceId),
});
export type InFlightCommand = z.infer<typeof InFlightCommand>;

/** The record of a quarantine's release, in the node's history. */
export const ReleaseRow = z.strictObject({
  event: z.literal('released'),
  instanceId: InstanceId,
  cluster: ClusterName,
  remediation: z.string(),
  /** When the quarantine had begun. */
  quarantinedAt: IsoTime,
  at: IsoTime,
  by: z.string(),
  reason: z.string(),
  lambdaRequestId: z.string().optional(),
});
export type ReleaseRow = z.infer<typeof ReleaseRow>;
