import * as z from 'zod';
import { InstanceId } from '../core/model/ids.ts';
import { LOGS_SOURCE, NODE_SYMPTOM, SymptomDetail } from '../core/signals/definitions/symptoms.ts';

export { LOGS_SOURCE, NODE_SYMPTOM };

/**
 * Detail of a `Node Symptom` from log-classifier, which always sends all of these fields: the node by its instance id, or in
 * `node` by its private DNS name.
 */
export const NodeSymptomDetail = SymptomDetail.required({
  ...{ cluster: true, reason: true, firstSeenAt: true, lastSeenAt: true, count: true },
})
  .extend({ instanceId: InstanceId.optional() })
  .refine(({ node, instanceId }) => (node === undefined) !== (instanceId === undefined), 'give node, or instanceId');
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
