import * as z from 'zod';
import { Because } from '../model/because.ts';
import { defined } from '../model/defined.ts';
import { ClusterName, InstanceId, IsoTime } from '../model/ids.ts';
import { stored } from '../model/stored.ts';
import { CommandState } from './command-state.ts';
import { SettledCounts } from './counts.ts';
import { Failures, RegistryHold, RegistryNews } from './lane-state.ts';
import { OutboxEntry } from './outbox-entry.ts';

/** The part of a request's list of nodes that a run takes: from the index `from` on, up to `to` without it. */
export const Slice = z.object({ from: z.number().int().nonnegative(), to: z.number().int().positive().optional() });
export type Slice = z.infer<typeof Slice>;

/** An operator cancelled the request of a run, or it counts as cancelled. */
const Cancellation = stored({
  reason: z.literal('Cancelled'),
  at: IsoTime,
  /** Cancelled by force: started repairs are cancelled too. */
  forced: z.literal(true).optional(),
  /** Cancelled by nobody: why. */
  why: z.string().optional(),
});

/** Something else than a person keeps a run from sending more. */
const Hindrance = stored({
  reason: z.enum(['BreakerOpen', 'Paused', 'Yielded', 'CommandRefused', 'DocumentRefused', 'NotAllowed']),
  at: IsoTime,
});

/** Turn after turn of a run failed. */
const Failure = stored({ reason: z.literal('Stuck'), at: IsoTime });

/** Why a run that is at work sends no more commands, and since when. */
const Stopped = z.discriminatedUnion('reason', [Cancellation, Hindrance]);
/** What ends a run before all of its nodes had a command. */
export type Stop = z.infer<typeof Stopped> | z.infer<typeof Failure>;

/** A node whose fault has brought a sweep forward, and when. */
const Raised = z.tuple([InstanceId, IsoTime]);
export type Raised = z.infer<typeof Raised>;

/** Of an early sweep: what it looks at, and which one it is. */
const EarlySweep = stored({
  /** Empty for the nodes without a node group. */
  nodegroup: z.string(),
  /** The sweep that it follows, and when that began. */
  of: z.string(),
  from: IsoTime,
  /** The how many-eth early sweep it is of its node group since then. */
  turn: z.number().int().positive(),
  /** As in {@link Known}, up to the sweep that asked for it. */
  ailing: z.array(InstanceId),
  raised: z.array(Raised),
});

/** What every run has. */
const Any = {
  runId: z.string(),
  version: z.number().int().nonnegative(),
  cluster: ClusterName,
  remediation: z.string(),
  action: z.enum(['check', 'repair']),
  /** The FIFO group that advances it: its lane for repairs, its own id for checks. */
  group: z.string(),
  /** The lane whose pending nodes the run took, if it took any. */
  lane: z.string().optional(),
  /** Key of its documents in the settings. Their names are those that are deployed when a command is sent. */
  documentKey: z.string(),
  /** The request that the run belongs to. It is the run's own id where no request came before it. */
  requestId: z.string(),
  /** Why the run exists. For the nodes of a lane, this is a summary: each node may have its own. */
  because: Because,
  /** Of a request for named nodes or a whole cluster: the part of its list that this run takes. */
  slice: Slice.optional(),
  early: EarlySweep.optional(),
  createdAt: IsoTime,
  /** Nodes without a command so far, each with the version of its pending row (empty if it has none). */
  pending: z.array(z.tuple([InstanceId, z.string()])),
  /** Nodes that ended without a command. */
  settled: SettledCounts,
  commands: z.array(CommandState),
  dueAt: IsoTime,
  outbox: z.array(OutboxEntry),
};

/** What a run is found to know once it has been planned. */
const Known = {
  /** ECR's answer about the sandbox image before the run, as information for the operator. */
  preflight: z.string().optional(),
  /** The nodes of `pending` that need no registry, as known when the run was planned. */
  local: z.array(InstanceId).optional(),
  /** What is known of the registry: the lane's news, and this run's. */
  registry: RegistryNews.optional(),
  /** The lane's registry hold, or the one that this run began. */
  registryHold: RegistryHold.optional(),
  /** SSM refused the run's commands, or their document is not deployed: it sends nothing before `notBefore`. */
  refusal: z
    .object({ firstAt: IsoTime, count: z.number().int().positive(), notBefore: IsoTime, message: z.string().max(600) })
    .optional(),
  image: z.string().optional(),
  /**
   * Of a sweep: the seconds since the last healthy look at each node that the sweep before it did not find healthy. The
   * time of all others is in its `because`.
   */
  looks: z.array(z.tuple([InstanceId, z.number().int().nonnegative()])).optional(),
  /** Of a sweep: the nodes that answered the sweep before it, and were not healthy. */
  ailing: z.array(InstanceId).optional(),
  /** Of a sweep: the nodes whose faults have brought a sweep forward in the last 24 hours. */
  raised: z.array(Raised).optional(),
};

