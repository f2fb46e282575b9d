import * as z from 'zod';
import { InstanceId } from '../core/model/ids.ts';
import { LOGS_SOURCE, NODE_SYMPTOM, SymptomDetail } from '../core/signals/definitions/symptoms.ts';

export { LOGS_SOURCE, NODE_SYMPTOM };

/** Detail of a `Node Symptom` from log-classifier, which always sends all of these fields. */
export const NodeSymptomDetail = SymptomDetail.omit({ node: true })
  .required({ cluster: true, reason: true, firstSeenAt: true, lastSeenAt: true, count: true })
  .extend({ instanceId: InstanceId });
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
