import { expect } from 'vitest';
import type { SimulatedNode } from '../../lab/sim/node.ts';
import type { SimulatedFault } from '../../lab/sim/result.ts';
import { remediations } from '../../ssm-documents/remediations.ts';
import { signalSample } from '../support/signal-samples.ts';
import { MINUTE_MS, REPAIRABLE, type Scene } from './support.ts';

/** The clusters that {@link runBroadScenario} works on. */
export const BROAD_CLUSTERS = [
  { name: 'demo', sweeps: true, disruptive: ['ecr-credentials'] },
  { name: 'watch', mode: 'observe' as const },
] as const;

/**
 * Its limits. A sweep of more nodes than one run takes stores its list of nodes, and a command of more than one is looked at early.
 * The waits are short, because each minute of them is a turn of scheduler.
 */
export const BROAD_LIMITS = {
  maxNodesPerCheckRun: 16,
  budgetPercent: 20,
  repairFirstLookSeconds: 15,
  settleSeconds: 60,
  coolDownSeconds: 240,
} as const;

/** Two sweeps and a cool-down: how a sweep falls between the steps depends on when the scene began. */
const DRAIN_MINUTES = 75;

const LONG_FACTS = Array.from({ length: 10 }, (_, i) => [`fact${i}`, 'x'.repeat(300)] as const);
/** Its results are longer than what SSM lists, and valid: they are read from GetCommandInvocation. */
const FAILS_AT_LENGTH: SimulatedFault = {
  ...REPAIRABLE,
  repair: { kind: 'fails', reason: 'NodeRoleLacksECR', evidence: Object.fromEntries(LONG_FACTS) },
};

/** Nodes that belong to the cluster by one tag, each by another one. */
const taggedNodes = (scene: Scene, cluster: string): readonly SimulatedNode[] =>
  [
    { 'eks:cluster-name': cluster },
    { 'eks:eks-cluster-name': cluster },
    { [`kubernetes.io/cluster/${cluster}`]: 'owned' },
    { [`kubernetes.io/cluster/${cluster}`]: 'shared' },
  ].flatMap((tags) => {
    const nodes = scene.addNodes(cluster, 1, { faultOf: () => REPAIRABLE }).map((node) => ({ ...node, tags }));
    scene.lab.nodes.add(...nodes);
    return nodes;
  });

const symptom = (scene: Scene, cluster: string, instanceId: string, source: string): void => {
  const at = new Date(scene.lab.now()).toISOString();
  const detail = { cluster, instanceId, reason: 'SandboxImageMissing', firstSeenAt: at, lastSeenAt: at, count: 1 };
  scene.lab.putEvent({ source, detailType: 'Node Symptom', detail }, 'fleetmend');
};

const repair = { action: 'repair', cluster: 'demo', remediation: 'pause-image', reason: 'a ticket' };

/** Symptoms of all sources and all kinds of nodes; the events of SSM come, are lost, and find a crashed run-controller. */
const hearAndRepair = async (scene: Scene): Promise<void> => {
  const { lab } = scene;
  const nodes = scene.addNodes('demo', 8, { faultOf: (i) => (i < 4 ? REPAIRABLE : undefined) });
  const [first, second, third, fourth] = nodes;
  if (first === undefined || second === undefined || third === undefined || fourth === undefined) return;
  await scene.logFault(first, ...taggedNodes(scene, 'demo'), ...taggedNodes(scene, 'watch'));
  symptom(scene, 'demo', nodes[7]?.instanceId ?? '', 'acme.monitoring');
  // signal-intake asks EC2 for the cluster of a new instance.
  const started = { 'instance-id': nodes[6]?.instanceId ?? '', state: 'running' };
  lab.putEvent({ source: 'aws.ec2', detailType: 'EC2 Instance State-change Notification', detail: started });
  for (const { source, 'detail-type': detailType, detail, resources } of [
    signalSample('launches/match-launch', { 'i-0123456789abcdef0': nodes[6]?.instanceId ?? '' }),
    signalSample('addons/match-health-degraded', { demo: 'watch' }),
    signalSample('eks-calls/match-update-nodegroup-version', { demo: 'watch' }),
  ])
    lab.putEvent({ source, detailType, detail, resources });
  await scene.drain(DRAIN_MINUTES, 'not-to-come');

  // Results without an answer to their write are written again.
  const gone = scene.addNodes('demo', 10);
  for (const node of gone) node.setState('terminated');
  lab.faults.calls = [
    { functionName: 'fleetmend-run-controller', operation: 'PutItem', kind: 'drop-after', rate: 0.3 },
  ];
  await scene.logFault(...gone);
  await scene.drain(DRAIN_MINUTES, 'not-to-come');

  // run-controller dies after SendCommand: command-tracker finds the run by the comment of the command.
  lab.faults.calls = [
    { functionName: 'fleetmend-run-controller', operation: 'SendCommand', kind: 'crash-after', times: 1 },
  ];
  await scene.logFault(second);
  await scene.drain(DRAIN_MINUTES, 'not-to-come');
  // Both the answer and the events are lost: run-controller looks for the command itself.
  lab.faults.calls = [{ operation: 'SendCommand', kind: 'drop-after', times: 1 }];
  lab.faults.events = [{ source: 'aws.ssm', kind: 'lose' }];
  await scene.logFault(third);
  await scene.drain(DRAIN_MINUTES, 'not-to-come');
  // scheduler reads a command whose invocations are not shown yet, one that takes too long, and a result that SSM has cut.
  const slow = scene.addNodes('demo', 2, {
    faultOf: (i) => (i === 0 ? REPAIRABLE : FAILS_AT_LENGTH),
    latency: () => 150_000,
  });
  lab.faults.listLagMs = 200_000;
  await scene.logFault(...slow, fourth);
  await scene.drain(DRAIN_MINUTES, 'not-to-come');
  slow[1]?.setState('terminated');
  lab.faults.events = [];
  lab.faults.listLagMs = 1000;
};

