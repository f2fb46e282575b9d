import * as z from 'zod';
import { InstanceId } from '../../model/ids.ts';
import { defineSignal } from '../define-signal.ts';

/** Instances of managed node groups and of self-managed Auto Scaling groups. */
export const launches = defineSignal({
  name: 'launches',
  title: 'Auto Scaling launched an instance.',
  documentation: 'https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-event-reference.html',
  bus: 'default',
  detailTypes: ['EC2 Instance Launch Successful'],
  sources: ['aws.autoscaling'],
  repairSources: [],
  configKey: 'newNodes',
  checkReasons: [],
  ignored: {},
  ways: [
    {
      when: 'Auto Scaling launched an instance.',
      leadsTo: 'a check of the node once its SSM agent is online',
      delay: "the agent's",
      cost: 'SQS and Lambda by the instance; one EC2 call a batch',
    },
  ],
  detail: z.object({ EC2InstanceId: InstanceId }),
  read: ({ EC2InstanceId }) => ({ kind: 'new-node', instanceId: EC2InstanceId }),
});
