import { unknownTrust } from '../../core/guards/trust.ts';
import { longestEnd } from '../../core/runs/run-step.ts';
import { type ClusterState, salvagedCluster } from '../../core/state/cluster-state.ts';
import type { TrustRow } from '../../core/state/trust-state.ts';
import { NOTICE_SOURCE } from '../../events/rules.ts';
import { asError } from '../runtime/errors.ts';
import { nowIso, type RunControllerPorts } from './ports.ts';

/** Reports that a breaker has opened. A bus that refuses the notice must not keep the row unreadable. */
const tell = async (deps: RunControllerPorts, { document, cluster, breaker }: TrustRow): Promise<void> => {
  deps.count('BreakerOpened');
  const detail = { id: `${document}/${cluster}/${breaker?.openedAt}`, document, cluster, ...breaker };
  try {
    await deps.bus.put([{ source: NOTICE_SOURCE, detailType: 'Breaker Opened', detail }]);
  } catch (thrown) {
    deps.log.error('giving up the notice about a breaker', { document, cluster, error: asError(thrown) });
    deps.count('NoticeGivenUp');
  }
};

/** The rows of a document. One that cannot be read is replaced by one with an open breaker, and put aside for a person. */
export const readTrust = async (deps: RunControllerPorts, document: string): Promise<readonly TrustRow[]> => {
  const { understood, broken } = await deps.trust.read(document);
  if (broken.length === 0) return understood;
  for (const { cluster, problem } of broken) {
    const now = nowIso(deps);
    const row = unknownTrust(document, cluster, now, deps.settings.policy.limits);
    if (!(await deps.trust.replace(row, now))) continue;
    deps.log.error('replacing the experience with a document that cannot be read', { document, cluster, problem });
    deps.count('UnreadableRow');
    await tell(deps, row);
  }
  return await deps.trust.ofDocument(document);
};

/** The state of a cluster. One that cannot be read is replaced by what is understood of it, without a free slot. */
export const readCluster = async (deps: RunControllerPorts, cluster: string): Promise<ClusterState> => {
  const stored = await deps.lanes.readCluster(cluster);
  if (stored.kind === 'cluster') return stored.state;
  const now = nowIso(deps);
  const until = longestEnd(deps.settings, now);
  const state = salvagedCluster(cluster, stored.item, { until, budget: deps.settings.policy.limits.budgetMaxNodes });
  if (await deps.lanes.replaceCluster(stored.item, state, now)) {
    deps.log.error('replacing the state of a cluster that cannot be read', { cluster, until, problem: stored.problem });
    deps.count('UnreadableRow');
  }
  return await deps.lanes.getCluster(cluster);
};
