import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { logsSubscription } from '../../events/logs-subscription.ts';
import type { LabNode } from '../lab/node.ts';
import type { SimulatedNode } from '../lab/sim/node.ts';
import { faultLine, logGroupOf, MENDABLE, MINUTE_MS, openScene, type Scene, synthScene } from './support.ts';

const FOREIGN_PER_MINUTE = 5;
let scene: Scene;
beforeAll(async () => {
  const clusters = ['good', 'other', 'hostile'].map((name) => ({ name }));
  scene = await openScene(synthScene(clusters, { maxForeignSignalsPerMinute: FOREIGN_PER_MINUTE }));
});
afterAll(() => scene.lab.stop());

let seen = 0;
/** Letters since the last look. */
const newLetters = () => {
  const all = scene.letters().toSorted((a, b) => String(a.time).localeCompare(String(b.time)));
  const fresh = all.slice(seen);
  seen = all.length;
  return fresh;
};
// Whatever came in: no function failed, nothing was refused by IAM, no message and no run is left over.
afterEach(async () => {
  await scene.drain();
  expect(scene.chronicle.failures).toEqual([]);
  expect(scene.chronicle.denials).toEqual([]);
  expect(scene.chronicle.violations).toEqual([]);
});

const oneNode = (cluster: string, options: Parameters<Scene['addNodes']>[2] = {}): SimulatedNode => {
  const [node] = scene.addNodes(cluster, 1, options);
  if (node === undefined) throw new Error('no node was made');
  return node;
};
const gzipped = (text: string) => ({ awslogs: { data: gzipSync(text).toString('base64') } });
const payload = (fields: Readonly<Record<string, unknown>>) =>
  gzipped(
    JSON.stringify({
      messageType: 'DATA_MESSAGE',
      logGroup: logGroupOf('good'),
      logStream: 's',
      logEvents: [],
      ...fields,
    }),
  );
const MEBIBYTE = 1024 * 1024;

describe('a subscription payload that is none', () => {
  const garbage: readonly (readonly [string, unknown])[] = [
    ['null', null],
    ['a text', 'rm -rf /'],
    ['an empty object', {}],
    ['no base64', { awslogs: { data: '\u0000$(reboot)' } }],
    ['no gzip', { awslogs: { data: Buffer.from('plain').toString('base64') } }],
    ['gzip of no JSON', gzipped('{"messageType":')],
    ['a gzip bomb', gzipped(' '.repeat(40 * MEBIBYTE))],
    ['an unknown message type', payload({ messageType: 'REBOOT' })],
    ['a time that is no number', payload({ logEvents: [{ id: '1', timestamp: 'now', message: 'x' }] })],
    ['a log group that names no cluster', payload({ logGroup: '/var/log/../../etc/passwd' })],
  ];

  it.each(garbage)('%s is kept with its reason, and acknowledged', async (_name, body) => {
    scene.lab.invokeAsync('fleetmend-logs', body);
    await scene.lab.settle();
    const letters = newLetters();
    expect(letters).toMatchObject([{ queue: 'fleetmend-logs-dlq', function: 'logs' }]);
    expect(letters[0]?.reason).toMatch(/^reading the (subscription payload|log group)/);
    expect(z.iso.datetime().safeParse(letters[0]?.time).success).toBe(true);
  });

  it('lines that are garbage do not keep the good line beside them from its node', async () => {
    const node = oneNode('good', { faultOf: () => MENDABLE });
    const good = faultLine(node, scene.lab.now());
    const forged = (id: string) => good.replaceAll(node.instanceId, id);
    await scene.lab.putLogEvents(logGroupOf('good'), 'stream; reboot', [
      'RunPodSandbox for $(reboot) failed to get sandbox image',
      '{"message": "RunPodSandbox for ',
      '{"message":"failed to get sandbox image \\"x\\"","ec2_instance_id":["i-1"]}',
      forged('i-0123456789abcdef0; reboot'),
      forged(`i-${'0'.repeat(10_000)}`),
      good.replace('web', '\\u0000\\u001b[31m\\u202e'.repeat(50)),
      `${good.slice(0, -2)}${'x'.repeat(200_000)}"}`,
      good,
    ]);
    await scene.drain();
    expect(scene.chronicle.repairsOf(node.instanceId)).toHaveLength(1);
    expect(node.faults()).toEqual([]);
    expect(newLetters()).toEqual([]);
  });
});

