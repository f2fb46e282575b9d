import type { Instances } from '../adapters/ec2/instances.ts';
import type { LetterCounts } from '../adapters/messaging/letter-counts.ts';
import type { AuditStore } from '../adapters/table/audit-store.ts';
import type { Count } from '../runtime/metrics.ts';
import type { Settings } from '../runtime/settings.ts';
import type { Fleet } from '../shared/fleet.ts';

/** The ports of audit-query, which can only read. */
export type AuditQueryPorts = {
  readonly store: AuditStore;
  readonly count: Count;
  /** The rules of the deployment, by which run-controller decides. */
  readonly settings: Settings;
  readonly letters: LetterCounts;
  readonly instances: Pick<Instances, 'byIdWhereRead' | 'byPrivateDnsName'>;
  readonly fleet: Pick<Fleet, 'describe'>;
  readonly now: () => Date;
};

/** The ISO time now. */
export const nowIso = (deps: Pick<AuditQueryPorts, 'now'>): string => deps.now().toISOString();
