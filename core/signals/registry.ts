import type { Policy } from '../model/policy.ts';
import { ALARM_STATE_CHANGE, readAlarm } from './alarm.ts';
import { ADDON_EVENT_PREFIX, API_CALL, readAddonEvent, readApiCall } from './eks.ts';
import { INSTANCE_STATE_CHANGE, LAUNCH_SUCCESSFUL, readLaunch, readStateChange } from './instance.ts';
import { NODE_SYMPTOM, readNodeSymptom } from './node-symptom.ts';
import { Envelope, refusal, refused, type SignalOptions, type SignalReading } from './types.ts';

export type { Signal, SignalOptions, SignalReading } from './types.ts';

/** What the reading of signals takes from the policy. */
export const signalOptions = (policy: Pick<Policy, 'clusters' | 'limits'>): SignalOptions => ({
  settleSeconds: policy.limits.settleSeconds,
  clusterOfAlarm: (alarm) => policy.clusters.find(({ alarms }) => alarms.includes(alarm))?.name,
});

type Reader = (envelope: Envelope, options: SignalOptions) => SignalReading;

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  [NODE_SYMPTOM, readNodeSymptom],
  [ALARM_STATE_CHANGE, readAlarm],
  [API_CALL, readApiCall],
  [LAUNCH_SUCCESSFUL, readLaunch],
  [INSTANCE_STATE_CHANGE, readStateChange],
]);

/** What an AWS service alone may say: `aws.` sources cannot be put by customers (EventBridge API, PutEvents). */
const SOURCES: ReadonlyMap<string, string> = new Map([
  [ALARM_STATE_CHANGE, 'aws.cloudwatch'],
  [API_CALL, 'aws.eks'],
  [LAUNCH_SUCCESSFUL, 'aws.autoscaling'],
  [INSTANCE_STATE_CHANGE, 'aws.ec2'],
]);

const readerOf = (detailType: string): { readonly read: Reader; readonly source?: string } | undefined => {
  if (detailType.startsWith(ADDON_EVENT_PREFIX)) return { read: readAddonEvent, source: 'aws.eks' };
  const read = READERS.get(detailType);
  const source = SOURCES.get(detailType);
  return read === undefined ? undefined : { read, ...(source === undefined ? {} : { source }) };
};

/**
 * Reads an event as EventBridge delivers it to the queue of signals. Pure, and total: whatever it is given, it answers
 * and does not throw.
 */
export const readSignal = (event: unknown, options: SignalOptions): SignalReading => {
  const envelope = Envelope.safeParse(event);
  if (!envelope.success) return refusal(envelope.error);
  const detailType = envelope.data['detail-type'];
  const reader = readerOf(detailType);
  if (reader === undefined) {
    const known = [...READERS.keys(), `${ADDON_EVENT_PREFIX}…`].join(', ');
    return refused('detail-type', `${JSON.stringify(detailType)} is no signal; there are ${known}`);
  }
  if (reader.source !== undefined && envelope.data.source !== reader.source) {
    return refused('source', `${JSON.stringify(envelope.data.source)} sends no ${detailType}; ${reader.source} does`);
  }
  return reader.read(envelope.data, options);
};
