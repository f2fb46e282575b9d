import * as z from 'zod';
import { Because } from '../model/because.ts';
import { Finding } from '../model/document-result.ts';
import { ClusterName, IsoTime, NodeId } from '../model/ids.ts';
import { Outcome, SkipReason } from '../model/outcome.ts';
import { stored } from '../model/stored.ts';

/** A decision of policy not to repair what a check found: the line of the configuration, its value, and whose it was. */
export const PolicyDecision = stored({
  remediation: z.string(),
  reason: z.string().optional(),
  skipReason: SkipReason,
  /** A sentence with all of it. */
  message: z.string(),
  setting: z.string(),
  value: z.union([z.string(), z.boolean()]),
  /** The first 12 hex digits of the sha256 of the configuration. */
  configuration: z.string(),
  version: z.string(),
});
export type PolicyDecision = z.infer<typeof PolicyDecision>;

/** A node's result in a run. Each node has one row in a run; a result of a higher grade replaces it. */
export const ResultRow = stored({
  runId: z.string(),
  cluster: ClusterName,
  instanceId: NodeId,
  remediation: z.string(),
  action: z.enum(['check', 'repair']),
  /** The request that the run belongs to. */
  requestId: z.string().optional(),
  /** Why fleetmend looked at the node. */
  because: Because.optional(),
  outcome: Outcome,
  skipReason: SkipReason.optional(),
  reason: z.string().optional(),
  cause: z.string().optional(),
  method: z.string().optional(),
  image: z.string().optional(),
  digest: z.string().optional(),
  willRecur: z.boolean().optional(),
  message: z.string(),
  /** The wording with which `message` was rendered; absent where no document reported the result. */
  catalogueVersion: z.string().optional(),
  title: z.string().optional(),
  detail: z.string().optional(),
  advice: z.string().optional(),
  evidence: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  /** Of a check: every remediation that is not healthy, and every part that gave no result, the worst first. */
  findings: z.array(Finding.extend({ outcome: Outcome, message: z.string() })).optional(),
  /** Of a check: the decisions of policy not to repair what it found. */
  decisions: z.array(PolicyDecision).optional(),
  /** Of a node that gave no answer: what looks at it next, and by when. */
  nextLook: stored({ what: z.string(), by: IsoTime.optional() }).optional(),
  /** How many findings did not fit. */
  cut: z.number().int().nonnegative().optional(),
  /** The command that the outcome comes from. */
  commandId: z.string().optional(),
  /** The grade of the underlying readings: a row is replaced only by one of a higher grade. */
  grade: z.number().int().nonnegative().optional(),
  /** The script's own times where it ran. */
  startedAt: IsoTime.optional(),
  endedAt: IsoTime,
  /** When this row was written. */
  at: IsoTime,
  /** The node group and the AMI of the node when its command was sent, where they were known. */
  nodegroup: z.string().optional(),
  ami: z.string().optional(),
});
export type ResultRow = z.infer<typeof ResultRow>;

/**
 * The report of one command about one node: a result without its keys and without the catalogue's sentences. `message` is
 * present only if no document reported.
 */
export const Reading = ResultRow.omit({
  runId: true,
  cluster: true,
  instanceId: true,
  remediation: true,
  action: true,
  requestId: true,
  because: true,
  catalogueVersion: true,
  advice: true,
  decisions: true,
  nextLook: true,
  commandId: true,
  grade: true,
  at: true,
}).extend({
  message: z.string().optional(),
  findings: z.array(Finding.extend({ outcome: Outcome, message: z.string().optional() })).optional(),
  /** SSM ended the command without running it on this node: the node waits in its lane again. */
  ranNowhere: z.literal(true).optional(),
  /** When the fault was first reported, and the most seconds that passed before that: those of the node's `because`. */
  since: IsoTime.optional(),
  detectedWithinSeconds: z.number().int().nonnegative().optional(),
  /** The earlier repair that did not last. */
  relapseOf: stored({ runId: z.string(), at: IsoTime }).optional(),
});
export type Reading = z.infer<typeof Reading>;

/** The part of a node's result that the run's state machine needs. */
export const Tally = stored({
  /** The node still runs the document: its outcome is provisional, and counts for nothing. */
  open: z.literal(true).optional(),
  /** SSM ended the command without running it on this node. */
  ranNowhere: z.literal(true).optional(),
  outcome: Outcome,
  skipReason: SkipReason.optional(),
  reason: z.string().optional(),
  /** Remediations that a check found broken on this node, with the reason. */
  findings: z.array(z.tuple([z.string(), z.string()])).optional(),
  /** Present if another document or the fault of an earlier remediation blocks this node. */
  waits: z.literal(true).optional(),
  image: z.string().optional(),
  /** A check named a method that needs no registry. */
  localMethod: z.literal(true).optional(),
  /** Whether the registry answered the node, where the repair reports it. */
  registry: z.enum(['silent', 'answers']).optional(),
  /** When the node was in this state, by its own clock, limited to the time of the command. Findings have this time. */
  at: IsoTime,
});
export type Tally = z.infer<typeof Tally>;