/** Cancels a check that is at work on its node: operator-api names the node from the command's row. */
const cancelCheck = async (scene: Scene): Promise<void> => {
  const [slow] = scene.addNodes('demo', 1, { latency: () => 60_000 });
  const instanceId = slow?.instanceId ?? '';
  const cancelled = new Promise<unknown>((resolve) => {
    const off = scene.lab.onEvent((event) => {
      const [command] = scene.chronicle.checksOf(instanceId);
      if (command === undefined || event.kind !== 'function-end') return;
      if (event.functionName !== 'fleetmend-run-controller') return;
      off();
      resolve(scene.remediate({ action: 'cancel', runId: command.runId, reason: 'a mistake' }));
    });
  });
  await scene.start({ action: 'check', cluster: 'demo', instanceIds: [instanceId] });
  await scene.lab.settle();
  // The check has several parts, each a command.
  const named = expect.arrayContaining([expect.objectContaining({ instanceIds: [instanceId] })]);
  expect(await cancelled).toMatchObject({ inFlight: named });
  await scene.drain(DRAIN_MINUTES, 'not-to-come');
};

/** A repair that restarts kubelet: run-controller asks EKS whether the node group is being updated. */
const repairDisruptively = async (scene: Scene): Promise<void> => {
  const remediation = 'ecr-credentials';
  const fault = { ...REPAIRABLE, remediation, reason: 'CredentialProviderMatchesNothing' };
  const [node] = scene.addNodes('demo', 1, { faultOf: () => fault });
  const instanceIds = [node?.instanceId ?? ''];
  await scene.start({ action: 'repair', cluster: 'demo', remediation, reason: 'a ticket', instanceIds });
  await scene.drain(DRAIN_MINUTES, 'not-to-come');
};

/** Every action and query of an operator. */
const operate = async (scene: Scene): Promise<void> => {
  const { lab } = scene;
  const [sick, gone] = scene.addNodes('demo', 2, { faultOf: () => FAILS_AT_LENGTH });
  if (sick === undefined || gone === undefined) return;
  for (const lossy of [true, true, false]) {
    lab.faults.events = lossy ? [{ source: 'aws.ssm', kind: 'lose' }] : [];
    await scene.logFault(sick, gone);
    await scene.drain(DRAIN_MINUTES, 'not-to-come');
    await lab.advance(BROAD_LIMITS.coolDownSeconds * 1000 + MINUTE_MS);
  }
  lab.faults.events = [];
  for (const requestId of ['a', 'a']) await scene.start({ ...repair, requestId, instanceIds: [sick.instanceId] });
  await scene.remediate({ action: 'release', cluster: 'demo', instanceIds: [sick.instanceId], reason: 'repaired' });
  // Nobody repairs it, so that each sweep would find it again: with some schedules the scene would never be drained.
  sick.setState('terminated');
  // The next sweep ends this one's quarantine.
  gone.setState('terminated');
  await lab.advance(31 * MINUTE_MS);
  await scene.start({ action: 'check', cluster: 'demo', remediation: 'pause-image' });
  await scene.start({ action: 'check', cluster: 'watch' });
  for (const { name } of remediations) await scene.start({ action: 'check', cluster: 'watch', remediation: name });
  await scene.drain(DRAIN_MINUTES, 'not-to-come');
  await repairDisruptively(scene);
  const late = scene.addNodes('demo', 2, { faultOf: () => REPAIRABLE, latency: () => 30_000 });
  await scene.remediate({ action: 'pause', cluster: 'demo', reason: 'a look' });
  await scene.logFault(...late);
  await lab.settle();
  await scene.remediate({ action: 'resume', cluster: 'demo', reason: 'seen' });
  const { runId } = await scene.start({ ...repair, instanceIds: late.map((n) => n.instanceId) });
  const cancelled = new Promise<unknown>((resolve) => {
    const off = scene.chronicle.onSent((command) => {
      off();
      resolve(scene.remediate({ action: 'cancel', runId: command.runId, force: true, reason: 'a mistake' }));
    });
  });
  await lab.settle();
  await cancelled;
  await scene.drain(DRAIN_MINUTES, 'not-to-come');
  await cancelCheck(scene);
  await scene.remediate({ action: 'test-notice' });
  lab.invokeAsync('fleetmend-notifier', { kind: 'digest' });
  await lab.settle();
  const day = new Date(lab.now()).toISOString().slice(0, 10);
  const queries = [
    { query: 'status', cluster: 'demo' },
    ...[sick, ...late].map(({ instanceId }) => ({ query: 'explain', node: instanceId })),
    { query: 'explain', cluster: 'demo' },
    { query: 'summary' },
    { query: 'runs', cluster: 'demo' },
    { query: 'run', runId },
    { query: 'request', requestId: runId },
    { query: 'node', instanceId: sick.instanceId },
    { query: 'outcomes', cluster: 'demo', outcome: 'Repaired' },
    { query: 'reasons', reason: 'SandboxImageMissing', day },
    { query: 'open' },
    { query: 'quarantine' },
    { query: 'pauses' },
    { query: 'actions', cluster: 'demo' },
    { query: 'actions', author: 'test' },
    { query: 'actions', day },
  ];
  for (const query of queries) await scene.report(query);
};

