import * as z from 'zod';
import { type Limits, modeOf } from '../../functions/core/policy.ts';
import type { Remediation } from '../../functions/core/remediation.ts';
import type { Config } from '../config.ts';

/** The key of a template's metadata under which a deployment says what it may do. */
export const SCOPE_KEY = 'fleetmend';

/** How a limit bounds repairs: whether a `larger` or a `smaller` value lets more happen; `neutral` where neither does. */
type Bound = 'larger' | 'smaller' | 'neutral';

/** Of every limit, so that a new one has to be decided. */
const WIDER_IF: Readonly<Record<keyof Limits, Bound>> = {
  maxNodesPerRepairRun: 'larger',
  maxNodesPerCheckRun: 'neutral',
  repairRunMaxSeconds: 'neutral',
  maxNodesPerCommand: 'larger',
  canaries: 'smaller',
  budgetMaxNodes: 'larger',
  budgetPercent: 'larger',
  evidenceToOpenBreaker: 'larger',
  failurePercentToOpenBreaker: 'larger',
  breakerFirstSeconds: 'smaller',
  breakerMaxSeconds: 'smaller',
  coolDownSeconds: 'smaller',
  quarantineAttempts: 'larger',
  attemptWindowSeconds: 'smaller',
  staleSeconds: 'larger',
  relapseSeconds: 'neutral',
  checkCoolDownSeconds: 'neutral',
  deliveryTimeoutSeconds: 'neutral',
  checkSoftDeadlineSeconds: 'neutral',
  // An earlier end frees a repair's place for another.
  repairSoftDeadlineSeconds: 'smaller',
  hardDeadlineSlackSeconds: 'smaller',
  advanceTimeoutSeconds: 'neutral',
  adoptionGraceSeconds: 'smaller',
  adoptionReadGapSeconds: 'smaller',
  retentionDays: 'neutral',
  maxForeignSignalsPerMinute: 'larger',
  agentWaitSeconds: 'neutral',
  clusterCheckCoolDownSeconds: 'neutral',
  maxEc2CallsPerSecond: 'neutral',
  settleSeconds: 'smaller',
};

const boundOf = (name: string): Bound => Object.entries(WIDER_IF).find(([limit]) => limit === name)?.[1] ?? 'neutral';

const ClusterScope = z.object({
  /** Remediations that may repair a node; `disruptive` is said of those that restart something. */
  repairs: z.array(z.string()),
  nodeTags: z.array(z.string()),
  /** As text, for example `Mon,Tue 08:00-10:00 UTC`. */
  freezeWindows: z.array(z.string()),
  sweeps: z.boolean().default(true),
});

/**
 * What a deployment may do to which nodes. It is stored in the template, so that the next deployment can be compared
 * with it. Unknown fields are let pass: a later version may have written it.
 */
export const DeploymentScope = z.object({
  schema: z.literal(1),
  version: z.string(),
  clusters: z.record(z.string(), ClusterScope),
  limits: z.record(z.string(), z.number()),
  /** Variants of repair documents that may be sent besides the repairs themselves. */
  variants: z.array(z.string()).default([]),
});
export type DeploymentScope = z.infer<typeof DeploymentScope>;

/** What a configuration lets fleetmend do. */
export const scopeOf = (config: Config, remediations: readonly Remediation[], version: string): DeploymentScope => ({
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
        freezeWindows: cluster.freezeWindows.map(
          ({ days, fromUtc, toUtc }) => `${days.join(',')} ${fromUtc}-${toUtc} UTC`,
        ),
      },
    ]),
  ),
  limits: Object.fromEntries(Object.entries(config.limits).filter(([name]) => boundOf(name) !== 'neutral')),
  variants: config.documentVariants,
});

/** What a deployment changes, in sentences. */
export type ScopeChange = {
  /** A person must agree to each of these. */
  readonly asks: readonly string[];
  /** The rest: what narrows, and what is only checked. */
  readonly tells: readonly string[];
};

const added = (before: readonly string[], after: readonly string[]): readonly string[] =>
  after.filter((item) => !before.includes(item));

const limitChanges = (before: DeploymentScope, after: DeploymentScope): ScopeChange => {
  const changes = Object.entries(after.limits).flatMap(([name, to]) => {
    const from = before.limits[name];
    if (from === undefined || from === to) return [];
    const isWider = boundOf(name) === (to > from ? 'larger' : 'smaller');
    return [{ isWider, text: `limits.${name}: ${from} becomes ${to}` }];
  });
  return {
    asks: changes.filter(({ isWider }) => isWider).map(({ text }) => text),
    tells: changes.filter(({ isWider }) => !isWider).map(({ text }) => text),
  };
};

const NOTHING: z.infer<typeof ClusterScope> = { repairs: [], nodeTags: [], freezeWindows: [], sweeps: true };

const clusterChanges = (name: string, before: DeploymentScope, after: DeploymentScope): ScopeChange => {
  const from = before.clusters[name];
  const to = after.clusters[name];
  if (to === undefined) {
    return { asks: [`removes the cluster ${name}: its nodes are no longer checked or repaired`], tells: [] };
  }
  const old = from ?? NOTHING;
  const say = (text: string) => `${name}: ${text}`;
  return {
    asks: [
      ...added(old.repairs, to.repairs).map((repair) => say(`${repair} changes from observe to repair`)),
      ...(from === undefined
        ? []
        : added(from.nodeTags, to.nodeTags).map((tag) => say(`nodes with the tag ${tag} are added`))),
      ...added(to.freezeWindows, old.freezeWindows).map((window) => say(`the freeze window ${window} is removed`)),
    ],
    tells: [
      ...(from === undefined ? [`adds the cluster ${name}`] : []),
      ...(old.sweeps === to.sweeps ? [] : [say(`sweeps are turned ${to.sweeps ? 'on' : 'off'}`)]),
      ...added(to.repairs, old.repairs).map((repair) => say(`${repair} changes from repair to observe`)),
      ...added(to.nodeTags, old.nodeTags).map((tag) => say(`nodes with the tag ${tag} are removed`)),
      ...(from === undefined
        ? []
        : added(from.freezeWindows, to.freezeWindows).map((window) => say(`the freeze window ${window} is added`))),
    ],
  };
};

const nothingDeployed = (after: DeploymentScope): DeploymentScope => ({ ...after, clusters: {}, variants: [] });

/**
 * Compares what is deployed with what is to be deployed.
 *
 * @param before undefined where nothing is deployed yet
 */
export const compareScopes = (before: DeploymentScope | undefined, after: DeploymentScope): ScopeChange => {
  const deployed = before ?? nothingDeployed(after);
  const names = [...new Set([...Object.keys(deployed.clusters), ...Object.keys(after.clusters)])].toSorted();
  const variants: ScopeChange = {
    asks: added(deployed.variants, after.variants).map((key) => `documentVariants: ${key} may be sent`),
    tells: added(after.variants, deployed.variants).map((key) => `documentVariants: ${key} is no longer sent`),
  };
  const all = [...names.map((name) => clusterChanges(name, deployed, after)), limitChanges(deployed, after), variants];
  return { asks: all.flatMap(({ asks }) => asks), tells: all.flatMap(({ tells }) => tells) };
};
