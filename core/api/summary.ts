import * as z from 'zod';
import { ClusterName, IsoTime, NodeId } from '../model/ids.ts';
import { SkipReason } from '../model/outcome.ts';

const Count = z.number().int().nonnegative();

/** By what a summary can be grouped. */
export const SUMMARY_BY = ['cluster', 'reason', 'remediation', 'nodegroup', 'ami', 'containerd', 'day'] as const;
export const SummaryBy = z.enum(SUMMARY_BY);
export type SummaryBy = z.infer<typeof SummaryBy>;

/** How many durations fell into each bucket, by the number of the bucket (`bucketSeconds` in core/model/histogram.ts). */
export const Histogram = z.record(z.string(), z.number().int().positive());
export type Histogram = z.infer<typeof Histogram>;

/** Durations in seconds: how many, and the times within which half of them and 95 % of them ended. */
export const Durations = z.object({
  count: Count,
  p50: z.number().optional(),
  p95: z.number().optional(),
  histogram: Histogram,
});
export type Durations = z.infer<typeof Durations>;

/** What happened to nodes in a period. `found` counts a node once for each time that its fault was repaired or tried. */
const Numbers = {
  found: Count,
  repaired: Count,
  failed: Count,
  /** The fault was there again within 24 hours of a repair. */
  recurred: Count,
  /** The most time between a fault and its detection. */
  detectedWithin: Durations,
  /** The time from the detection to the end of the repair. */
  repairedAfter: Durations,
};

/** A summary of a period, over everything that it has. */
export const SummaryTotal = z.object({
  kind: z.literal('total'),
  /** The part of the period that this answer covers; `next` goes on with the days before it. */
  since: IsoTime,
  until: IsoTime,
  clusters: z.array(ClusterName),
  ...Numbers,
  runs: Count,
  sweeps: Count,
  /** Sweeps that ended without looking at the nodes. */
  sweepsStopped: Count,
  /** How many nodes the largest sweep of each cluster looked at, added up. */
  nodes: Count,
  /** Repairs and checks that people asked for, by person. */
  people: z.array(z.object({ by: z.string(), requests: Count })),
  /** Nodes on which fleetmend decided not to act, by reason. */
  notActedOn: z.partialRecord(SkipReason, Count),
  /** How often a check ended so, a node each time. */
  unreachable: Count,
  unknown: Count,
  unsupported: Count,
});
export type SummaryTotal = z.infer<typeof SummaryTotal>;

/** A group of the summary: a cluster, a reason, a node group. An empty `group` is what is not known. */
export const SummaryGroup = z.object({
  kind: z.literal('group'),
  by: SummaryBy,
  group: z.string(),
  ...Numbers,
});
export type SummaryGroup = z.infer<typeof SummaryGroup>;

/** A node with the most repairs. */
export const WorstNode = z.object({
  kind: z.literal('worst-node'),
  instanceId: NodeId,
  cluster: ClusterName,
  nodegroup: z.string().optional(),
  ami: z.string().optional(),
  found: Count,
  repaired: Count,
  failed: Count,
  recurred: Count,
});
export type WorstNode = z.infer<typeof WorstNode>;

/** An item of an answer to the query `summary`. */
export const SummaryItem = z.discriminatedUnion('kind', [SummaryTotal, SummaryGroup, WorstNode]);
export type SummaryItem = z.infer<typeof SummaryItem>;
