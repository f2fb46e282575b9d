import type { NodeStateRow } from '../../core/state/node-state.ts';
import { asError } from '../runtime/errors.ts';
import { RESERVE_MS } from './overdue.ts';
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
  deps: Pick<SchedulerPorts, 'quarantines' | 'instances' | 'log' | 'count' | 'now' | 'newId'>,
  remainingMs: () => number,
): Promise<void> => {
  const { understood, unreadable } = await deps.quarantines.quarantined();
  for (const { problem } of unreadable) deps.log.warn('leaving quarantine that is not understood', { problem });
  const { found, unread } = await deps.instances.byIdWhereRead([...new Set(understood.map((n) => n.instanceId))]);
  for (const problem of new Set([...unread.values()].map((u) => u.problem)))
    deps.log.warn('leaving quarantines of instances that could not be read', { problem });
  const states = new Map(found.map(({ InstanceId = '', State }) => [InstanceId, State?.Name ?? 'unknown']));
  const ends = understood.flatMap((node) => {
    const reason = unread.has(node.instanceId) ? undefined : endOf(states, node);
    return reason === undefined ? [] : [{ node, reason }];
  });
  for (const [ended, { node, reason }] of ends.entries()) {
    if (remainingMs() <= RESERVE_MS) {
      deps.log.warn('leaving quarantines to the next sweep', { left: ends.length - ended });
      return;
    }
    const { instanceId, cluster, remediation, quarantinedAt } = node;
    const row = { event: 'released' as const, instanceId, cluster, remediation, by: 'fleetmend', reason };
    try {
      const outcome = await deps.quarantines.release({ ...row, at: deps.now().toISOString() }, deps.newId());
      deps.log.info('ending quarantine of terminated instance', { instanceId, remediation, quarantinedAt, outcome });
    } catch (thrown) {
      // Not thrown: the others do not wait for it, and the next sweep tries it again.
      deps.count('FailedRecords');
      deps.log.error('failing to end quarantine', { instanceId, remediation, error: asError(thrown) });
    }
  }
};

/** Counts the nodes in quarantine, also where there is none: the alarm nodes-quarantined resolves when the last has left. */
export const countQuarantines = async (deps: Pick<SchedulerPorts, 'quarantines' | 'count'>): Promise<void> => {
  const { understood, unreadable } = await deps.quarantines.quarantined();
  deps.count('NodesQuarantined', new Set(understood.map((node) => node.instanceId)).size + unreadable.length);
};
