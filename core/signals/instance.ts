import * as z from 'zod';
import { InstanceId } from '../model/ids.ts';
import { type Envelope, refusal, type SignalReading } from './types.ts';

/** Detail-type of Auto Scaling's news of a launch that succeeded. Source: EC2 Auto Scaling user guide, event reference. */
export const LAUNCH_SUCCESSFUL = 'EC2 Instance Launch Successful';
/** Detail-type of EC2's news of an instance's state. Source: EC2 user guide, monitor state changes. */
export const INSTANCE_STATE_CHANGE = 'EC2 Instance State-change Notification';

const Launch = z.object({ EC2InstanceId: InstanceId });
const StateChange = z.object({ 'instance-id': InstanceId, state: z.string().max(64) });

/** Reads Auto Scaling's `EC2 Instance Launch Successful`: managed node groups and self-managed groups. */
export const readLaunch = ({ id, source, time, detail }: Envelope): SignalReading => {
  const parsed = Launch.safeParse(detail);
  if (!parsed.success) return refusal(parsed.error, ['detail']);
  return { ok: true, signal: { kind: 'new-node', instanceId: parsed.data.EC2InstanceId, source, id, time } };
};

/** Reads EC2's state change: `running` also tells of Karpenter's nodes, which no Auto Scaling group launches. */
export const readStateChange = ({ id, source, time, detail }: Envelope): SignalReading => {
  const parsed = StateChange.safeParse(detail);
  if (!parsed.success) return refusal(parsed.error, ['detail']);
  if (parsed.data.state !== 'running') {
    return { ok: true, signal: { kind: 'ignored', why: 'InstanceNotRunning', source, id, time } };
  }
  return { ok: true, signal: { kind: 'new-node', instanceId: parsed.data['instance-id'], source, id, time } };
};
