import * as z from 'zod';
import { type Limits, modeOf } from '../../core/model/policy.ts';
import type { Remediation } from '../../core/model/remediation.ts';
import type { Config } from '../config.ts';

/** The key of a template's metadata that holds the scope of the deployment. */
export const SCOPE_KEY = 'fleetmend';

/** How a limit bounds repairs: whether a `larger` or a `smaller` value lets more happen; `neutral` where neither does. */
type Bound = 'larger' | 'smaller' | 'neutral';

/** Has every limit, so that a new one does not compile without a decision. */
const WIDER_IF: Readonly<Record<keyof Limits, Bound>> = {
  maxNodesPerRepairRun: 'larger',
  maxNodesPerCheckRun: 'neutral',
  repairRunMaxSeconds: 'larger',
  maxNodesPerCommand: 'larger',
  commandWindowPercent: 'neutral',
  canaries: 'smaller',
  budgetMaxNodes: 'larger',
  budgetPercent: 'larger',
  attributableFailuresToOpenBreaker: 'larger',
  failurePercentToOpenBreaker: 'larger',
  breakerFirstSeconds: 'smaller',
  breakerMaxSeconds: 'smaller',
  coolDownSeconds: 'smaller',
  quarantineAttempts: 'larger',
  attemptWindowSeconds: 'smaller',
  staleSeconds: 'larger',
  relapseSeconds: 'smaller',
  checkCoolDownSeconds: 'neutral',
  deliveryTimeoutSeconds: 'neutral',
  checkSoftDeadlineSeconds: 'neutral',
  repairSoftDeadlineSeconds: 'neutral',
  repairFirstLookSeconds: 'neutral',
  repairSecondLookSeconds: 'neutral',
  hardDeadlineSlackSeconds: 'smaller',
  runControllerTimeoutSeconds: 'neutral',
  adoptionGraceSeconds: 'smaller',
  adoptionReadGapSeconds: 'smaller',
  retentionDays: 'neutral',
  maxForeignSignalsPerMinute: 'larger',
  foreignSourcePercent: 'larger',
  agentWaitSeconds: 'neutral',
  clusterCheckCoolDownSeconds: 'neutral',
  maxEc2CallsPerSecond: 'neutral',
  settleSeconds: 'smaller',
};

/** How a limit bounds repairs; one of another version bounds nothing. */
export const boundOf = (name: string): Bound =>
  Object.entries(WIDER_IF).find(([limit]) => limit === name)?.[1] ?? 'neutral';

export const ClusterScope = z.object({
  /** Remediations that may repair a node; `disruptive` marks those that restart a service. */
  repairs: z.array(z.string()),
  nodeTags: z.array(z.string()),
  /** As text, for example `Mon,Tue 08:00-10:00 UTC`. */
  freezeWindows: z.array(z.string()),
  sweeps: z.boolean().default(true),
  logGroups: z.array(z.string()).default([]),
});

/**
 * The permissions of a deployment over nodes. It is stored in the template, so that the next deployment can be compared
 * with it. Unknown fields are accepted: a later version may have written it.
 */
export const DeploymentScope = z.object({
  schema: z.literal(1),
  version: z.string(),
  clusters: z.record(z.string(), ClusterScope),
  limits: z.record(z.string(), z.number()),
  /** Documents that may be sent besides those of the template itself: variants, and those of an earlier deployment. */
  extraDocuments: z.array(z.string()).default([]),
  /** Names of the documents in the template. */
  documents: z.array(z.string()).default([]),
  /** Options of the configuration about notices and records, as text. */
  records: z.record(z.string(), z.string()).default({}),
  /** The deployment that made the template what it is. */
  deployedAt: z.string().optional(),
  deployedBy: z.string().optional(),
});
export type DeploymentScope = z.infer<typeof DeploymentScope>;

/** The caller and the time of a deployment. */
export type DeployedBy = { readonly deployedAt: string; readonly deployedBy: string };

const WEEK = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/**
 * The scope of a configuration.
 *
 * @param documents names of the documents in the template
 */
export const scopeOf = (
  config: Config,
  remediations: readonly Remediation[],
  version: string,
  documents: readonly string[],
): DeploymentScope => ({
  schema: 1,
  version,
  clusters: Object.fromEntries(
    config.clusters.map((cluster) => [
      cluster.name,
      {
        repairs: remediations
          .filter(
            ({ name, disruptive }) =>
              modeOf(cluster, name) === 'repair' &&
              (!disruptive || cluster.remediations[name]?.allowDisruptive === true),
          )
          .map(({ name, disruptive }) => (disruptive ? `${name} (disruptive)` : name)),
        nodeTags: cluster.nodeTags,
        sweeps: cluster.sweeps,
        logGroups: [...new Set(cluster.logGroups.map((group) => group.name))],
        freezeWindows: cluster.freezeWindows.map(
          ({ days, fromUtc, toUtc }) =>
            `${WEEK.filter((day) => days.some((d) => d === day)).join(',')} ${fromUtc}-${toUtc} UTC`,
        ),
      },
    ]),
  ),
  limits: Object.fromEntries(Object.entries(config.limits).filter(([name]) => boundOf(name) !== 'neutral')),
  extraDocuments: config.documentVariants,
  documents: [...documents],
  records: {
    alarms: String(config.alarms),
    'signals.alarms': String(config.signals.alarms),
    'signals.eks': String(config.signals.eks),
    'signals.newNodes': String(config.signals.newNodes),
    'notifications.email': config.notifications.email ?? 'none',
    'notifications.topicArn': config.notifications.topicArn ?? 'none',
    'notifications.send': config.notifications.send,
    'notifications.chat': String(config.notifications.chat),
    dashboard: String(config.dashboard),
    logRetentionDays: String(config.logRetentionDays),
    kmsKeyArn: config.kmsKeyArn ?? 'none',
    vpc: config.vpc === undefined ? 'none' : [...config.vpc.subnetIds, ...config.vpc.securityGroupIds].join(' '),
    useFipsEndpoint: String(config.useFipsEndpoint),
    'limits.retentionDays': String(config.limits.retentionDays),
  },
});
