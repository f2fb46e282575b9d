import { Duration, NestedStack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { clusterAlarmName } from '../../core/signals/cluster-alarm.ts';
import { metricFilterName } from '../config.ts';
import { idOfName } from './id-of-name.ts';

const PERIOD = Duration.minutes(5);
/** kubelet deletes images from 85 % on (its default of imageGCHighThresholdPercent), the sandbox image among them. */
const DISK_FILLING_PERCENT = 80;
/** The text that kubelet (every version with a CRI), containerd and dockershim log when a pod sandbox fails. */
const SANDBOX_PHRASES = [
  'RunPodSandbox from runtime service failed',
  'failed to get sandbox image',
  'Failed to create sandbox for pod',
];
const SANDBOX_FAILURES = 'SandboxFailures';
/** Container Insights' namespace, which the CloudWatch agent writes to. */
const CONTAINER_INSIGHTS = 'ContainerInsights';

/** A cluster and the log groups that take a metric filter: CloudFormation fails on one that is missing. */
type WatchedCluster = { readonly name: string; readonly logGroups: readonly string[] };

/**
 * Alarms about one cluster's nodes, and the metric filters that they count by. They have no action: EventBridge
 * receives their changes of state, and the cluster is checked. Without data (no Container Insights on the cluster) they stay
 * silent. A nested stack, so that a cluster costs the parent's template one resource.
 */
class AlarmsOfCluster extends NestedStack {
  constructor(scope: Construct, id: string, props: { readonly namePrefix: string; readonly cluster: WatchedCluster }) {
    super(scope, id, { description: `fleetmend: alarms about the nodes of ${props.cluster.name}` });
    const { name, logGroups } = props.cluster;
    const alarm = (
      alarmId: string,
      kind: Parameters<typeof clusterAlarmName>[2],
      rest: Pick<cloudwatch.AlarmProps, 'metric' | 'threshold' | 'alarmDescription' | 'comparisonOperator'>,
    ) =>
      new cloudwatch.Alarm(this, alarmId, {
        ...rest,
        alarmName: clusterAlarmName(props.namePrefix, name, kind),
        evaluationPeriods: 1,
        treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      });
    const ofNodes = (metricName: string): cloudwatch.IMetric =>
      // Without the dimensions of a node it is one metric of all of them, whose maximum is the worst node: one alarm for
      // a cluster of any size. An alarm on SEARCH is not possible, one on Metrics Insights costs by the metric.
      new cloudwatch.Metric({
        namespace: CONTAINER_INSIGHTS,
        metricName,
        dimensionsMap: { ClusterName: name },
        statistic: 'Maximum',
        period: PERIOD,
      });

    // The cluster is in the namespace, since a filter of plain terms has no dimensions.
    const metric = { namespace: `${props.namePrefix}/${name}`, metricName: SANDBOX_FAILURES };
    for (const logGroupName of new Set(logGroups)) {
      new logs.CfnMetricFilter(this, idOfName('Failures', logGroupName), {
        logGroupName,
        filterName: metricFilterName(props.namePrefix, name),
        filterPattern: SANDBOX_PHRASES.map((phrase) => `?"${phrase}"`).join(' '),
        metricTransformations: [
          { metricNamespace: metric.namespace, metricName: metric.metricName, metricValue: '1', unit: 'Count' },
        ],
      });
    }
    if (logGroups.length > 0) {
      alarm('SandboxFailures', 'sandbox-failures', {
        metric: new cloudwatch.Metric({ ...metric, statistic: 'Sum', period: PERIOD }),
        threshold: 1,
        comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        alarmDescription: `Pods of ${name} got no sandbox; fleetmend checks the cluster`,
      });
    }
    alarm('DiskFilling', 'disk-filling', {
      metric: ofNodes('node_filesystem_utilization'),
      threshold: DISK_FILLING_PERCENT,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      alarmDescription: `A disk of ${name} nears the point where kubelet deletes images; fleetmend checks the cluster`,
    });
    alarm('FailedNodes', 'failed-nodes', {
      metric: ofNodes('cluster_failed_node_count'),
      threshold: 1,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      alarmDescription: `A node of ${name} has failed; fleetmend checks the cluster`,
    });
  }
}

/**
 * The alarms of all clusters. Each nested stack's id follows from the cluster's name: with ids by number, a cluster that
 * leaves the configuration would move the alarms of the others from stack to stack, and a stack that gives up an alarm
 * deletes the alarm that another has just made under the same name.
 */
export class ClusterAlarms extends Construct {
  constructor(
    scope: Construct,
    id: string,
    props: { readonly namePrefix: string; readonly clusters: readonly WatchedCluster[] },
  ) {
    super(scope, id);
    for (const cluster of props.clusters) {
      new AlarmsOfCluster(this, idOfName('Of', cluster.name), { namePrefix: props.namePrefix, cluster });
    }
  }
}
