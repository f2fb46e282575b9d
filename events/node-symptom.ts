import * as z from 'zod';
import { ClusterName, InstanceId, IsoTime } from '../core/model/ids.ts';
import { LOGS_SOURCE, NODE_SYMPTOM } from '../core/signals/definitions/symptoms.ts';

export { LOGS_SOURCE, NODE_SYMPTOM };

/** Detail of a `Node Symptom` from log-classifier: one node, one reason, and the number of log lines. */
export const NodeSymptomDetail = z.strictObject({
  cluster: ClusterName,
  instanceId: InstanceId,
  reason: z.string().regex(/^[A-Z][A-Za-z0-9]{1,63}$/, 'a reason is a PascalCase name from the catalogue'),
  image: z.string().max(300).optional(),
  firstSeenAt: IsoTime,
  lastSeenAt: IsoTime,
  count: z.number().int().positive(),
  /** A part of the log line, for the operator; untrusted text. */
  evidence: z.string().max(500).optional(),
  /** Present where the symptom only predicts the fault: it leads to a check, never to a repair. */
  hint: z.literal(true).optional(),
});
export type NodeSymptomDetail = z.infer<typeof NodeSymptomDetail>;

/** The event as EventBridge delivers it to the signals queue. */
export const NodeSymptomEvent = z.object({
  id: z.string().min(1),
  source: z.string().min(1).max(256),
  'detail-type': z.literal(NODE_SYMPTOM),
  time: z.string(),
  detail: NodeSymptomDetail,
});
export type NodeSymptomEvent = z.infer<typeof NodeSymptomEvent>;

/** A symptom for PutEvents. Throws where the detail is invalid, so that a fixture cannot become outdated. */
export const nodeSymptom = (source: string, detail: z.input<typeof NodeSymptomDetail>) => ({
  source,
  detailType: NODE_SYMPTOM,
  detail: NodeSymptomDetail.parse(detail),
});

/** The same symptom as EventBridge delivers it. */
export const nodeSymptomEvent = (
  id: string,
  time: string,
  source: string,
  detail: z.input<typeof NodeSymptomDetail>,
): NodeSymptomEvent => NodeSymptomEvent.parse({ id, source, 'detail-type': NODE_SYMPTOM, time, detail });
