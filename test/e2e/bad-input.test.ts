import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { logsSubscription } from '../../events/logs-subscription.ts';
import type { SimulatedNode } from '../../lab/sim/node.ts';
import { NODE_CHECK_KEYS } from '../support/node-check-keys.ts';
import { sampleOf } from '../support/sample.ts';
import { faultLine } from './fault-line.ts';
import { logGroupOf, MINUTE_MS, openScene, REPAIRABLE, type Scene, synthScene } from './support.ts';

const FOREIGN_PER_MINUTE = 5;
let scene: Scene;
beforeAll(async () => {
  const clusters = ['good', 'other'].map((name) => ({ name }));
  scene = await openScene(
    synthScene(clusters, { maxForeignSignalsPerMinute: FOREIGN_PER_MINUTE, foreignSourcePercent: 100 }),
  );
});
afterAll(() => scene.lab.stop());

const seen = new Set<string>();
/** Letters since the last look. */
const newLetters = () => {
  const fresh = scene.letters().filter((l) => !seen.has(l.messageId));
  for (const { messageId } of fresh) seen.add(messageId);
  return fresh;
};
// For any input: no function fails, IAM denies nothing, and no message and no open run is left.
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

describe('an invalid subscription payload', () => {
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
  ];

  it.each(sampleOf('payloads that nobody can read', garbage, 1))(
    '%s is kept with its reason, and acknowledged',
    async (_name, body) => {
      scene.lab.invokeAsync('fleetmend-log-classifier', body);
      await scene.lab.settle();
      const letters = newLetters();
      expect(letters).toMatchObject([{ queue: 'fleetmend-log-classifier-dlq', function: 'log-classifier' }]);
      expect(letters[0]?.reason).toMatch(/^reading the subscription payload/);
      expect(z.iso.datetime().safeParse(letters[0]?.time).success).toBe(true);
    },
  );

  it('of a log group that no cluster lists is dropped and logged, without a dead letter or an error', async () => {
    const before = scene.lab.functionLogs('fleetmend-log-classifier').length;
    scene.lab.invokeAsync('fleetmend-log-classifier', payload({ logGroup: '/var/log/../../etc/passwd' }));
    await scene.lab.settle();
    expect(newLetters()).toEqual([]);
    const said = scene.lab.functionLogs('fleetmend-log-classifier').slice(before).join('\n');
    expect(said).toMatch(/ignoring lines of a log group that no cluster lists/);
    expect(said).toMatch(/"LogGroupNotConfigured":1/);
  });

  it('garbage lines do not affect a valid line in the same payload', async () => {
    const node = oneNode('good', { faultOf: () => REPAIRABLE });
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
    ['signals', 'signal-intake', 'fleetmend-signals', 'fleetmend-signals-dlq'],
    ['progress', 'command-tracker', 'fleetmend-progress', 'fleetmend-progress-dlq'],
    ['lanes', 'run-controller', 'fleetmend-lanes.fifo', 'fleetmend-run-controller-dlq'],
  ])('%s: every message is kept with its reason by %s', async (_name, name, queueName, deadName) => {
    const queue = scene.lab.queues.all().find((q) => q.settings.name === queueName);
    for (const [i, body] of bodies.entries())
      queue?.send({ body, ...(queue.settings.fifo ? { groupId: `g-${i % 2}`, deduplicationId: `${i}` } : {}) });
    await scene.drain();
    const letters = newLetters();
    expect(letters.map((l) => [l.queue, l.function])).toEqual(bodies.map(() => [deadName, name]));
    expect(letters.map((l) => l.reason).filter((r) => !r?.startsWith('reading the '))).toEqual([]);
    expect(new Set(letters.map((l) => l.body.length))).toEqual(new Set(bodies.map((b) => b.length)));
  });

  it('wakes for unknown lanes and runs do nothing', async () => {
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
    // The refused one has the reason.
    expect(newLetters().filter((l) => l.reason === undefined || l.function !== 'run-controller')).toEqual([]);
  });

  it('ends of commands of other products are acknowledged', async () => {
    const ids = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'];
    for (const [i, id] of ids.entries()) {
      const detail = {
        'command-id': id,
        'document-name': `fleetmend-pause-image-repair-${i}fffffffffff`,
        status: 'Success',
      };
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

  const refused: readonly (readonly [string, Readonly<Record<string, unknown>>, RegExp])[] = [
    ['a reason that is not in the catalogue', { reason: 'RebootEverything' }, /RebootEverything is not one of/],
    ['a hostile instance id', { instanceId: 'i-0123456789abcdef0; reboot' }, /instanceId: not an EC2 instance id/],
    ['an endless instance id', { instanceId: `i-${'0'.repeat(50_000)}` }, /instanceId: Too big/],
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
  ];

  it.each(sampleOf('symptoms that are refused', refused, 1))(
    'with %s is refused with its reason',
    async (_name, detail, reason) => {
      // The reason is read only for a node that there is.
      put({ instanceId: oneNode('good').instanceId, ...detail });
      await scene.drain();
      const letters = newLetters();
      expect(letters).toMatchObject([{ queue: 'fleetmend-signals-dlq', function: 'signal-intake' }]);
      expect(letters[0]?.reason).toMatch(reason);
    },
  );

  it('of a cluster that is not configured leads to nothing', async () => {
    const before = scene.chronicle.commands.length;
    put({ instanceId: 'i-0123456789abcdef0', cluster: 'somebody-elses' });
    await scene.drain();
    expect(newLetters()).toEqual([]);
    expect(scene.chronicle.commands).toHaveLength(before);
  });

  it('that names an instance of another cluster makes no row, and nothing is sent', async () => {
    const stranger = oneNode('other', { faultOf: () => REPAIRABLE });
    const { instanceId } = stranger;
    const now = new Date(scene.lab.now()).toISOString();
    put({ instanceId, firstSeenAt: now, lastSeenAt: now });
    await scene.drain();
    expect(stranger.runs).toEqual([]);
    expect((await scene.items()).filter((item) => JSON.stringify(item).includes(instanceId))).toEqual([]);
    const ids = [instanceId, 'i-0aaaaaaaaaaaaaaaa'];
    const answer = await scene.start({
      action: 'repair',
      cluster: 'good',
      remediation: 'pause-image',
      instanceIds: ids,
      reason: 'x',
    });
    expect(answer).toMatchObject({ planned: 0, skipped: [{ skipReason: 'NotInCluster' }, { skipReason: 'Gone' }] });
    await scene.drain();
    expect((await scene.resultsOf(answer.runId)).map((r) => r.skipReason).toSorted()).toEqual(['Gone', 'NotInCluster']);
    expect(stranger.runs).toEqual([]);
  });

  it('of any source but log-classifier leads to a check at most, and only so many a minute', async () => {
    const nodes = scene.addNodes('good', FOREIGN_PER_MINUTE + 3, { faultOf: () => REPAIRABLE });
    await scene.remediate({ action: 'pause', cluster: 'good', reason: 'so that repairs come after the look' });
    // The budget is a minute's of the clock: what comes at its turn may take from two.
    await scene.lab.advance(MINUTE_MS - (scene.lab.now() % MINUTE_MS));
    const now = new Date(scene.lab.now()).toISOString();
    for (const { instanceId } of nodes) put({ instanceId, firstSeenAt: now, lastSeenAt: now }, 'acme.monitoring');
    await scene.drain(10).catch(() => undefined);
    expect(scene.chronicle.repairsOn(nodes)).toEqual([]);
    const checked = nodes.map((n) => scene.chronicle.checksOf(n.instanceId).length);
    expect(checked.filter((commands) => commands === NODE_CHECK_KEYS.length)).toHaveLength(FOREIGN_PER_MINUTE);
    expect(checked.filter((commands) => commands === 0)).toHaveLength(3);
    const letters = newLetters();
    expect(letters.map((l) => l.reason?.slice(0, 11))).toEqual(Array.from({ length: 3 }, () => 'OverBudget:'));
    await scene.remediate({ action: 'resume', cluster: 'good', reason: 'seen' });
    await scene.drain();
    // Findings of checks are trusted.
    expect(nodes.filter((n) => n.faults().length === 0)).toHaveLength(FOREIGN_PER_MINUTE);
  });
});

describe('replay', () => {
  it('returns letters that name a node, as checks, and gives the reason why each other letter stays', async () => {
    // A payload that log-classifier could not publish, as Lambda would have left it.
    const node = oneNode('good', { faultOf: () => REPAIRABLE });
    const dead = scene.lab.queues.all().find((q) => q.settings.name === 'fleetmend-log-classifier-dlq');
    const logEvents = [{ id: '1', timestamp: scene.lab.now(), message: faultLine(node, scene.lab.now()) }];
    const group = { owner: '1', logGroup: logGroupOf('good'), logStream: 's', subscriptionFilters: [] };
    dead?.send({ body: JSON.stringify(logsSubscription({ ...group, logEvents })) });

    const before = scene.letters();
    const Answer = z.object({ replayed: z.number(), left: z.array(z.object({ why: z.string().min(1) })) });
    const answer = Answer.parse(await scene.remediate({ action: 'replay', max: 500 }));
    expect(answer.replayed).toBeGreaterThan(before.filter((l) => l.reason?.startsWith('OverBudget')).length);
    expect(answer.left).toHaveLength(before.length - answer.replayed);
    await scene.drain();
    expect((await scene.history(node.instanceId)).map((r) => `${r.action} ${r.outcome}`)).toEqual([
      'repair Repaired',
      'check Broken',
    ]);
    await scene.lab.advance(3 * MINUTE_MS);
    expect(scene.letters().filter((l) => l.reason?.startsWith('OverBudget'))).toEqual([]);
    expect(scene.letters().length).toBeGreaterThanOrEqual(answer.left.length);
  });
});
