import { expect, it } from 'vitest';
import { eventPatternOf } from './define-signal.ts';
import { addons, alarms, eksCalls, running, symptoms } from './registry.ts';

const settings = { stackName: 'fleetmend', alarmNames: ['disk'] };

it('eventPatternOf names the sources and the details of a signal', () => {
  expect(eventPatternOf(running, settings)).toEqual({
    source: ['aws.ec2'],
    'detail-type': ['EC2 Instance State-change Notification'],
    detail: { state: ['running'] },
  });
});

it('eventPatternOf adds the names of the stack and of the configuration to the pattern of alarms', () => {
  expect(eventPatternOf(alarms, settings).detail).toEqual({
    alarmName: [{ prefix: 'fleetmend-cluster-' }, 'disk'],
    state: { value: ['ALARM'], actionsSuppressedBy: [{ exists: false }] },
  });
});

it('eventPatternOf lets only those calls of EKS through that succeeded and may change a node', () => {
  expect(eventPatternOf(eksCalls, settings).detail).toEqual({
    eventSource: [{ prefix: 'eks.amazonaws.com' }],
    errorCode: [{ exists: false }],
    $or: [
      { eventName: ['CreateNodegroup', 'UpdateNodegroupConfig', 'UpdateNodegroupVersion', 'UpdateClusterVersion'] },
      { eventName: ['CreateAddon', 'UpdateAddon'], requestParameters: { addonName: ['vpc-cni'] } },
    ],
  });
});

it('eventPatternOf leaves out the source where any may report, and the detail where all are read', () => {
  expect(eventPatternOf(symptoms, settings)).not.toHaveProperty('source');
  const { detailPattern, ...whole } = addons;
  expect(eventPatternOf(whole, settings)).not.toHaveProperty('detail');
});
