import * as z from 'zod';
import { modeOf } from '../../functions/core/policy.ts';
import type { Remediation } from '../../functions/core/remediation.ts';
import type { Config } from '../config.ts';

/** The key of a template's metadata under which a deployment says what it may do. */
export const SCOPE_KEY = 'fleetmend';

/** Limits that a larger value widens. */
const WIDER_IF_LARGER = ['budgetMaxNodes', 'budgetPercent', 'quarantineAttempts'] as const;
/** Limits that a smaller value widens. */
const WIDER_IF_SMALLER = ['canaries', 'coolDownSeconds', 'breakerFirstSeconds'] as const;

const ClusterScope = z.object({
  /** Remediations that may repair a node; `disruptive` is said of those that restart something. */
  repairs: z.array(z.string()),
  nodeTags: z.array(z.string()),
  /** As text, for example `Mon,Tue 08:00-10:00 UTC`. */
  freezeWindows: z.array(z.string()),
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
        freezeWindows: cluster.freezeWindows.map(
          ({ days, fromUtc, toUtc }) => `${days.join(',')} ${fromUtc}-${toUtc} UTC`,
        ),
      },
    ]),
  ),
  limits: Object.fromEntries([...WIDER_IF_LARGER, ...WIDER_IF_SMALLER].map((name) => [name, config.limits[name]])),
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
    const grows = to > from;
    const isWider = WIDER_IF_LARGER.some((n) => n === name) ? grows : !grows;
    return [{ isWider, text: `limits.${name}: ${from} becomes ${to}` }];
  });
  return {
    asks: changes.filter(({ isWider }) => isWider).map(({ text }) => text),
    tells: changes.filter(({ isWider }) => !isWider).map(({ text }) => text),
  };
};

const NOTHING: z.infer<typeof ClusterScope> = { repairs: [], nodeTags: [], freezeWindows: [] };

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
      ...added(to.repairs, old.repairs).map((repair) => say(`${repair} changes from repair to observe`)),
      ...added(to.nodeTags, old.nodeTags).map((tag) => say(`nodes with the tag ${tag} are removed`)),
      ...(from === undefined
        ? []
        : added(from.freezeWindows, to.freezeWindows).map((window) => say(`the freeze window ${window} is added`))),
    ],
  };
};

const nothingDeployed = (after: DeploymentScope): DeploymentScope => ({ ...after, clusters: {} });

/**
 * Compares what is deployed with what is to be deployed.
 *
 * @param before undefined where nothing is deployed yet
 */
export const compareScopes = (before: DeploymentScope | undefined, after: DeploymentScope): ScopeChange => {
  const deployed = before ?? nothingDeployed(after);
  const names = [...new Set([...Object.keys(deployed.clusters), ...Object.keys(after.clusters)])].toSorted();
  const all = [...names.map((name) => clusterChanges(name, deployed, after)), limitChanges(deployed, after)];
  return { asks: all.flatMap(({ asks }) => asks), tells: all.flatMap(({ tells }) => tells) };
};
