import type * as z from 'zod';
import { Limits } from '../../core/model/policy.ts';
import { boundOf, type ClusterScope, type DeploymentScope } from './scope.ts';

const DEFAULTS: Readonly<Record<string, number>> = Limits.parse({});

/** The changes of a deployment, in sentences. */
export type ScopeChange = {
  /** A person must agree to each of these. */
  readonly asks: readonly string[];
  /** Changes that narrow the scope, and those of checks. */
  readonly notes: readonly string[];
};

const added = (before: readonly string[], after: readonly string[]): readonly string[] =>
  after.filter((item) => !before.includes(item));

const limitChanges = (before: DeploymentScope, after: DeploymentScope): ScopeChange => {
  const changes = Object.entries(after.limits).flatMap(([name, to]) => {
    // The deployed version lacks this limit: it worked with the default of this version.
    const from = before.limits[name] ?? DEFAULTS[name];
    if (from === undefined || from === to) return [];
    const isWider = boundOf(name) === (to > from ? 'larger' : 'smaller');
    return [{ isWider, text: `limits.${name}: ${from} becomes ${to}` }];
  });
  return {
    asks: changes.filter(({ isWider }) => isWider).map(({ text }) => text),
    notes: changes.filter(({ isWider }) => !isWider).map(({ text }) => text),
  };
};

const NOTHING: z.infer<typeof ClusterScope> = {
  repairs: [],
  nodeTags: [],
  freezeWindows: [],
  sweeps: true,
  logGroups: [],
};

const clusterChanges = (name: string, before: DeploymentScope, after: DeploymentScope): ScopeChange => {
  const from = before.clusters[name];
  const to = after.clusters[name];
  if (to === undefined) {
    return { asks: [`removes the cluster ${name}: its nodes are no longer checked or repaired`], notes: [] };
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
    notes: [
      ...(from === undefined ? [`adds the cluster ${name}`] : []),
      ...(old.sweeps === to.sweeps ? [] : [say(`sweeps are turned ${to.sweeps ? 'on' : 'off'}`)]),
      ...added(to.logGroups, old.logGroups).map((group) => say(`the log group ${group} is no longer read`)),
      ...(from === undefined
        ? []
        : added(from.logGroups, to.logGroups).map((group) => say(`the log group ${group} is read`))),
      ...added(to.repairs, old.repairs).map((repair) => say(`${repair} changes from repair to observe`)),
      ...added(to.nodeTags, old.nodeTags).map((tag) => say(`nodes with the tag ${tag} are removed`)),
      ...(from === undefined
        ? []
        : added(from.freezeWindows, to.freezeWindows).map((window) => say(`the freeze window ${window} is added`))),
    ],
  };
};

const nothingDeployed = (after: DeploymentScope): DeploymentScope => ({ ...after, clusters: {}, extraDocuments: [] });

/**
 * Compares the deployed scope with the new one.
 *
 * @param before undefined where nothing is deployed yet
 */
export const compareScopes = (before: DeploymentScope | undefined, after: DeploymentScope): ScopeChange => {
  const deployed = before ?? nothingDeployed(after);
  const names = [...new Set([...Object.keys(deployed.clusters), ...Object.keys(after.clusters)])].toSorted();
  const documents: ScopeChange = {
    asks: added(deployed.extraDocuments, after.extraDocuments).map((name) => `the document ${name} may be sent too`),
    notes: added(after.extraDocuments, deployed.extraDocuments).map((name) => `the document ${name} is no longer sent`),
  };
  const records = Object.entries(after.records).flatMap(([name, to]) => {
    const from = deployed.records[name] ?? to;
    return from === to ? [] : [`${name}: ${from} becomes ${to}`];
  });
  const all = [...names.map((name) => clusterChanges(name, deployed, after)), limitChanges(deployed, after), documents];
  return { asks: all.flatMap(({ asks }) => asks), notes: [...all.flatMap(({ notes }) => notes), ...records] };
};

/** Sentences for clusters that another stack of fleetmend in the Region manages already. */
export const sharedClusters = (
  others: Readonly<Record<string, DeploymentScope>>,
  after: DeploymentScope,
): readonly string[] =>
  Object.entries(others).flatMap(([stack, { clusters }]) =>
    Object.keys(after.clusters)
      .filter((name) => Object.hasOwn(clusters, name))
      .map((name) => `the stack ${stack} manages the cluster ${name} already: two stacks would repair the same nodes`),
  );