describe('garbage on a queue', () => {
  const bodies = [
    'not json',
    '""',
    'null',
    '[]',
    '{}',
    '{"kind":"lane"}',
    '{"detail":{}}',
    `"${'x'.repeat(200_000)}"`,
    '\u001b[2J$(reboot)',
  ];
  it.each([
    ['signals', 'intake', 'fleetmend-signals', 'fleetmend-signals-dlq'],
    ['progress', 'track', 'fleetmend-progress', 'fleetmend-progress-dlq'],
    ['lanes', 'advance', 'fleetmend-lanes.fifo', 'fleetmend-advance-dlq'],
  ])('%s: every message is kept with its reason by λ %s', async (_name, name, queueName, deadName) => {
    const queue = scene.lab.queues.all().find((q) => q.settings.name === queueName);
    for (const [i, body] of bodies.entries())
      queue?.send({ body, ...(queue.settings.fifo ? { groupId: `g-${i % 2}`, deduplicationId: `${i}` } : {}) });
    await scene.drain();
    const letters = newLetters();
    expect(letters.map((l) => [l.queue, l.function])).toEqual(bodies.map(() => [deadName, name]));
    expect(letters.map((l) => l.reason).filter((r) => !r?.startsWith('reading the '))).toEqual([]);
    expect(new Set(letters.map((l) => l.body.length))).toEqual(new Set(bodies.map((b) => b.length)));
  });

  it('wakes for lanes and runs that are none do nothing', async () => {
    const queue = scene.lab.queues.all().find((q) => q.settings.fifo && !q.settings.name.includes('dlq'));
    const before = scene.chronicle.commands.length;
    const wakes = [
      { kind: 'lane', lane: 'nowhere/pause-image' },
      { kind: 'lane', lane: 'no-slash' },
      { kind: 'lane', lane: '' },
      { kind: 'lane', lane: '/' },
      { kind: 'lane', lane: 'good/$(reboot)' },
      { kind: 'run', runId: 'r-none' },
      { kind: 'run', runId: '' },
      { kind: 'run', runId: `r-${'9'.repeat(5000)}` },
    ];
    for (const [i, wake] of wakes.entries())
      queue?.send({ body: JSON.stringify(wake), groupId: `w-${i}`, deduplicationId: `w-${i}` });
    await scene.drain();
    expect(scene.chronicle.commands).toHaveLength(before);
    // Whichever of them was refused says so.
    expect(newLetters().filter((l) => l.reason === undefined || l.function !== 'advance')).toEqual([]);
  });

  it('ends of commands that are not ours are acknowledged', async () => {
    const ids = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'];
    for (const [i, id] of ids.entries()) {
      const detail = { 'command-id': id, 'document-name': `fleetmend-${i}-ffffffffffff`, status: 'Success' };
      scene.lab.putEvent({ source: 'aws.ssm', detailType: 'EC2 Command Status-change Notification', detail });
    }
    await scene.drain();
    expect(newLetters()).toEqual([]);
  });
});

