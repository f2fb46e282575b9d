import * as z from 'zod';
import { InstanceId } from '../../model/ids.ts';
import { defineSignal } from '../define-signal.ts';

/** Every instance that starts, including Karpenter's, which no Auto Scaling group launches. */
export const running = defineSignal({
  name: 'running',
  title: 'An EC2 instance is running.',
  documentation: 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-instance-state-changes.html',
  bus: 'default',
  detailTypes: ['EC2 Instance State-change Notification'],
  sources: ['aws.ec2'],
  repairSources: [],
  configKey: 'newNodes',
  detailPattern: () => ({ state: ['running'] }),
  checkReasons: [],
  ignored: { InstanceNotRunning: 'The instance is in another state than running.' },
  ways: [
    {
      when: "An instance is running; the only event about Karpenter's nodes.",
      event: 'state `running`',
      leadsTo: 'a check of the node once its SSM agent is online',
      delay: "the agent's",
      cost: 'SQS and Lambda by the instance; one EC2 call a batch',
    },
  ],
  detail: z.object({ 'instance-id': InstanceId, state: z.string().max(64) }),
  read: ({ 'instance-id': instanceId, state }) =>
    state === 'running' ? { kind: 'new-node', instanceId } : { kind: 'ignored', reason: 'InstanceNotRunning' },
});
