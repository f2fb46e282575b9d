import * as z from 'zod';
import { defined } from '../../model/defined.ts';
import { ClusterName, InstanceId, isoTime } from '../../model/ids.ts';
import { CLUSTER_ALARM_INFIX, clusterOfAlarmName } from '../cluster-alarm.ts';
import { defineSignal } from '../define-signal.ts';
import type { ReadSettings } from '../types.ts';

/** CloudWatch, as the sender of its alarms' changes. */
export const ALARMS_SOURCE = 'aws.cloudwatch';

const Metric = z.object({ dimensions: z.record(z.string(), z.string()).default({}) });
const Detail = z.object({
  alarmName: z.string().min(1).max(255),
  state: z.object({
    value: z.string().max(64),
    timestamp: z.string().max(64).optional(),
    /** `WaitPeriod`, `ExtensionPeriod` or `Alarm`; only composite alarms have it. Source: CloudWatch API, CompositeAlarm. */
    actionsSuppressedBy: z.string().max(64).optional(),
  }),
  /** A metric or metric math alarm has `metrics`, a composite one `alarmRule`. */
  configuration: z
    .object({ metrics: z.array(z.object({ metricStat: z.object({ metric: Metric }).optional() })).default([]) })
    .default({ metrics: [] }),
});
type Detail = z.infer<typeof Detail>;

/** The value of a dimension if every metric of the alarm that has the dimension has this value; undefined otherwise. */
const dimension = ({ configuration }: Detail, name: string): string | undefined => {
  const values = new Set(configuration.metrics.flatMap(({ metricStat }) => metricStat?.metric.dimensions[name] ?? []));
  return values.size === 1 ? [...values][0] : undefined;
};

const clusterOf = (detail: Detail, settings: ReadSettings): string | undefined =>
  [
    settings.clusterOfAlarm(detail.alarmName),
    clusterOfAlarmName(detail.alarmName),
    dimension(detail, 'ClusterName'),
  ].find((name) => ClusterName.safeParse(name).success);

/**
 * Alarms that go into `ALARM`. An alarm about an instance (dimension `InstanceId`) leads to a check of that node, an alarm
 * about a cluster to a check of the cluster at once.
 */
export const alarms = defineSignal({
  name: 'alarms',
  title: 'A CloudWatch alarm about a cluster or one of its instances goes into ALARM.',
  documentation: 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html',
  bus: 'default',
  detailTypes: ['CloudWatch Alarm State Change'],
  sources: [ALARMS_SOURCE],
  repairSources: [],
  configKey: 'alarms',
  detailPattern: ({ stackName, alarmNames }) => ({
    alarmName: [{ prefix: `${stackName}${CLUSTER_ALARM_INFIX}` }, ...alarmNames],
    state: { value: ['ALARM'], actionsSuppressedBy: [{ exists: false }] },
  }),
  checkReasons: ['AlarmRaised'],
  ignored: {
    AlarmNotInAlarm: 'The alarm is in OK or INSUFFICIENT_DATA.',
    AlarmSuppressed: 'The alarm is a composite alarm whose actions are suppressed.',
    AlarmOfNoCluster:
      'The alarm names no cluster: the configuration does not list it, and its metrics have no ClusterName.',
  },
  ways: [
    {
      when: 'An alarm that the stack makes for a cluster goes into `ALARM`.',
      event: 'name `<stack>-cluster-<cluster>-…`',
      leadsTo: 'a check of the cluster',
      delay: "the alarm's 5 minutes",
      cost: '0.10 USD an alarm and month, at most 3 a cluster; 0.30 USD a month for the metric of failed sandboxes in months that have some',
    },
    {
      when: 'An alarm of your own goes into `ALARM`: metric, metric math or composite.',
      event: 'name in `clusters[].alarms`',
      leadsTo: 'a check of the instance where its metrics have one `InstanceId`, else of the cluster',
      delay: "the alarm's",
      cost: "the alarm's",
    },
  ],
  detail: Detail,
  read: (detail, { time }, settings) => {
    if (detail.state.value !== 'ALARM') return { kind: 'ignored', reason: 'AlarmNotInAlarm' };
    if (detail.state.actionsSuppressedBy !== undefined) return { kind: 'ignored', reason: 'AlarmSuppressed' };
    const cluster = clusterOf(detail, settings);
    const instance = InstanceId.safeParse(dimension(detail, 'InstanceId'));
    if (instance.success) {
      const seenAt = isoTime(Date.parse(time));
      return {
        kind: 'node',
        node: { kind: 'instance-id', id: instance.data },
        ...defined({ cluster }),
        reason: 'AlarmRaised',
        firstSeenAt: seenAt,
        lastSeenAt: seenAt,
        count: 1,
        sample: detail.alarmName,
        isProof: false,
      };
    }
    if (cluster === undefined) return { kind: 'ignored', reason: 'AlarmOfNoCluster' };
    return { kind: 'cluster', cluster, reason: 'AlarmRaised', settleSeconds: 0, sample: detail.alarmName };
  },
});
