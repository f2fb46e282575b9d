import * as z from 'zod';
import { ClusterName, InstanceId, IsoTime } from '../model/ids.ts';
import { CommandState } from './command-state.ts';
import { SettledCounts } from './counts.ts';
import { RegistryHold } from './lane-state.ts';
import { OutboxEntry } from './outbox-entry.ts';

/** Who or what asked for a run. */
export const Origin = z.strictObject({
  source: z.enum(['signal', 'cluster-signal', 'operator', 'sweep', 'finding', 'unknown-repair', 'replay']),
  /** As claimed by the caller; the caller's own IAM decided. */
  requestedBy: z.string().max(200).optional(),
  reason: z.string().max(500).optional(),
  requestId: z.string().max(200).optional(),
  /** Joins the row to CloudTrail. */
  lambdaRequestId: z.string().max(100).optional(),
});
export type Origin = z.infer<typeof Origin>;

/** A run: one pass over a set of nodes. Stored whole; `version` guards it. */
export const RunState = z.strictObject({
  runId: z.string(),
  version: z.number().int().nonnegative(),
  cluster: ClusterName,
  remediation: z.string(),
  action: z.enum(['check', 'repair']),
  /** The FIFO group that advances it: its lane for repairs, its own id for checks. */
  group: z.string(),
  /** The lane whose pending nodes the run took, if it took any. */
  lane: z.string().optional(),
  /** ECR's answer about the sandbox image before the run, as advice to the reader. */
  preflight: z.string().optional(),
  /** Key of the document in the settings, and the name it had when the run was made. */
  documentKey: z.string(),
  documentName: z.string(),
  executionTimeoutSeconds: z.number().int().positive(),
  origin: Origin,
  createdAt: IsoTime,
  /** When it was planned: a run may wait long in its lane, and its time counts from here. */
  startedAt: IsoTime.optional(),
  /** `queued` has no plan yet; `active` sends; `draining` only waits; `ended` is over. */
  status: z.enum(['queued', 'active', 'draining', 'ended']),
  /** The nodes that the request names; undefined for the whole cluster, and after planning. */
  asked: z.array(InstanceId).optional(),
  /** Nodes not commanded yet, each with the version of the pending row that brought it (empty where none did). */
  pending: z.array(z.tuple([InstanceId, z.string()])),
  /** Nodes that ended without a command. */
  settled: SettledCounts,
  commands: z.array(CommandState),
  /** How many nodes may be in flight once the canaries have passed; every `Repaired` adds one. */
  startWindow: z.number().int().positive(),
  /** How many nodes must end well, one at a time, before the window opens. */
  canaries: z.number().int().nonnegative(),
  /** Attributable failures of the lane before this run. */
  priorAttributableFailures: z.number().int().nonnegative(),
  /** The nodes of `pending` that need no registry, as known when the run was planned. */
  local: z.array(InstanceId).optional(),
  /** The lane's registry hold, or the one that this run began. */
  registryHold: RegistryHold.optional(),
  stopped: z
    .strictObject({ reason: z.enum(['BreakerOpen', 'Paused', 'Cancelled', 'Yielded', 'CommandRefused']), at: IsoTime })
    .optional(),
  image: z.string().optional(),
  dueAt: IsoTime,
  endedAt: IsoTime.optional(),
  outbox: z.array(OutboxEntry),
});
export type RunState = z.infer<typeof RunState>;
