import * as z from 'zod';
import { Because } from '../model/because.ts';
import { InstanceId, IsoTime, NodeId } from '../model/ids.ts';
import { SkipReason } from '../model/outcome.ts';
import { stored } from '../model/stored.ts';
import { PartOf } from './command-state.ts';
import { PendingNode } from './pending-node.ts';
import { ResultRow } from './results.ts';

/** Pending rows that were read, by instance and version: changed only if they have not changed since. */
const Looked = { lane: z.string(), rows: z.array(z.tuple([PendingNode.shape.instanceId, z.string()])) };

/** Of an entry that is given up some day: how often AWS has refused it, and the time before which it is not tried again. */
const Tried = { tries: z.number().int().positive().optional(), notBefore: IsoTime.optional() };

/**
 * An effect of a run other than sending. It is stored with the state until it is performed, and is idempotent. Nodes with
 * the same effect share one entry, because a state with 1,000 nodes must fit into one item (400 KB).
 */
export const OutboxEntry = z.discriminatedUnion('kind', [
  stored({
    kind: z.literal('results'),
    ...ResultRow.pick({ outcome: true, skipReason: true, reason: true, message: true, advice: true }).shape,
    at: IsoTime,
    instanceIds: z.array(NodeId),
    /** The `because` of each node for which it differs from the run's. */
    becauses: z.partialRecord(NodeId, Because).optional(),
  }),
  /** Requests a check (lane `<cluster>/node-check`) or enqueues a finding. Each node has the time when it was last seen. */
  stored({
    kind: z.literal('enqueue'),
    ...PendingNode.pick({
      lane: true,
      reason: true,
      image: true,
      localMethod: true,
      source: true,
      notBefore: true,
      because: true,
      requestIds: true,
    }).shape,
    nodes: z.array(z.tuple([InstanceId, IsoTime])),
  }),
  stored({ kind: z.literal('drop'), ...Looked }),
  /** Kept until `notBefore`. */
  stored({
    kind: z.literal('defer'),
    ...Looked,
    notBefore: IsoTime,
    skipReason: SkipReason.optional(),
    /** Absent if nothing was decided and the row only waits. */
    decidedAt: IsoTime.optional(),
  }),
  stored({ kind: z.literal('cancel'), commandId: z.string(), ...Tried }),
  /** The observation of a check's command that did not run, or is lost: without it the batch would never be complete. */
  stored({
    kind: z.literal('observation'),
    key: z.string(),
    ...PartOf,
    ...ResultRow.pick({ outcome: true, skipReason: true, reason: true, message: true }).shape,
    at: IsoTime,
    instanceIds: z.array(InstanceId),
    unreachable: z.array(InstanceId).optional(),
  }),
  /** An event on fleetmend's bus; `id` lets a reader drop duplicates. */
  stored({
    kind: z.literal('notice'),
    id: z.string(),
    detailType: z.string(),
    detail: z.record(z.string(), z.unknown()),
    /** When what it is about happened: a notice may come long after, and after a later one. */
    at: IsoTime.optional(),
    ...Tried,
  }),
]);
export type OutboxEntry = z.infer<typeof OutboxEntry>;
