import pMap from 'p-map';
import { InstanceId } from '../core/model/ids.ts';
import { NODE_CHECK } from '../core/model/lane-name.ts';
import { outcomesWith } from '../core/model/outcome.ts';
import { readNodeRef } from '../core/signals/node-ref.ts';
import { answerOf } from './aws/answer.ts';
import type { Stack } from './aws/connection.ts';
import { itemsOf, pageOf } from './aws/pages.ts';
import { CommandError, usageError } from './exit.ts';
import { ResultItem } from './schemas/shapes.ts';

/** How far back the results of broken nodes are read. */
const BROKEN_WITHIN_MS = 24 * 3_600_000;

/** The instance ids of nodes that are named by instance id, provider id or resource name. @throws CommandError for others */
export const instanceIdsOf = (names: readonly string[]): readonly string[] =>
  [...new Set(names)].map((name) => {
    const reading = readNodeRef(name);
    if (reading.kind === 'unreadable') throw usageError('NODE', `${name} is ${reading.message}`);
    if (reading.kind === 'node' && reading.node.kind === 'instance-id') return reading.node.id;
    throw usageError('NODE', `${name} is no EC2 instance that can be named here`, {
      next: 'give its instance id (i-…)',
    });
  });

/** The newest result of a node; undefined where there is none. */
const newestResult = async (stack: Stack, instanceId: string): Promise<ResultItem | undefined> => {
  const { items } = await pageOf(stack, { query: 'node', instanceId, limit: 1 });
  const found = items.find(({ kind }) => kind === 'result');
  return found === undefined ? undefined : answerOf(ResultItem, found, `the results of ${instanceId}`);
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

const grouped = (results: readonly ResultItem[]): Groups => {
  const groups = new Map<string, string[]>();
  for (const result of results) {
    for (const remediation of remediationsIn(result))
      groups.set(remediation, [...(groups.get(remediation) ?? []), result.instanceId]);
  }
  return groups;
};

/** The nodes of a cluster whose newest result of the last 24 hours names a fault, by the remediation that is for it. */
export const brokenNodes = async (stack: Stack, cluster: string, now: Date): Promise<Groups> => {
  const since = new Date(now.getTime() - BROKEN_WITHIN_MS).toISOString();
  const ids = new Set<string>();
  for (const outcome of [...FINDINGS, ...TRIED]) {
    for await (const item of itemsOf(stack, { query: 'outcomes', cluster, outcome, since })) {
      if (InstanceId.safeParse(item.instanceId).success) ids.add(String(item.instanceId));
    }
  }
  const newest = await pMap([...ids].toSorted(), (id) => newestResult(stack, id), { concurrency: 8 });
  return grouped(newest.flatMap((result) => (result !== undefined && result.cluster === cluster ? [result] : [])));
};

/** The remediations for named nodes, by their newest results. @throws CommandError for a node without a fault on record */
export const remediationsFor = async (stack: Stack, instanceIds: readonly string[]): Promise<Groups> => {
  const newest = await pMap(instanceIds, (id) => newestResult(stack, id), { concurrency: 8 });
  const unknown = instanceIds.filter((_, i) => {
    const result = newest[i];
    return result === undefined || remediationsIn(result).length === 0;
  });
  if (unknown.length > 0) {
    throw new CommandError('Usage', {
      field: '--remediation',
      message: `--remediation: no check has found a fault on ${unknown.slice(0, 3).join(', ')}${unknown.length > 3 ? ` and ${unknown.length - 3} more` : ''}`,
      next: 'name the remediation with -r, or run fleetmend check first',
    });
  }
  return grouped(newest.flatMap((result) => result ?? []));
};