describe('a symptom', () => {
  const at = '2026-01-01T00:00:00.000Z';
  const put = (detail: Readonly<Record<string, unknown>>, source = 'fleetmend.logs') =>
    scene.lab.putEvent(
      {
        source,
        detailType: 'Node Symptom',
        detail: {
          cluster: 'good',
          reason: 'SandboxImageMissing',
          firstSeenAt: at,
          lastSeenAt: at,
          count: 1,
          ...detail,
        },
      },
      'fleetmend',
    );

  it.each([
    [
      'a reason that is not in the catalogue',
      { instanceId: 'i-0123456789abcdef0', reason: 'RebootEverything' },
      /RebootEverything is not one of/,
    ],
    ['a hostile instance id', { instanceId: 'i-0123456789abcdef0; reboot' }, /instanceId: not an EC2 instance id/],
    ['an endless instance id', { instanceId: `i-${'0'.repeat(50_000)}` }, /instanceId: not an EC2 instance id/],
    ['a hybrid instance', { instanceId: 'mi-0123456789abcdef0' }, /instanceId: not an EC2 instance id/],
    [
      'a hostile cluster',
      { instanceId: 'i-0123456789abcdef0', cluster: '../RESULT#x' },
      /cluster: not an EKS cluster name/,
    ],
    [
      'times that run backwards',
      { instanceId: 'i-0123456789abcdef0', firstSeenAt: '2026-02-01T00:00:00Z' },
      /later than detail.lastSeenAt/,
    ],
    ['a field too many', { instanceId: 'i-0123456789abcdef0', document: 'AWS-RunShellScript' }, /reading the signal/],
  ])('with %s is refused with its reason', async (_name, detail, reason) => {
    put(detail);
    await scene.drain();
    const letters = newLetters();
    expect(letters).toMatchObject([{ queue: 'fleetmend-signals-dlq', function: 'intake' }]);
    expect(letters[0]?.reason).toMatch(reason);
  });

  it('of a cluster that is not ours, or that nobody lists, leads to nothing', async () => {
    const before = scene.chronicle.commands.length;
    put({ instanceId: 'i-0123456789abcdef0', cluster: 'somebody-elses' });
    await scene.drain();
    expect(newLetters()).toEqual([]);
    expect(scene.chronicle.commands).toHaveLength(before);
  });

  it('that names an instance of another cluster is recorded as NotInCluster, and nothing is sent', async () => {
    const stranger = oneNode('other', { faultOf: () => MENDABLE });
    const { instanceId } = stranger;
    const now = new Date(scene.lab.now()).toISOString();
    put({ instanceId, firstSeenAt: now, lastSeenAt: now });
    await scene.drain();
    expect(stranger.runs).toEqual([]);
    expect(await scene.history(instanceId)).toMatchObject([
      { cluster: 'good', outcome: 'Skipped', why: 'NotInCluster' },
    ]);
    const ids = [instanceId, 'i-0aaaaaaaaaaaaaaaa'];
    const answer = await scene.start({
      action: 'repair',
      cluster: 'good',
      remediation: 'pause-image',
      instanceIds: ids,
      reason: 'x',
    });
    expect(answer).toMatchObject({ planned: 0, skipped: [{ why: 'NotInCluster' }, { why: 'Gone' }] });
    await scene.drain();
    expect((await scene.resultsOf(answer.runId)).map((r) => r.why).toSorted()).toEqual(['Gone', 'NotInCluster']);
    expect(stranger.runs).toEqual([]);
  });

  it('of any source but λ logs leads to a check at most, and only so many a minute', async () => {
    const nodes = scene.addNodes('good', FOREIGN_PER_MINUTE + 3, { faultOf: () => MENDABLE });
    await scene.remediate({ action: 'pause', cluster: 'good', reason: 'no repair is to hide the check' });
    const now = new Date(scene.lab.now()).toISOString();
    for (const { instanceId } of nodes) put({ instanceId, firstSeenAt: now, lastSeenAt: now }, 'acme.monitoring');
    await scene.drain(10).catch(() => undefined);
    expect(scene.chronicle.repairsOn(nodes)).toEqual([]);
    expect(nodes.filter((n) => scene.chronicle.checksOf(n.instanceId).length === 1)).toHaveLength(FOREIGN_PER_MINUTE);
    const letters = newLetters();
    expect(letters.map((l) => l.reason?.slice(0, 11))).toEqual(Array.from({ length: 3 }, () => 'OverBudget:'));
    await scene.remediate({ action: 'resume', cluster: 'good', reason: 'seen' });
    await scene.drain();
    // What the checks found is trusted.
    expect(nodes.filter((n) => n.faults().length === 0)).toHaveLength(FOREIGN_PER_MINUTE);
  });
});

