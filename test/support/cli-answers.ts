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
  signalsCut: 0,
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

const DEPLOYMENT = {
  version: '0.2.0',
  configuration: '3f9c01d2a7b4',
  deployedAt: '2026-11-20T09:00:00.000Z',
  deployedBy: 'ci@acme',
};

/** A verdict of the query `explain`. */
export const verdict = (over: object = {}) => ({
  kind: 'verdict',
  cluster: CLUSTER,
  instanceId: NODES[2],
  remediation: 'cni-files',
  decision: 'skip',
  isNeeded: true,
  outcome: 'Broken',
  reason: 'CNIConfigMissing',
  skipReason: 'NotAllowed',
  text: 'The node is broken, and fleetmend will not repair it.',
  because: 'the policy does not allow disruptive repairs by cni-files on shop',
  rule: {
    rule: 'policy.disruptive',
    setting: 'clusters[name=shop].remediations.cni-files.allowDisruptive',
    value: false,
  },
  deployment: DEPLOYMENT,
  guards: [
    { guard: 'policy', passes: true, text: 'mode repair' },
    { guard: 'disruptive', passes: false, text: 'not allowed' },
    { guard: 'attempts', passes: true, text: '0 of 3 failed attempts in 24 h', numbers: { attempts: 0 } },
  ],
  toAct: ['allow it in the configuration, and deploy'],
  next: { what: 'checked by the next sweep', at: '2026-11-29T03:41:00.000Z' },
  ...over,
});

/** The answer of the query `explain` about a node. */
export const explained = page(
  {
    ...{ kind: 'explained-node', instanceId: NODES[2], cluster: CLUSTER, privateDnsName: 'ip-10-0-170-5' },
    ...{ nodegroup: 'workers-2', instanceType: 'm6i.xlarge', outcome: 'Broken', reason: 'CNIConfigMissing' },
  },
  verdict(),
  verdict({
    remediation: 'pause-image',
    isNeeded: false,
    decision: 'go',
    text: 'It would be repaired if it were broken.',
  }),
  {
    ...{ kind: 'event', instanceId: NODES[2], at: AT, event: 'checked', text: 'Broken: CNIConfigMissing', runId: RUN },
  },
);

/** The answer of the query `explain` about a remediation of a cluster. */
export const explainedLane = page({
  ...{ kind: 'explained-lane', cluster: CLUSTER, remediation: 'pause-image', mode: 'repair', queued: 0, waiting: 5 },
  ...{ text: 'Repairs are held back.', because: 'the circuit breaker is open', rule: { rule: 'none' } },
  ...{ deployment: { version: '0.2.0', configuration: '3f9c01d2a7b4' }, toAct: ['fleetmend run r-1'], repaired: 1 },
  guards: [{ guard: 'breaker', passes: false, text: 'open, 1st time', until: '2026-11-29T03:31:00.000Z' }],
  next: { what: 'one canary' },
  failed: [{ instanceId: NODES[0], runId: RUN, at: AT, isCanary: true }],
});
