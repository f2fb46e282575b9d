import * as z from 'zod';
import { ClusterName, InstanceId, IsoTime, NodeId } from '../model/ids.ts';
import { describeIssues } from '../model/issue.ts';
import { failure, type Result, success } from '../model/result.ts';

/** The most nodes that one request may name; a whole cluster is asked for by leaving them out. */
export const MAX_INSTANCES_PER_REQUEST = 1000;
/** The most messages that one `replay` takes from the dead-letter queues. */
export const MAX_REPLAY = 500;

const RemediationName = z.string().regex(/^[a-z][a-z-]{1,39}$/, 'not the name of a remediation');
const RequestedBy = z.string().min(1, 'say who asks').max(200);
const Reason = z.string().min(1, 'say why').max(500);

/** A run's id, as answers and the audit table show it. */
export const RunId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,99}$/, 'not the id of a run');
/** The caller's own id of a request: the same id gets the same answer. */
export const RequestId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/, 'expected 1 to 100 letters, digits, or any of . _ : -');

const InstanceIds = z
  .array(InstanceId)
  .min(1, 'name at least one instance, or leave the field out for the whole cluster')
  .max(
    MAX_INSTANCES_PER_REQUEST,
    `name at most ${MAX_INSTANCES_PER_REQUEST} instances, or leave the field out for the whole cluster`,
  )
  .refine((ids) => new Set(ids).size === ids.length, 'names an instance twice');

const CheckRequest = z.strictObject({
  action: z.literal('check'),
  cluster: ClusterName,
  /** One remediation's check; left out: every check. */
  remediation: RemediationName.optional(),
  instanceIds: InstanceIds.optional(),
  requestedBy: RequestedBy,
  reason: Reason.optional(),
  requestId: RequestId.optional(),
});

const RepairRequest = z.strictObject({
  action: z.literal('repair'),
  cluster: ClusterName,
  remediation: RemediationName,
  instanceIds: InstanceIds.optional(),
  requestedBy: RequestedBy,
  reason: Reason,
  requestId: RequestId.optional(),
});

/** `cluster` left out means all of them. */
const pauseOrResume = <Name extends 'pause' | 'resume'>(action: Name) =>
  z.strictObject({
    action: z.literal(action),
    cluster: ClusterName.optional(),
    requestedBy: RequestedBy,
    reason: Reason,
  });

const ReleaseRequest = z.strictObject({
  action: z.literal('release'),
  cluster: ClusterName,
  /** One remediation's quarantine; left out: all of them. */
  remediation: RemediationName.optional(),
  instanceIds: InstanceIds,
  requestedBy: RequestedBy,
  reason: Reason,
});

const CancelRequest = z.strictObject({
  action: z.literal('cancel'),
  runId: RunId,
  requestedBy: RequestedBy,
  reason: Reason,
});

const ReplayRequest = z.strictObject({
  action: z.literal('replay'),
  /** How many messages to take at most. */
  max: z.number().int().min(1).max(MAX_REPLAY).default(100),
  requestedBy: RequestedBy,
  reason: Reason.optional(),
});

/** Everything that a person may ask of operator-api. */
export const OperatorRequest = z.discriminatedUnion('action', [
  CheckRequest,
  RepairRequest,
  pauseOrResume('pause'),
  pauseOrResume('resume'),
  ReleaseRequest,
  CancelRequest,
  ReplayRequest,
]);
export type OperatorRequest = z.infer<typeof OperatorRequest>;
/** The request of one action. */
export type RequestOf<Action extends OperatorRequest['action']> = Extract<OperatorRequest, { action: Action }>;

/** The actions' names, as an error lists them. */
export const ACTIONS: readonly OperatorRequest['action'][] = OperatorRequest.options.map(
  ({ shape }) => shape.action.value,
);

/** Reads a request out of whatever was sent, or says which field is wrong. */
export const readRequest = (event: unknown): Result<OperatorRequest> => {
  const parsed = OperatorRequest.safeParse(event);
  if (parsed.success) return success(parsed.data);
  const action: unknown = typeof event === 'object' && event !== null && 'action' in event ? event.action : undefined;
  if (!ACTIONS.some((known) => known === action)) {
    return failure(`reading the request: field action: expected one of ${ACTIONS.join(', ')}`);
  }
  return failure(`reading the request: ${describeIssues(parsed.error, '(whole)')}`);
};

/** A node that an answer says will not be acted upon. */
export const SkippedNode = z.strictObject({ instanceId: NodeId, skipReason: z.string(), message: z.string() });
export type SkippedNode = z.infer<typeof SkippedNode>;

/** The answer to `check` and `repair`: what is planned as things stand; run-controller decides again when it acts. */
export const RunAnswer = z.strictObject({
  runId: z.string(),
  planned: z.number().int().nonnegative(),
  skipped: z.array(SkippedNode),
  /** How many more are skipped than are listed. */
  skippedMore: z.number().int().positive().optional(),
  /** Present where too many nodes were asked for to ask SSM about each: the run's results tell of the rest. */
  approximate: z.literal(true).optional(),
  /** Why it does not start yet: a pause, or the lane's breaker. */
  held: z.string().optional(),
});
export type RunAnswer = z.infer<typeof RunAnswer>;

/** What is kept of a request with a requestId: its fingerprint and its answer. */
export const RequestRow = z.strictObject({
  requestId: z.string(),
  fingerprint: z.string(),
  createdAt: IsoTime,
  answer: RunAnswer,
});
export type RequestRow = z.infer<typeof RequestRow>;

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

/** The wish to end a run. */
export const CancelRow = z.strictObject({
  runId: z.string(),
  at: IsoTime,
  by: z.string(),
  reason: z.string(),
  lambdaRequestId: z.string().optional(),
});
export type CancelRow = z.infer<typeof CancelRow>;
