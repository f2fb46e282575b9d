/** The cluster, the nodes and the run of the answers. */
export const CLUSTER = 'shop';
export const NODES = ['i-07454f83100000000', 'i-07454f8310000000a', 'i-0aaaaaaaaaaaaaa05'] as const;
export const RUN = 'r-49f9db37e39e';
const AT = '2026-11-29T03:12:09.000Z';

/** A run as audit-query lists it. */
export const runItem = (over: object = {}) => ({
  kind: 'run',
  runId: RUN,
  requestId: RUN,
  cluster: CLUSTER,
  remediation: 'node-check',
  action: 'check',
  group: RUN,
  documentKey: 'node-check',
  createdAt: '2026-11-29T03:12:00.000Z',
  because: { kind: 'operator', by: 'mei', firstSeenAt: AT, lastSeenAt: AT, count: 1, source: 'operator-api' },
  status: 'ended',
  end: 'Done',
  dueAt: AT,
  pending: 0,
  inFlight: 0,
  counts: { Healthy: 2, Broken: 1 },
  ...over,
});

/** The result of a node as audit-query shows it. */
export const resultItem = (instanceId: string, over: object = {}) => ({
  kind: 'result',
  runId: RUN,
  cluster: CLUSTER,
  instanceId,
  remediation: 'node-check',
  action: 'check',
  outcome: 'Broken',
  reason: 'SandboxImageMissing',
  method: 'ecr',
  message: 'The sandbox image is missing.',
  findings: [
    {
      remediation: 'pause-image',
      outcome: 'Broken',
      reason: 'SandboxImageMissing',
      title: 'missing',
      message: 'missing',
    },
  ],
  startedAt: '2026-11-29T03:12:06.900Z',
  endedAt: AT,
  at: AT,
  ...over,
});

/** The answer to `check` and `repair`. */
export const started = (over: object = {}) => ({
  ok: true,
  requestId: RUN,
  runId: RUN,
  runs: [RUN],
  planned: 3,
  skipped: [],
  ...over,
});

/** A page of audit-query. */
export const page = (...items: readonly object[]) => ({ ok: true, items });

/** The nodes of a run without a row. */
export const nodesItem = (kind: 'healthy' | 'open', ...instanceIds: readonly string[]) => ({
  kind,
  count: instanceIds.length,
  instanceIds,
});

/** A refusal. */
export const refused = (message: string, over: object = {}) => ({ ok: false, error: { message, ...over } });

/** A node that does not work, as the query `status` lists it. */
export const nodeStatus = (instanceId: string, over: object = {}) => ({
  kind: 'node-status',
  cluster: CLUSTER,
  instanceId,
  outcome: 'Broken',
  reason: 'SandboxImageMissing',
  remediation: 'pause-image',
  message: 'The sandbox image is missing.',
  runId: RUN,
  at: AT,
  ...over,
});

/** A cluster as the query `status` lists it. */
export const clusterStatus = (over: object = {}) => ({
  kind: 'cluster',
  cluster: CLUSTER,
  mode: 'repair',
  remediations: [{ remediation: 'pause-image', mode: 'repair', allowed: true }],
  nodes: 412,
  outcomes: { Broken: 6 },
  broken: 6,
  forbidden: 0,
  unknown: 1,
  unsupported: 0,
  unreachable: 2,
  skipped: {},
  waiting: 5,
  waitingForCheck: 0,
  inFlight: 1,
  checking: 0,
  quarantined: 2,
  sweeps: {
    isOn: true,
    everyMinutes: 30,
    isLate: false,
    last: { runId: RUN, startedAt: AT, endedAt: AT, nodes: 412 },
    ageSeconds: 231,
  },
  breakers: [],
  registryHolds: [],
  pauses: [],
  unread: [],
  ...over,
});

/** Something that needs a person, as the query `status` lists it. */
export const need = (over: object = {}) => ({
  kind: 'need',
  need: 'BreakerOpen',
  severity: 'error',
  cluster: CLUSTER,
  remediation: 'pause-image',
  message: 'the circuit breaker is open until 03:31',
  command: 'fleetmend explain shop/pause-image',
  ...over,
});
