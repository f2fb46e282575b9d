import type { NodeStateRow } from '../../core/state/node-state.ts';
import type { SchedulerPorts } from './ports.ts';

/** Why the quarantine of a node ends; undefined where the instance is there, or may be. */
const endOf = (states: ReadonlyMap<string, string>, { instanceId }: NodeStateRow): string | undefined => {
  const state = states.get(instanceId);
  if (state === undefined) return 'EC2 shows no such instance: it was terminated';
  return state === 'terminated' ? 'the instance was terminated' : undefined;
};

/**
 * Ends the quarantines of instances that were terminated. Only EC2's answer ends one: events of terminations are best
 * effort, and an instance about which EC2 did not answer remains in quarantine.
 */
export const endQuarantines = async (
  deps: Pick<SchedulerPorts, 'quarantines' | 'instances' | 'log' | 'now' | 'newId'>,
): Promise<void> => {
  const { understood, unreadable } = await deps.quarantines.quarantined();
  for (const { problem } of unreadable) deps.log.warn('leaving quarantine that is not understood', { problem });
  const { found, unread } = await deps.instances.byIdWhereRead([...new Set(understood.map((n) => n.instanceId))]);
  for (const problem of new Set([...unread.values()].map((u) => u.problem)))
    deps.log.warn('leaving quarantines of instances that could not be read', { problem });
  const states = new Map(found.map(({ InstanceId = '', State }) => [InstanceId, State?.Name ?? 'unknown']));
  for (const node of understood.filter(({ instanceId }) => !unread.has(instanceId))) {
    const reason = endOf(states, node);
    if (reason === undefined) continue;
    const { instanceId, cluster, remediation, quarantinedAt } = node;
    const row = { event: 'released' as const, instanceId, cluster, remediation, by: 'fleetmend', reason };
    const outcome = await deps.quarantines.release({ ...row, at: deps.now().toISOString() }, deps.newId());
    deps.log.info('ending quarantine of terminated instance', { instanceId, remediation, quarantinedAt, outcome });
  }
};

/** Counts the nodes in quarantine, also where there is none: the alarm nodes-quarantined resolves when the last has left. */
export const countQuarantines = async (deps: Pick<SchedulerPorts, 'quarantines' | 'count'>): Promise<void> => {
  const { understood, unreadable } = await deps.quarantines.quarantined();
  deps.count('NodesQuarantined', new Set(understood.map((node) => node.instanceId)).size + unreadable.length);
};
