import * as z from 'zod';
import { ClusterName, epochMs, IsoTime, isoTime } from '../model/ids.ts';
import { type NodeRefReading, readNodeRef } from './node-ref.ts';
import { type Envelope, refusal, refused, type Signal, type SignalReading } from './types.ts';

/** Detail-type of a symptom on fleetmend's bus. */
export const NODE_SYMPTOM = 'Node Symptom';
/** The source that only log-classifier' role may use; symptoms from any other source lead to a check at most. */
export const LOGS_SOURCE = 'fleetmend.logs';

/** The detail of a `Node Symptom`, as any tool may send it; docs/signals.md describes it. */
export const SymptomDetail = z.strictObject({
  /** An instance id, a provider id, a private DNS name or a node's name. */
  node: z.string().min(1).max(300).optional(),
  /** The older name of `node`, which log-classifier uses. */
  instanceId: z.string().min(1).max(300).optional(),
  /** Where it is missing, EC2's tags say which cluster the node belongs to. */
  cluster: ClusterName.optional(),
  /** A reason of the catalogue; a tool that knows none leaves it out. */
  reason: z
    .string()
    .regex(/^[A-Z][A-Za-z0-9]{1,63}$/, 'a reason is a PascalCase name from the catalogue')
    .optional(),
  image: z.string().max(300).optional(),
  firstSeenAt: IsoTime.optional(),
  lastSeenAt: IsoTime.optional(),
  count: z.number().int().positive().max(1_000_000_000).optional(),
  evidence: z.string().max(500).optional(),
  hint: z.literal(true).optional(),
});

const nodeOf = (detail: z.infer<typeof SymptomDetail>): readonly [field: string, reading: NodeRefReading] => {
  const [field, text] = detail.node === undefined ? ['instanceId', detail.instanceId] : ['node', detail.node];
  if (text === undefined || (detail.node !== undefined && detail.instanceId !== undefined)) {
    return ['node', { kind: 'unreadable', message: 'give node, or instanceId, and not both' }];
  }
  const reading = readNodeRef(text);
  const isInstance = reading.kind === 'node' && reading.node.kind === 'instance-id' && reading.node.id === text;
  if (field === 'instanceId' && !isInstance) {
    return [field, { kind: 'unreadable', message: 'not an EC2 instance id; for a name or a provider id use node' }];
  }
  return [field, reading];
};

/** Reads a `Node Symptom` of log-classifier or of any tool; what is missing but can be told from the event is filled in. */
export const readNodeSymptom = ({ id, source, time, detail }: Envelope): SignalReading => {
  const parsed = SymptomDetail.safeParse(detail);
  if (!parsed.success) return refusal(parsed.error, ['detail']);
  const { cluster, reason, image, count = 1, hint } = parsed.data;
  const [field, node] = nodeOf(parsed.data);
  if (node.kind === 'unreadable') return refused(`detail.${field}`, node.message);
  const origin = { source, id, time };
  if (node.kind === 'unsupported') {
    const { why, nodeId } = node;
    const named = cluster ?? node.cluster;
    const about = {
      nodeId,
      why,
      reason: reason ?? 'ForeignSymptom',
      ...(named === undefined ? {} : { cluster: named }),
    };
    return { ok: true, signal: { kind: 'unsupported', ...about, ...origin } };
  }
  const lastSeenAt = parsed.data.lastSeenAt ?? isoTime(epochMs(parsed.data.firstSeenAt ?? time));
  const firstSeenAt = parsed.data.firstSeenAt ?? lastSeenAt;
  if (epochMs(firstSeenAt) > epochMs(lastSeenAt)) return refused('detail.firstSeenAt', 'later than detail.lastSeenAt');
  // log-classifier always says all of it; what says less is not log-classifier, whatever its source.
  const isComplete = cluster !== undefined && reason !== undefined && node.node.kind === 'instance-id';
  const signal: Signal = {
    kind: 'node',
    ...origin,
    node: node.node,
    ...(cluster === undefined ? {} : { cluster }),
    reason: reason ?? 'ForeignSymptom',
    ...(image === undefined ? {} : { image }),
    firstSeenAt,
    lastSeenAt,
    count,
    ...(hint === undefined ? {} : { hint }),
    trusted: source === LOGS_SOURCE && hint === undefined && isComplete,
  };
  return { ok: true, signal };
};