describe('a request', () => {
  const repair = { action: 'repair', cluster: 'good', remediation: 'pause-image', reason: 'x' };
  it.each([
    ['an unknown action', { action: 'reboot' }, /field action: expected one of check, repair/],
    [
      'an unknown cluster',
      { ...repair, cluster: 'nowhere' },
      /field cluster: nowhere is not in the policy; it lists: good/,
    ],
    ['an unknown remediation', { ...repair, remediation: 'format-disk' }, /field remediation: there is no format-disk/],
    ['no reason', { ...repair, reason: '' }, /field reason: say why/],
    [
      'a hostile id',
      { ...repair, instanceIds: ['i-0123456789abcdef0 && reboot'] },
      /field instanceIds.0: not an EC2 instance id/,
    ],
    [
      '1,001 ids',
      { ...repair, instanceIds: Array.from({ length: 1001 }, (_, i) => `i-${String(i).padStart(17, '0')}`) },
      /at most 1000/,
    ],
    ['a field too many', { ...repair, document: 'AWS-RunShellScript' }, /field \(whole\)/],
    ['the end of no run', { action: 'cancel', runId: 'r-none', reason: 'x' }, /field runId: there is no run r-none/],
  ])('with %s is answered with the field that is wrong', async (_name, request, message) => {
    const before = (await scene.runs('good')).length;
    await expect(scene.remediate(request)).rejects.toThrow(message);
    expect(await scene.runs('good')).toHaveLength(before);
  });

  it.each([
    [{ query: 'everything' }, /field query: expected one of run, runs/],
    [{ query: 'node', instanceId: 'i-x' }, /field instanceId/],
    [{ query: 'open', next: 'AAAA' }, /field next/],
  ])('for a report %j is answered with the field that is wrong', async (query, message) => {
    await expect(scene.report(query)).rejects.toThrow(message);
  });
});

describe('a node that lies', () => {
  const line = (fields: Readonly<Record<string, unknown>>): string => {
    const times = { startedAt: '2026-01-01T00:00:00Z', endedAt: '2026-01-01T00:00:01Z' };
    return JSON.stringify({
      v: 1,
      remediation: 'pause-image',
      action: 'check',
      outcome: 'Healthy',
      message: 'fine',
      ...times,
      ...fields,
    });
  };
  const healthy = line({});
  const cases: readonly (readonly [string, string, string, RegExp])[] = [
    [
      'shell metacharacters',
      line({ message: '$(reboot) `id` {{ x }} ; rm -rf / \u0000\u001b[31m' }),
      'Healthy',
      /^\$\(reboot\) `id`/,
    ],
    ['nothing at all', '', 'Unknown', /no result line/],
    ['no JSON', '{"v":1,', 'Unknown', /not JSON/],
    [
      'a line that was cut',
      line({ message: 'x'.repeat(590) })
        .padEnd(3000, ' ')
        .slice(0, 300),
      'Unknown',
      /not JSON/,
    ],
    ['three megabytes', `${'A'.repeat(3 * MEBIBYTE)}\n${healthy}`, 'Unknown', /no result line/],
    [
      'a second line that says otherwise',
      `${line({ outcome: 'Broken', reason: 'SandboxImageMissing' })}\n${healthy}`,
      'Broken',
      /fine/,
    ],
    ['a result in stderr', `\n----------ERROR-------\n${healthy}`, 'Unknown', /no result line/],
    [
      'the result of a repair',
      line({ action: 'repair', outcome: 'Repaired' }),
      'Unknown',
      /answers for pause-image repair/,
    ],
    ['a repair that a check cannot do', line({ outcome: 'Repaired' }), 'Unknown', /a check can not end Repaired/],
    ['an unknown outcome', line({ outcome: 'Root' }), 'Unknown', /field outcome/],
    ['fields of its own', line({ instanceId: 'i-0aaaaaaaaaaaaaaaa', __proto__x: 1 }), 'Unknown', /Unrecognized key/],
    ['another prototype', healthy.replace('{', '{"__proto__":{"outcome":"Repaired"},'), 'Unknown', /./],
    [
      'a clock of the year 9999',
      line({ startedAt: '9999-12-31T23:59:59Z', endedAt: '9999-12-31T23:59:59Z' }),
      'Healthy',
      /fine/,
    ],
  ];

  it('costs itself a result and nobody else anything', async () => {
    const nodes = cases.map(([, stdout]): LabNode => {
      const node = oneNode('hostile');
      const liar: LabNode = {
        ...node,
        run: async (_document, signal) => {
          await scene.clock.sleep(1000);
          signal.throwIfAborted();
          return { statusDetails: 'Success', exitCode: 0, stdout, stderr: '' };
        },
      };
      scene.lab.nodes.add(liar);
      return liar;
    });
    const { runId } = await scene.start({
      action: 'check',
      cluster: 'hostile',
      remediation: 'pause-image',
      reason: 'x',
    });
    await scene.drain();
    const results = new Map((await scene.resultsOf(runId)).map((r) => [r.instanceId, r]));
    const end = scene.lab.now();
    for (const [i, [name, , outcome, message]] of cases.entries()) {
      const row = results.get(nodes[i]?.instanceId ?? '');
      expect([name, row?.outcome, row?.message]).toEqual([name, outcome, expect.stringMatching(message)]);
      expect(Date.parse(row?.endedAt ?? ''), name).toBeLessThanOrEqual(end);
      expect(Date.parse(row?.endedAt ?? ''), name).toBeGreaterThan(end - 60 * MINUTE_MS);
    }
    expect(newLetters()).toEqual([]);
  });

  it('by its tags is left alone', async () => {
    const tags = {
      'fleetmend:mode': '"; repair #',
      'eks:nodegroup-name': '$(reboot)',
      [`k${'y'.repeat(120)}`]: '\u0000\u202e',
    };
    const node = oneNode('hostile', { faultOf: () => MENDABLE, tags });
    await scene.logFault(node);
    await scene.drain();
    expect(node.runs).toEqual([]);
    expect(await scene.history(node.instanceId)).toMatchObject([{ outcome: 'Skipped', why: 'OptedOut' }]);
  });
});

