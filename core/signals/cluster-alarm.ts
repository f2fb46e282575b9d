/** The alarms that the stack makes for a cluster, as the alarm's name ends. */
export const CLUSTER_ALARMS = ['sandbox-failures', 'disk-filling', 'failed-nodes'] as const;

/** Stands between the stack's name and the cluster's in the name of an alarm that the stack makes for a cluster. */
export const CLUSTER_ALARM_INFIX = '-cluster-';

const OWN_NAME = new RegExp(`^[A-Za-z0-9-]+?${CLUSTER_ALARM_INFIX}(.+)-(?:${CLUSTER_ALARMS.join('|')})$`);

/** The name of an alarm that the stack makes for a cluster. */
export const clusterAlarmName = (stack: string, cluster: string, alarm: (typeof CLUSTER_ALARMS)[number]): string =>
  `${stack}${CLUSTER_ALARM_INFIX}${cluster}-${alarm}`;

/** The cluster in the name of an alarm that a stack made for it, or undefined for the name of any other alarm. */
export const clusterOfAlarmName = (name: string): string | undefined => OWN_NAME.exec(name)?.[1];
