import type { EventPattern } from 'aws-cdk-lib/aws-events';
import { ALARM_STATE_CHANGE, CLUSTER_ALARM_INFIX } from '../../core/signals/alarm.ts';
import { ADDON_EVENTS, API_CALL, API_CALLS, CNI_ADDON, OF_ADDONS } from '../../core/signals/eks.ts';
import { INSTANCE_STATE_CHANGE, LAUNCH_SUCCESSFUL } from '../../core/signals/instance.ts';
import type { Config } from '../config.ts';

/** A rule on the default bus: what AWS's own services say that is a signal. */
export type SignalPattern = {
  /** Ends the rule's name; its construct id too. */
  readonly name: string;
  readonly description: string;
  readonly pattern: EventPattern;
};

/** Source: EventBridge quotas, event pattern size. */
export const MAX_EVENT_PATTERN_CHARACTERS = 4096;

const alarms = (config: Config, stackName: string): SignalPattern => ({
  name: 'alarms',
  description: "Alarms of the clusters, the stack's and the configured ones, to the queue of signals",
  pattern: {
    source: ['aws.cloudwatch'],
    detailType: [ALARM_STATE_CHANGE],
    detail: {
      alarmName: [
        { prefix: `${stackName}${CLUSTER_ALARM_INFIX}` },
        ...config.clusters.flatMap((cluster) => cluster.alarms),
      ],
      state: { value: ['ALARM'], actionsSuppressedBy: [{ exists: false }] },
    },
  },
});

const addons: SignalPattern = {
  name: 'addons',
  description: 'Add-ons of EKS that degraded, failed or changed, to the queue of signals',
  pattern: { source: ['aws.eks'], detailType: Object.keys(ADDON_EVENTS) },
};

const calls: SignalPattern = {
  name: 'eks-calls',
  description: 'Calls that change node groups, cluster versions or the CNI add-on, to the queue of signals',
  pattern: {
    source: ['aws.eks'],
    detailType: [API_CALL],
    detail: {
      // A prefix, because some services add the domain of China there.
      eventSource: [{ prefix: 'eks.amazonaws.com' }],
      errorCode: [{ exists: false }],
      $or: [
        { eventName: Object.keys(API_CALLS).filter((name) => !OF_ADDONS.has(name)) },
        { eventName: [...OF_ADDONS], requestParameters: { addonName: [CNI_ADDON] } },
      ],
    },
  },
};

const launches: SignalPattern = {
  name: 'launches',
  description: 'Instances that Auto Scaling launched, to the queue of signals',
  pattern: { source: ['aws.autoscaling'], detailType: [LAUNCH_SUCCESSFUL] },
};

const running: SignalPattern = {
  name: 'running',
  description: 'Instances that run now, to the queue of signals',
  pattern: { source: ['aws.ec2'], detailType: [INSTANCE_STATE_CHANGE], detail: { state: ['running'] } },
};

/**
 * The patterns of a deployment, without those that its configuration turns off.
 *
 * @throws where the names of the configured alarms do not fit into one pattern
 */
export const signalPatterns = (config: Config, stackName: string): readonly SignalPattern[] => {
  const wanted = [
    ...(config.signals.alarms ? [alarms(config, stackName)] : []),
    ...(config.signals.eks ? [addons, calls] : []),
    ...(config.signals.newNodes ? [launches, running] : []),
  ];
  for (const { name, pattern } of wanted) {
    const size = JSON.stringify(pattern).length;
    if (size > MAX_EVENT_PATTERN_CHARACTERS) {
      throw new Error(
        `building the rule ${name}: its pattern has ${size} characters, over EventBridge's ${MAX_EVENT_PATTERN_CHARACTERS}; list fewer or shorter clusters[].alarms, or give them a common composite alarm`,
      );
    }
  }
  return wanted;
};
