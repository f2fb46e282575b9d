import * as z from 'zod';
import { ClusterName, InstanceId, isoTime } from '../model/ids.ts';
import { type Envelope, refusal, type SignalOptions, type SignalReading } from './types.ts';

/** Detail-type of CloudWatch's news of an alarm's state. Source: CloudWatch user guide, Alarm events and EventBridge. */
export const ALARM_STATE_CHANGE = 'CloudWatch Alarm State Change';

/** The alarms that the stack makes for a cluster, as they end in the alarm's name. */
export const CLUSTER_ALARMS = ['sandbox-failures', 'disk-filling', 'failed-nodes'] as const;

/** What stands between the stack's name and the cluster's in the name of an alarm that the stack makes for a cluster. */
export const CLUSTER_ALARM_INFIX = '-cluster-';

/** The name of an alarm that the stack makes for a cluster. */
export const clusterAlarmName = (stack: string, cluster: string, alarm: (typeof CLUSTER_ALARMS)[number]): string =>
  `${stack}${CLUSTER_ALARM_INFIX}${cluster}-${alarm}`;

const OWN_NAME = new RegExp(`^[A-Za-z0-9-]+?${CLUSTER_ALARM_INFIX}(.+)-(?:${CLUSTER_ALARMS.join('|')})$`);

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

/** The one value that all metrics of the alarm give a dimension; none where they differ. */
const dimension = ({ configuration }: Detail, name: string): string | undefined => {
  const values = new Set(configuration.metrics.flatMap(({ metricStat }) => metricStat?.metric.dimensions[name] ?? []));
  return values.size === 1 ? [...values][0] : undefined;
};

const clusterOf = (detail: Detail, options: SignalOptions): string | undefined =>
  [
    options.clusterOfAlarm(detail.alarmName),
    OWN_NAME.exec(detail.alarmName)?.[1],
    dimension(detail, 'ClusterName'),
  ].find((name) => ClusterName.safeParse(name).success);

/**
 * Reads an alarm's change of state. One about an instance (dimension `InstanceId`) asks for a check of that node, one
 * about a cluster for a check of the cluster at once. Suppressed alarms, `OK` and `INSUFFICIENT_DATA` are not news.
 */
export const readAlarm = ({ id, source, time, detail }: Envelope, options: SignalOptions): SignalReading => {
  const parsed = Detail.safeParse(detail);
  if (!parsed.success) return refusal(parsed.error, ['detail']);
  const origin = { source, id, time };
  const ignored = (why: string): SignalReading => ({ ok: true, signal: { kind: 'ignored', why, ...origin } });
  const { state } = parsed.data;
  if (state.value !== 'ALARM') return ignored('AlarmNotInAlarm');
  if (state.actionsSuppressedBy !== undefined) return ignored('AlarmSuppressed');
  const cluster = clusterOf(parsed.data, options);
  const instance = InstanceId.safeParse(dimension(parsed.data, 'InstanceId'));
  if (instance.success) {
    const seenAt = isoTime(Date.parse(time));
    return {
      ok: true,
      signal: {
        kind: 'node',
        ...origin,
        node: { kind: 'instance-id', id: instance.data },
        ...(cluster === undefined ? {} : { cluster }),
        reason: 'AlarmRaised',
        firstSeenAt: seenAt,
        lastSeenAt: seenAt,
        count: 1,
        trusted: false,
      },
    };
  }
  if (cluster === undefined) return ignored('AlarmOfNoCluster');
  return { ok: true, signal: { kind: 'cluster', cluster, why: 'AlarmRaised', settleSeconds: 0, ...origin } };
};
