import * as z from 'zod';
import { defined } from '../../model/defined.ts';
import { ClusterName, epochMs, IsoTime, isoTime } from '../../model/ids.ts';
import { LOGS_SOURCE } from '../../state/pending-node.ts';
import { defineSignal } from '../define-signal.ts';
import { type NodeRefReading, readNodeRef } from '../node-ref.ts';
import { type Envelope, malformed, type Report } from '../types.ts';

/** Detail type of a symptom on fleetmend's bus. */
export const NODE_SYMPTOM = 'Node Symptom';
export { LOGS_SOURCE };

/** The detail of a `Node Symptom`, as any tool may send it; docs/signals.md describes it. */
export const SymptomDetail = z.strictObject({
  /** An instance id, a provider id, a private DNS name or a node's name. */
  node: z.string().min(1).max(300).optional(),
  /** The older name of `node`, which log-classifier uses. */
  instanceId: z.string().min(1).max(300).optional(),
  /** Where it is missing, EC2's tags name the node's cluster. */
  cluster: ClusterName.optional(),
  /** A reason of the catalogue; optional for tools that cannot name one. */
  reason: z
    .string()
    .regex(/^[A-Z][A-Za-z0-9]{1,63}$/, 'a reason is a PascalCase name from the catalogue')
    .optional(),
  image: z.string().max(300).optional(),
  firstSeenAt: IsoTime.optional(),
  lastSeenAt: IsoTime.optional(),
  count: z.number().int().positive().max(1_000_000_000).optional(),
  /** A part of the log line, for the operator; untrusted text. */
  evidence: z.string().max(500).optional(),
  /** Present where the symptom only predicts the fault: it leads to a check, never to a repair. */
  hint: z.literal(true).optional(),
});
export type SymptomDetail = z.infer<typeof SymptomDetail>;

const nodeOf = (detail: SymptomDetail): readonly [field: string, reading: NodeRefReading] => {
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

const reasonOf = ({ reason }: SymptomDetail): string => reason ?? 'ForeignSymptom';

const unsupported = (
  detail: SymptomDetail,
  { nodeKind, nodeId, ...node }: Extract<NodeRefReading, { kind: 'unsupported' }>,
): Report<never> => {
  const cluster = detail.cluster ?? node.cluster;
  return {
    kind: 'unsupported',
    nodeId,
    nodeKind,
    reason: reasonOf(detail),
    ...defined({ cluster }),
  };
};

const symptomOf = (
  detail: SymptomDetail,
  { node }: Extract<NodeRefReading, { kind: 'node' }>,
  { time }: Envelope,
): Report<never> => {
  const { cluster, reason, image, count = 1, hint } = detail;
  const lastSeenAt = detail.lastSeenAt ?? isoTime(epochMs(detail.firstSeenAt ?? time));
  const firstSeenAt = detail.firstSeenAt ?? lastSeenAt;
  if (epochMs(firstSeenAt) > epochMs(lastSeenAt))
    return malformed('detail.firstSeenAt', 'later than detail.lastSeenAt');
  return {
    kind: 'node',
    node,
    ...defined({ cluster }),
    reason: reasonOf(detail),
    ...defined({ image }),
    firstSeenAt,
    lastSeenAt,
    count,
    ...defined({ hint, sample: detail.evidence }),
    // log-classifier always sends both; an event without one of them is not log-classifier's, whatever its source.
    isProof: hint === undefined && cluster !== undefined && reason !== undefined,
  };
};

/** Symptoms that log-classifier or any other tool reports. Missing fields are taken from the event where it has them. */
export const symptoms = defineSignal({
  name: 'symptoms',
  title: 'log-classifier or another tool reports a symptom of a node.',
  bus: 'fleetmend',
  detailTypes: [NODE_SYMPTOM],
  sources: 'any',
  repairSources: [LOGS_SOURCE],
  checkReasons: ['ForeignSymptom'],
  ignored: {},
  ways: [
    {
      when: 'A log line in one of `clusters[].logGroups` shows a fault, and log-classifier reports it.',
      event: `source \`${LOGS_SOURCE}\``,
      leadsTo: 'a repair of the node where policy allows it, else a check',
      delay: 'seconds',
      cost: 'Lambda and PutEvents by the line let through, see [performance](performance.md)',
    },
    {
      when: 'Any other tool reports a symptom.',
      event: 'any other source',
      leadsTo:
        'a check of the node, at most `limits.maxForeignSignalsPerMinute` from all sources, and `limits.foreignSourcePercent` of it from one',
      delay: 'seconds',
      cost: '1 USD a million events',
    },
  ],
  detail: SymptomDetail,
  read: (detail, envelope) => {
    const [field, node] = nodeOf(detail);
    switch (node.kind) {
      case 'unreadable':
        return malformed(`detail.${field}`, node.message);
      case 'unsupported':
        return unsupported(detail, node);
      case 'node':
        return symptomOf(detail, node, envelope);
    }
  },
});
