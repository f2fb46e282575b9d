import pMap from 'p-map';
import type * as z from 'zod';
import { ExplainedNode } from '../core/api/explain.ts';
import { NodeStatus } from '../core/api/status.ts';
import { NODE_CHECK } from '../core/model/lane-name.ts';
import { outcomesWith } from '../core/model/outcome.ts';
import { readNodeRef } from '../core/signals/node-ref.ts';
import { answerOf } from './aws/answer.ts';
import type { Stack } from './aws/connection.ts';
import { itemsOf, pageOf } from './aws/pages.ts';
import { usageError } from './exit.ts';
import type { ResultItem } from './schemas/shapes.ts';

const Found = ExplainedNode.pick({ instanceId: true });

/**
 * The instance ids of nodes by any of their names: the instance id, its start or `i-0d3a…91c7`, a provider id, a private DNS
 * name, or as kubectl names it, `node/NAME`. The stack finds those that do not contain the instance id.
 *
 * @throws CommandError for a name that fits no node, or several
 */
export const instanceIdsOf = async (stack: Stack, names: readonly string[]): Promise<readonly string[]> => {
  const ids = await pMap(
    new Set(names.map((name) => name.replace(/^nodes?\//, ''))),
    async (node) => {
      const reading = readNodeRef(node);
      if (reading.kind === 'node' && reading.node.kind === 'instance-id') return reading.node.id;
      const { items } = await pageOf(stack, { query: 'explain', node, limit: 1 });
      const found = items.find(({ kind }) => kind === 'explained-node');
      return answerOf(Found, found, `the node ${node}`).instanceId;
    },
    { concurrency: 4 },
  );
  return [...new Set(ids)];
};

const FINDINGS = new Set<string>(outcomesWith('isFinding'));

const TRIED = new Set<string>(
  outcomesWith('isFailed').filter((outcome) => !outcomesWith('isWorking').includes(outcome)),
);

/** The remediations of the faults that a result names: a check names those that it found, a repair that failed its own. */
export const remediationsIn = ({ findings = [], remediation, action, outcome }: ResultItem): readonly string[] => {
  const found = findings.filter((finding) => FINDINGS.has(finding.outcome)).map((finding) => finding.remediation);
  if (found.length > 0) return [...new Set(found)];
  const isOwn = action === 'repair' ? TRIED.has(outcome) : FINDINGS.has(outcome);
  return isOwn && remediation !== NODE_CHECK ? [remediation] : [];
};

/** Nodes to repair, by remediation. */
export type Groups = ReadonlyMap<string, readonly string[]>;

/** A node that does not work, as the present state of its cluster has it. */
type Seen = z.infer<typeof SeenNode>;
const SeenNode = NodeStatus.pick({ instanceId: true, outcome: true, remediation: true });

/** The nodes of a cluster that do not work, and for which there is a remediation. */
const repairable = async (stack: Stack, cluster: string): Promise<readonly Seen[]> => {
  const seen: Seen[] = [];
  for await (const item of itemsOf(stack, { query: 'status', cluster })) {
    if (item.kind !== 'node-status') continue;
    const node = answerOf(SeenNode, item, `a node of ${cluster}`);
    if (FINDINGS.has(node.outcome) || TRIED.has(node.outcome)) seen.push(node);
  }
  return seen.filter(({ remediation }) => remediation !== NODE_CHECK);
};

const grouped = (nodes: readonly Seen[]): Groups => {
  const groups = new Map<string, string[]>();
  for (const { remediation, instanceId } of nodes)
    groups.set(remediation, [...(groups.get(remediation) ?? []), instanceId]);
  return groups;
};

/** The nodes of a cluster that are broken now, by the remediation that is for their fault. */
export const brokenNodes = async (stack: Stack, cluster: string): Promise<Groups> =>
  grouped(await repairable(stack, cluster));

/** The remediations for named nodes, by the faults that they have now. @throws CommandError for a node without one */
export const remediationsFor = async (
  stack: Stack,
  cluster: string,
  instanceIds: readonly string[],
): Promise<Groups> => {
  const nodes = (await repairable(stack, cluster)).filter(({ instanceId }) => instanceIds.includes(instanceId));
  const unknown = instanceIds.filter((id) => !nodes.some(({ instanceId }) => instanceId === id));
  if (unknown.length === 0) return grouped(nodes);
  const listed = `${unknown.slice(0, 3).join(', ')}${unknown.length > 3 ? ` and ${unknown.length - 3} more` : ''}`;
  throw usageError('--remediation', `no check has found a fault on ${listed}`, {
    next: 'name the remediation with -r, or run fleetmend check first',
  });
};