/** Of a check: turns of its own group that failed. Those of a repair are counted in its lane. */
const Failing = { failures: Failures.optional() };

/** A run that has no plan yet. */
export const QueuedRun = stored({ ...Any, ...Failing, status: z.literal('queued') });
export type QueuedRun = z.infer<typeof QueuedRun>;

/** A run at work: `active` has nodes without a command, `draining` only waits for those that it has sent. */
export const RunningRun = stored({
  ...Any,
  ...Known,
  ...Failing,
  status: z.enum(['active', 'draining']),
  /** When the run was planned. A run may wait long in its lane, so its maximum duration counts from here. */
  startedAt: IsoTime,
  stopped: Stopped.optional(),
});
export type RunningRun = z.infer<typeof RunningRun>;

const Over = {
  ...Any,
  ...Known,
  status: z.literal('ended'),
  /** Absent where the run ended before it was planned. */
  startedAt: IsoTime.optional(),
  endedAt: IsoTime,
};

/** A run that is over: only surer observations of its commands change it. */
export const EndedRun = z.discriminatedUnion('end', [
  /** Each node had a command, or a decision of its own. */
  stored({ ...Over, end: z.literal('Done') }),
  stored({ ...Over, end: z.literal('Stopped'), stopped: Hindrance }),
  stored({ ...Over, end: z.literal('Cancelled'), stopped: Cancellation }),
  /** Turn after turn failed, and its lane goes on without it. */
  stored({ ...Over, end: z.literal('Stuck'), stopped: Failure }),
]);
export type EndedRun = z.infer<typeof EndedRun>;

/** A run: one pass over a set of nodes. The run is stored as one item, and `version` guards it. */
export const RunState = z.discriminatedUnion('status', [QueuedRun, RunningRun, EndedRun]);
export type RunState = z.infer<typeof RunState>;

/** A run that has been planned, or that is over without a plan. */
export type PlannedRun = RunningRun | EndedRun;

/** When a run was planned, or created where it never was. */
export const startOf = (run: RunState): string =>
  (run.status === 'queued' ? undefined : run.startedAt) ?? run.createdAt;

/** Whether a run is a sweep, at its time or early: the next sweep looks at the same nodes. */
export const isSweep = ({ because, early }: Pick<RunState, 'because' | 'early'>): boolean =>
  because.kind === 'sweep' || early !== undefined;

/** Whether turn after turn of a run failed, until it was ended. */
export const isStuckEnd = (run: RunState): boolean => run.status === 'ended' && run.end === 'Stuck';

/** What stopped a run; undefined for one that nothing has stopped. */
export const stopOf = (run: RunState): Stop | undefined => ('stopped' in run ? run.stopped : undefined);

const Waiting = z.tuple([InstanceId, z.literal('')]);

/** What of a run's row can be read, where all of it cannot. */
const Readable = z.object({
  requestId: z.string().optional().catch(undefined),
  group: z.string().optional().catch(undefined),
  cluster: ClusterName.optional().catch(undefined),
  pending: z.array(z.unknown()).catch([]),
});

/** What is known of a run whose row cannot be read. */
export type SalvagedRun = Pick<z.infer<typeof Readable>, 'requestId' | 'group' | 'cluster'> & {
  /** The nodes that wait in no other row: those of its list without the version of a pending row. */
  readonly instanceIds: readonly string[];
};

/** Reads what can be read of a run's row. Its list of nodes may be broken, so each of its entries is read on its own. */
export const salvagedRun = (item: Readonly<Record<string, unknown>>): SalvagedRun => {
  const { pending, ...known } = Readable.parse(item);
  const instanceIds = pending.flatMap((entry) => {
    const node = Waiting.safeParse(entry);
    return node.success ? [node.data[0]] : [];
  });
  return { ...defined(known), instanceIds };
};
