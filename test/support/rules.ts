import type { NodeFacts } from '../../core/guards/decide-node.ts';
import { Policy, type PolicyInput } from '../../core/model/policy.ts';
import { NO_NODES, type NodesSeen } from '../../core/runs/decide-now.ts';
import type { Rules } from '../../core/runs/rules.ts';
import type { PendingNode } from '../../core/state/pending-node.ts';
import { DOCUMENT, START } from './runs.ts';

const CLUSTER = { name: 'demo', mode: 'repair', remediations: { cni: { allowDisruptive: true } } } as const;

/** The rules of the tests' cluster: `pause-image` restarts nothing, `cni` does, and a check has two parts. */
export const rules = (policy: PolicyInput = {}): Rules => ({
  policy: Policy.parse({ clusters: [CLUSTER], ...policy }),
  remediations: [
    {
      name: 'pause-image',
      disruptive: false,
      reasons: { SandboxImageMissing: 'attributable', DiskFull: 'node-local' },
      unrepairable: ['SandboxImageMismatch'],
    },
    { name: 'cni', disruptive: true, reasons: { CniConfigMissing: 'attributable' }, unrepairable: [] },
  ],
  sweepMinutes: 30,
  documents: {
    'pause-image-repair': { name: DOCUMENT.name, executionTimeoutSeconds: DOCUMENT.executionTimeoutSeconds },
    'cni-repair': { name: 'fleetmend-cni-repair-bbbbbbbbbbbb', executionTimeoutSeconds: 120 },
    'node-check-1': { name: 'fleetmend-node-check-1-cccccccccccc', executionTimeoutSeconds: 60 },
    'node-check-2': { name: 'fleetmend-node-check-2-dddddddddddd', executionTimeoutSeconds: 60 },
  },
});

/** The rules with a freeze window of the tests' cluster that holds on the day on which the tests' runs begin. */
export const frozenRules = (): Rules =>
  rules({ clusters: [{ ...CLUSTER, freezeWindows: [{ days: ['Sat'], fromUtc: '00:00', toUtc: '23:59' }] }] });

/** A node in order. */
export const factsOf = (instanceId: string, over: Partial<NodeFacts> = {}): NodeFacts => ({
  instanceId,
  state: 'running',
  inCluster: true,
  autoMode: false,
  ssm: { pingStatus: 'Online', platformType: 'Linux', platformName: 'Amazon Linux' },
  ...over,
});

/** What was read of nodes in order. */
export const nodesSeen = (ids: readonly string[], over: Partial<NodesSeen> = {}): NodesSeen => ({
  ...NO_NODES,
  asked: new Set(ids),
  facts: new Map(ids.map((id) => [id, factsOf(id)])),
  ...over,
});

/** A node that waits in the lane of the tests' runs. */
export const pendingRow = (instanceId: string, over: Partial<PendingNode> = {}): PendingNode => ({
  lane: 'demo/pause-image',
  cluster: 'demo',
  instanceId,
  reason: 'SandboxImageMissing',
  firstSeenAt: START,
  lastSeenAt: START,
  signals: 1,
  source: 'fleetmend.logs',
  because: { kind: 'log' },
  version: `v-${instanceId}`,
  ...over,
});
