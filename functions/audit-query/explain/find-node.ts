import type { Instance } from '@aws-sdk/client-ec2';
import pMap from 'p-map';
import { cutText } from '../../../core/api/needs.ts';
import { defined } from '../../../core/model/defined.ts';
import { NodeId } from '../../../core/model/ids.ts';
import { unsupportedKindOf } from '../../../core/model/unsupported.ts';
import { clustersOf } from '../../../core/signals/membership.ts';
import { readNodeRef } from '../../../core/signals/node-ref.ts';
import { tagsOf } from '../../adapters/ec2/instances.ts';
import { refuse } from '../../runtime/answer.ts';
import { type AuditQueryPorts, nowIso } from '../ports.ts';
import { readSignalsCut } from '../status/unproven-day.ts';

/** A node that a person has named: its id, and its instance where EC2 shows it. */
export type FoundNode = { readonly instanceId: string; readonly instance?: Instance; readonly unread?: string };

/** The start of an instance id, or its start and its end around an ellipsis, as tables show it. */
const SHORT = /^(i-[0-9a-f]{2,16})(?:(?:…|\.{3}|\*)([0-9a-f]{0,16}))?$/;
const MAX_NAMED = 10;
/** Clusters that are read at once. */
const CONCURRENCY = 4;
/** How many characters at the end of an id are enough to suggest it. */
const SAME_PART = 6;

/** The pattern by which EC2 finds an instance id: undefined for a text that is none. */
const patternOf = (text: string): string | undefined => {
  const [, start, end = ''] = SHORT.exec(text) ?? [];
  return start === undefined ? undefined : `${start}*${end}`;
};

/** The one instance; of several, that of the cluster, because two networks may use the same private addresses. */
const only = (name: string, all: readonly Instance[], cluster: string | undefined): FoundNode | undefined => {
  const found =
    cluster === undefined || all.length < 2 ? all : all.filter((one) => clustersOf(tagsOf(one)).includes(cluster));
  const ids = found.flatMap(({ InstanceId }) => InstanceId ?? []).toSorted();
  if (ids.length > 1)
    return refuse('node', `${name} fits ${ids.length} instances; write more of the id, or name the cluster`, {
      allowed: ids.slice(0, MAX_NAMED),
      next: 'write the whole instance id',
    });
  const [instance] = found;
  return instance?.InstanceId === undefined ? undefined : { instanceId: instance.InstanceId, instance };
};

const EXPECTED = 'an instance id or its start (i-0d3a…91c7), a provider id (aws:///zone/i-…), or a private DNS name';

/** The cluster of the policy whose tags an instance has. */
export const listedClusterOf = (
  { settings }: Pick<AuditQueryPorts, 'settings'>,
  instance: Instance | undefined,
): string | undefined => {
  const listed = new Set(settings.policy.clusters.map(({ name }) => name));
  return (instance === undefined ? [] : clustersOf(tagsOf(instance))).find((name) => listed.has(name));
};

/** Nodes of the policy's clusters whose ids begin or end as this one does: one character is soon mistyped. */
const similarTo = async (
  deps: Pick<AuditQueryPorts, 'instances' | 'settings'>,
  instanceId: string,
): Promise<readonly string[]> => {
  const { found } = await deps.instances.byIdWhereRead([
    `${instanceId.slice(0, -SAME_PART)}*`,
    `i-*${instanceId.slice(-SAME_PART)}`,
  ]);
  const own = found.filter((instance) => listedClusterOf(deps, instance) !== undefined);
  return own.flatMap(({ InstanceId }) => InstanceId ?? []).toSorted();
};

/** Refuses a node of no cluster of the policy, of which nothing is on record, with the nodes that may be meant. */
export const refuseUnknownNode = async (
  deps: Pick<AuditQueryPorts, 'instances' | 'settings' | 'store' | 'now'>,
  field: string,
  { instanceId, instance, unread }: FoundNode,
): Promise<never> => {
  const nothing = `nothing of ${instanceId} is on record`;
  if (unread !== undefined)
    return refuse(field, `${nothing}, and EC2 could not be asked for it: ${unread}`, { next: 'try again' });
  if (unsupportedKindOf(instanceId) !== undefined) {
    const days = await pMap(
      deps.settings.policy.clusters,
      (policy) => readSignalsCut(deps.store, policy.name, nowIso(deps)),
      { concurrency: CONCURRENCY },
    );
    const cut = days.reduce((sum, day) => sum + day.signalsCut, 0);
    return refuse(field, `${nothing}${cut === 0 ? '' : `; ${cutText(cut)}`}`, {
      next: 'list the nodes that are recorded with status; a check of the cluster lists its Fargate profiles and hybrid nodes',
    });
  }
  if (instance === undefined) {
    const allowed = (await similarTo(deps, instanceId)).slice(0, MAX_NAMED);
    const like = allowed.length === 0 ? '' : `; similar ids: ${allowed.join(', ')}`;
    return refuse(field, `${nothing}, and EC2 does not show it${like}`, {
      ...(allowed.length === 0 ? {} : { allowed }),
      next: 'list the nodes that do not work with status, or name the node by its private DNS name with explain',
    });
  }
  const allowed = deps.settings.policy.clusters.map((policy) => policy.name);
  return refuse(field, `${instanceId} belongs to no cluster of the policy, and ${nothing}`, {
    allowed,
    next: `add its cluster to the configuration; the policy lists: ${allowed.join(', ') || 'none'}`,
  });
};

/**
 * Finds the node that a person names: by its instance id or a part of it, its provider id, or its private DNS name. Refuses a
 * text that is no name of a node, that fits several, or that EC2 does not show. A whole id is found in any case: a terminated
 * instance has a history, and where it has none {@link refuseUnknownNode} says so.
 */
export const findNode = async (
  { instances }: Pick<AuditQueryPorts, 'instances'>,
  name: string,
  cluster: string | undefined,
): Promise<FoundNode> => {
  const text = name.trim();
  const none = (why: string) =>
    refuse('node', `${why}; expected ${EXPECTED}`, { next: 'look for the node with status' });
  const reading = NodeId.safeParse(text).success ? undefined : patternOf(text);
  if (reading !== undefined) {
    const { found, unread } = await instances.byIdWhereRead([reading]);
    const problem = [...unread.values()][0]?.problem;
    return only(text, found, cluster) ?? none(problem ?? `EC2 shows no instance ${text}`);
  }
  const ref = readNodeRef(text);
  if (ref.kind === 'unreadable') return none(`${text.slice(0, 60)} is not the name of a node`);
  if (ref.kind === 'unsupported') return { instanceId: ref.nodeId };
  if (ref.node.kind === 'private-dns') {
    const { name: dns } = ref.node;
    const named = await instances.byPrivateDnsName([dns.includes('.') ? dns : `${dns}.*`]);
    return only(text, named, cluster) ?? none(`EC2 shows no instance ${dns}`);
  }
  const { id } = ref.node;
  const { found, unread } = await instances.byIdWhereRead([id]);
  const problem = unread.get(id)?.problem;
  return only(text, found, cluster) ?? { instanceId: id, ...defined({ unread: problem }) };
};