/** The messages that a crash leaves, in every dead-letter queue. */
const leaveLetters = async (scene: Scene): Promise<void> => {
  const [node] = scene.addNodes('demo', 1);
  const [known] = scene.chronicle.commands;
  for (const queue of scene.lab.queues.all().filter((q) => q.settings.name.includes('dlq'))) {
    const { name, fifo } = queue.settings;
    // The end of a known command: operator-api looks up its run.
    const end = {
      source: 'aws.ssm',
      'detail-type': 'EC2 Command Status-change Notification',
      detail: { 'command-id': known?.commandId, 'document-name': 'fleetmend-x', status: 'Success' },
    };
    const body = name.includes('progress') ? end : { detail: { cluster: 'demo', instanceId: node?.instanceId } };
    queue.send({ body: JSON.stringify(body), ...(fifo ? { groupId: 'g', deduplicationId: 'letter' } : {}) });
  }
};

/** Bad input and crashes everywhere, then a replay of all of it. */
const failAndReplay = async (scene: Scene): Promise<void> => {
  const { lab } = scene;
  for (const queue of lab.queues.all().filter((q) => !q.settings.name.includes('dlq')))
    queue.send({ body: 'garbage', ...(queue.settings.fifo ? { groupId: 'g', deduplicationId: 'g' } : {}) });
  lab.invokeAsync('fleetmend-log-classifier', { awslogs: { data: 'garbage' } });
  // operator-api dies after it stored a run and before it queued it: scheduler queues it.
  lab.faults.calls = [
    { functionName: 'fleetmend-operator-api', operation: 'PutItem', kind: 'crash-before', skip: 2, times: 1 },
  ];
  lab.invokeAsync('fleetmend-operator-api', { ...repair, requestedBy: 'test' });
  await lab.settle();
  // It dies each time: Lambda puts the request into its dead-letter queue.
  lab.faults.calls = [
    { functionName: 'fleetmend-operator-api', operation: 'TransactWriteItems', kind: 'crash-before' },
  ];
  lab.invokeAsync('fleetmend-operator-api', { action: 'check', cluster: 'watch', requestedBy: 'test' });
  await lab.settle();
  lab.faults.calls = [];
  for (const name of ['scheduler', 'notifier']) lab.invokeAsync(`fleetmend-${name}`, { kind: 'garbage' });
  await lab.settle();
  const [late] = scene.addNodes('demo', 1, { faultOf: () => REPAIRABLE });
  lab.faults.calls = [{ functionName: 'fleetmend-log-classifier', operation: 'PutEvents', kind: 'internal-error' }];
  if (late !== undefined) await scene.logFault(late);
  await lab.settle();
  lab.faults.calls = [];
  await leaveLetters(scene);
  // Where a replay stops early, it says how many letters wait in each queue.
  await scene.remediate({ action: 'replay', max: 1 });
  await scene.remediate({ action: 'replay' });
  await scene.drain(DRAIN_MINUTES, 'not-to-come');
  await lab.advance(40 * MINUTE_MS);
  await scene.drain(DRAIN_MINUTES, 'not-to-come');
};

/** Uses every feature at least once. A step that a denied call ends is the last one. */
export const runBroadScenario = async (scene: Scene): Promise<readonly string[]> => {
  const stopped: string[] = [];
  for (const step of [hearAndRepair, operate, failAndReplay]) {
    await step(scene).catch((error: unknown) => stopped.push(`${step.name}: ${String(error)}`));
    scene.lab.faults.calls = [];
    scene.lab.faults.events = [];
    if (scene.chronicle.denials.length > 0) break;
  }
  return stopped;
};