describe('replay', () => {
  it('brings back what names a node, as a check, and says of the rest why it stays', async () => {
    const before = scene.letters();
    const overBudget = before.filter((l) => l.reason?.startsWith('OverBudget'));
    const checks = scene.chronicle.commands.filter((c) => c.action === 'check').length;
    const Answer = z.object({ replayed: z.number(), left: z.array(z.object({ why: z.string().min(1) })) });
    const answer = Answer.parse(await scene.remediate({ action: 'replay', max: 500 }));
    expect(answer.replayed).toBeGreaterThanOrEqual(overBudget.length);
    expect(answer.left).toHaveLength(before.length - answer.replayed);
    await scene.drain();
    expect(scene.chronicle.commands.filter((c) => c.action === 'check').length).toBeGreaterThan(checks);
    await scene.lab.advance(3 * MINUTE_MS);
    expect(scene.letters().filter((l) => l.reason?.startsWith('OverBudget'))).toEqual([]);
    expect(scene.letters().length).toBeGreaterThanOrEqual(answer.left.length);
    seen = scene.letters().length;
    // A payload of λ logs can be replayed too.
    const node = oneNode('good', { faultOf: () => MENDABLE });
    const dead = scene.lab.queues.all().find((q) => q.settings.name === 'fleetmend-logs-dlq');
    const logEvents = [{ id: '1', timestamp: scene.lab.now(), message: faultLine(node, scene.lab.now()) }];
    const group = { owner: '1', logGroup: logGroupOf('good'), logStream: 's', subscriptionFilters: [] };
    dead?.send({ body: JSON.stringify(logsSubscription({ ...group, logEvents })) });
    await scene.remediate({ action: 'replay', max: 500 });
    await scene.drain();
    expect((await scene.history(node.instanceId)).map((r) => `${r.action} ${r.outcome}`)).toEqual([
      'repair Repaired',
      'check Broken',
    ]);
  });
});
