import * as z from 'zod';
import { ActionRow } from '../../core/api/action-row.ts';
import { ExplainedLane, ExplainedNode, ExplainedRun, NodeEvent, NodeVerdict } from '../../core/api/explain.ts';
import { InFlightCommand, RunAnswer } from '../../core/api/request.ts';
import { ClusterStatus, Need, NodeStatus } from '../../core/api/status.ts';
import { Because } from '../../core/model/because.ts';
import { Outcome } from '../../core/model/outcome.ts';
import { NodeStateRow } from '../../core/state/node-state.ts';
import { ResultRow } from '../../core/state/results.ts';

// Every shape lets unknown fields through: a newer stack may add some.

/** A run, as the query `runs` lists it. */
export const RunItem = z.looseObject({
  runId: z.string(),
  requestId: z.string().optional(),
  cluster: z.string(),
  remediation: z.string(),
  action: z.enum(['check', 'repair']),
  status: z.enum(['queued', 'active', 'draining', 'ended']),
  createdAt: z.string(),
  endedAt: z.string().optional(),
  end: z.enum(['Done', 'Stopped', 'Cancelled', 'Stuck']).optional(),
  stopped: z.looseObject({ reason: z.string(), at: z.string(), why: z.string().optional() }).optional(),
  because: Because.loose().optional(),
  pending: z.number(),
  inFlight: z.number(),
  counts: z.record(z.string(), z.number()),
});
export type RunItem = z.infer<typeof RunItem>;

/** The result of a node in a run. */
export const ResultItem = ResultRow.loose();
export type ResultItem = z.infer<typeof ResultItem>;

/** The nodes of a run without a result row. */
export const NodesItem = z.looseObject({ count: z.number(), instanceIds: z.array(z.string()) });

/** The present state of a node for one remediation. */
export const NodeItem = NodeStateRow.loose();
export type NodeItem = z.infer<typeof NodeItem>;

/** A person's request, its answer or its refusal. */
export const ActionItem = ActionRow.loose();
export type ActionItem = z.infer<typeof ActionItem>;

/** One item of an answer of audit-query; its kind says which. */
export const Item = z.looseObject({ kind: z.string() });
export type Item = z.infer<typeof Item>;

/** A page of audit-query. */
export const Page = z.looseObject({ items: z.array(Item), next: z.string().optional() });

/** An item of the query `status`: a cluster, a thing that needs a person, or a node that does not work. */
export const StatusItems = z.discriminatedUnion('kind', [ClusterStatus.loose(), Need.loose(), NodeStatus.loose()]);
export type StatusShown = z.infer<typeof StatusItems>;

/** An item of the query `explain`. */
export const Explained = z.discriminatedUnion('kind', [
  ExplainedNode.loose(),
  NodeVerdict.loose(),
  NodeEvent.loose(),
  ExplainedLane.loose(),
  ExplainedRun.loose(),
]);

/** What a check or a repair would do. */
export const PlanAnswer = RunAnswer.omit({ requestId: true, runId: true, runs: true }).loose();
export type PlanAnswer = z.infer<typeof PlanAnswer>;

/** What a check or a repair started. */
export const StartAnswer = RunAnswer.loose();
export type StartAnswer = z.infer<typeof StartAnswer>;

/** The answer of `pause`. */
export const PauseAnswer = z.looseObject({
  scope: z.string(),
  covers: z.enum(['repairs', 'everything']),
  until: z.string(),
  inFlight: z.array(InFlightCommand.loose()),
});
/** The answer of `resume`. */
export const ResumeAnswer = z.looseObject({ scope: z.string(), held: z.string().optional() });
/** The answer of `release`. */
export const ReleaseAnswer = z.looseObject({ released: z.array(z.string()), notQuarantined: z.array(z.string()) });
/** The answer of `cancel`. */
export const CancelAnswer = z.looseObject({
  requestId: z.string(),
  cancelled: z.boolean(),
  runs: z.array(z.looseObject({ runId: z.string(), status: z.string() })),
  waiting: z.number(),
  inFlight: z.array(InFlightCommand.loose()),
});

const Letters = {
  kinds: z.record(z.string(), z.number()),
  stoppedBy: z.string().optional(),
  waiting: z.number().optional(),
};
/** The answer of `replay`. */
export const ReplayAnswer = z.looseObject({
  replayed: z.number(),
  dropped: z.number(),
  left: z.array(z.looseObject({ messageId: z.string(), queue: z.string(), kind: z.string(), why: z.string() })),
  ...Letters,
});
/** The answer of `discard`. */
export const DiscardAnswer = z.looseObject({
  discarded: z.number(),
  notFound: z.array(z.string()).optional(),
  ...Letters,
});

/** The results of a request: what `check`, `repair` and `run -w` show at the end. */
export const RequestReport = z.looseObject({
  requestId: z.string(),
  runs: z.array(RunItem),
  /** The results that are not healthy, and those of repairs. */
  results: z.array(ResultItem),
  /** How many nodes were found healthy by a check. */
  healthy: z.number(),
  /** The nodes without a result so far. */
  open: z.array(z.string()),
  counts: z.partialRecord(Outcome, z.number()),
});
export type RequestReport = z.infer<typeof RequestReport>;
