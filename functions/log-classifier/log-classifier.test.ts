import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBudget } from '../../core/logs/budget.ts';
import { createMemory } from '../../core/logs/dedupe.ts';
import { logsSubscription, MAX_PAYLOAD_BYTES } from '../../events/logs-subscription.ts';
import { NodeSymptomDetail } from '../../events/node-symptom.ts';
import { replayedLogs } from '../../events/replayed-logs.ts';
import { classify, mayShow } from '../../ssm-documents/classify.ts';
import { search } from '../../test/deep.ts';
import { testSettings } from '../../test/support/settings.ts';
import { recorder } from '../../test/support/telemetry.ts';
import type { BusEvent } from '../adapters/messaging/bus.ts';
import { handleLogs, QUIET_MS } from './classify-batch.ts';
import type { LogClassifierPorts } from './ports.ts';

const A = 'i-0123456789abcdef0';
const START = Date.parse('2026-08-22T10:00:00Z');
const IMAGE = '602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.5';
const MISSING = `"RunPodSandbox from runtime service failed" err="failed to get sandbox image \\"${IMAGE}\\": 401 Unauthorized"`;

const world = () => {
  const put: BusEvent[] = [];
  const letters: { body: string; reason: string }[] = [];
  const clock = { ms: START };
  const recording = recorder();
  const deps: LogClassifierPorts = {
    bus: {
      put: async (events) => {
        put.push(...events);
      },
    },
    deadLetters: {
      put: async (letter) => {
        letters.push(letter);
      },
    },
    memory: createMemory({ forMs: QUIET_MS, maxEntries: 100 }),
    budget: createBudget({ characters: 1_000_000, forMs: QUIET_MS, maxStreams: 10 }),
    classify,
    mayShow,
    catalogue: testSettings().remediations,
    logGroups: testSettings().logGroups,
    log: recording.log,
    count: recording.count,
    now: () => new Date(clock.ms),
  };
  return { deps, put, letters, clock, ...recording };
};

const payload = (
  lines: readonly { message: string; instanceId?: string; at?: number }[],
  logGroup = '/aws/containerinsights/demo/dataplane',
  logStream = 'ip-10-0-1-23-dataplane.systemd.kubelet.service',
) =>
  logsSubscription({
    owner: '123456789012',
    logGroup,
    logStream,
    subscriptionFilters: ['fleetmend'],
    logEvents: lines.map(({ message, instanceId = A, at = START }, i) => ({
      id: String(i),
      timestamp: at,
      message: JSON.stringify({
        hostname: 'ip-10-0-1-23',
        systemd_unit: 'kubelet.service',
        message,
        ec2_instance_id: instanceId,
      }),
    })),
  });
const inBase64 = (text: string) => ({ awslogs: { data: gzipSync(text).toString('base64') } });

describe('log-classifier', () => {
  it('marks the symptoms of a replayed payload so that they lead to checks, and keeps its mark where it is bad', async () => {
    const { deps, put, letters } = world();
    await handleLogs(deps, replayedLogs('letter-1', payload([{ message: MISSING, at: START - 20_000 }])));
    expect(put.map(({ source, detail }) => [source, detail.hint])).toEqual([['fleetmend.logs', true]]);
    const bad = replayedLogs('letter-2', { awslogs: { data: 'x' } });
    await handleLogs(deps, bad);
    expect(letters.map(({ body }) => JSON.parse(body))).toEqual([bad]);
  });

  it('publishes one symptom for a node that logs a fault many times', async () => {
    const { deps, put, letters } = world();
    await handleLogs(
      deps,
      payload([{ message: MISSING, at: START - 20_000 }, { message: MISSING }, { message: 'fine' }]),
    );
    expect(put).toEqual([
      {
        source: 'fleetmend.logs',
        detailType: 'Node Symptom',
        detail: {
          cluster: 'demo',
          instanceId: A,
          reason: 'SandboxImageMissing',
          image: IMAGE,
          firstSeenAt: '2026-08-22T09:59:40.000Z',
          lastSeenAt: '2026-08-22T10:00:00.000Z',
          count: 2,
          evidence: MISSING,
        },
      },
    ]);
    expect(letters).toEqual([]);
  });

  it('publishes it again only after a minute', async () => {
    const { deps, put, clock, counts } = world();
    for (const wait of [0, 10_000, 49_999, 1]) {
      clock.ms += wait;
      await handleLogs(deps, payload([{ message: MISSING, at: clock.ms }]));
    }
    expect(put).toHaveLength(2);
    expect(counts).toMatchObject({ Symptoms: 2, SymptomsSuppressed: 2 });
  });

  it('does not count a symptom as published if the bus rejected it', async () => {
    const { deps, put } = world();
    const broken = { ...deps, bus: { put: () => Promise.reject(new Error('no bus')) } };
    await expect(handleLogs(broken, payload([{ message: MISSING }]))).rejects.toThrow('no bus');
    await handleLogs(deps, payload([{ message: MISSING }]));
    expect(put).toHaveLength(1);
  });

  it('publishes no reason that the catalogue lacks', async () => {
    const { deps, put } = world();
    await handleLogs({ ...deps, catalogue: [] }, payload([{ message: MISSING }]));
    expect(put).toEqual([]);
  });

  it.each([
    ['/aws/eks/c/cluster', 'watched'],
    ['/all/nodes', 'careful'],
    // The name contains one cluster, the configuration another: the configuration decides.
    ['/aws/containerinsights/other/dataplane', 'watched'],
  ])('takes the cluster of %s from the configuration: %s', async (logGroup, cluster) => {
    const { deps, put, letters } = world();
    const logGroups = {
      '/aws/eks/c/cluster': 'watched',
      '/all/nodes': 'careful',
      '/aws/containerinsights/other/dataplane': 'watched',
    };
    await handleLogs({ ...deps, logGroups }, payload([{ message: MISSING }], logGroup));
    expect(put.map(({ detail }) => detail)).toMatchObject([{ cluster }]);
    expect(letters).toEqual([]);
  });

  it.each(['/aws/containerinsights/stranger/dataplane', '/aws/lambda/x', 'toString', '__proto__'])(
    'counts and drops a payload of %s, which the configuration does not list',
    async (logGroup) => {
      const { deps, put, letters, counts, lines } = world();
      await handleLogs(deps, payload([{ message: MISSING }], logGroup));
      expect([put, letters, counts]).toEqual([[], [], { LogGroupNotConfigured: 1 }]);
      expect(lines.at(-1)).toMatchObject({ level: 'warn', fields: { logGroup } });
    },
  );

  it('ignores a control message', async () => {
    const { deps, put, letters } = world();
    await handleLogs(deps, inBase64('{"messageType":"CONTROL_MESSAGE","logEvents":[]}'));
    expect([put, letters]).toEqual([[], []]);
  });

  it('counts lines that name no instance', async () => {
    const { deps, counts, put } = world();
    await handleLogs(deps, payload([{ message: MISSING, instanceId: '' }], undefined, 'stream'));
    expect([counts.LinesWithoutInstance, put]).toEqual([1, []]);
  });

  it('names a node by its private DNS name, where its lines have no instance id', async () => {
    const { deps, put, counts } = world();
    const lines = [{ message: MISSING, instanceId: '' }];
    for (const _ of [1, 2]) await handleLogs(deps, payload(lines));
    expect(put).toMatchObject([{ detail: { cluster: 'demo', node: 'ip-10-0-1-23', reason: 'SandboxImageMissing' } }]);
    expect(put[0]?.detail).not.toHaveProperty('instanceId');
    expect(counts.SymptomsSuppressed).toBe(1);
  });

  it('counts lines that name another node than their stream, and publishes nothing of them', async () => {
    const { deps, counts, put, lines } = world();
    const logStream = 'i-0fedcba9876543210.ec2.internal-dataplane.systemd.kubelet.service';
    const event = logsSubscription({
      owner: '123456789012',
      logGroup: '/aws/containerinsights/demo/dataplane',
      logStream,
      subscriptionFilters: ['fleetmend'],
      logEvents: [{ id: '1', timestamp: START, message: JSON.stringify({ message: MISSING, ec2_instance_id: A }) }],
    });
    await handleLogs(deps, event);
    expect([counts, put]).toEqual([{ LinesOfTwoNodes: 1 }, []]);
    expect(lines).toMatchObject([{ level: 'warn', fields: { logStream, lines: 1 } }]);
  });

  it('counts what it does not read: long lines, lines over the budget of a stream, lines of other programs', async () => {
    const { deps, counts, lines, put } = world();
    await handleLogs(deps, payload([{ message: `${MISSING} ${'x'.repeat(40_000)}` }]));
    expect([put.length, counts.LinesCut]).toEqual([1, 1]);
    const filling = 'x'.repeat(900_000);
    await handleLogs(deps, payload([{ message: filling }, { message: filling, instanceId: '' }, { message: 'fine' }]));
    expect(counts.LinesCut).toBe(3);
    expect(lines.at(-1)).toMatchObject({ level: 'warn', fields: { lines: 2 } });
    const sshd = JSON.stringify({ ident: 'sshd', message: MISSING, ec2_instance_id: A });
    const event = logsSubscription({
      owner: '123456789012',
      logGroup: '/aws/containerinsights/demo/dataplane',
      logStream: 's',
      subscriptionFilters: ['fleetmend'],
      logEvents: [{ id: '1', timestamp: START, message: sshd }],
    });
    await handleLogs(deps, event);
    expect([put.length, counts.LinesNotOfComponents]).toEqual([1, 1]);
  });

  it.each([
    ['nothing', undefined, /no awslogs.data/],
    ['a text', 'x', /no awslogs.data/],
    ['an empty payload', { awslogs: { data: '' } }, /no awslogs.data/],
    ['no base64', { awslogs: { data: '%%%' } }, /not gzip/],
    ['no gzip', { awslogs: { data: Buffer.from('hello').toString('base64') } }, /not gzip/],
    ['a cut gzip', { awslogs: { data: gzipSync(randomBytes(500)).subarray(0, 200).toString('base64') } }, /not gzip/],
    [
      'a gzip bomb',
      { awslogs: { data: gzipSync(Buffer.alloc(MAX_PAYLOAD_BYTES + 1)).toString('base64') } },
      /at most 32 MiB/,
    ],
    ['no JSON', inBase64('hello'), /holds no JSON/],
    ['another message type', inBase64('{"messageType":"OTHER"}'), /field messageType/],
    [
      'events that are none',
      inBase64('{"messageType":"DATA_MESSAGE","logGroup":"g","logStream":"s","logEvents":[{"id":"1"}]}'),
      /logEvents\.0\.timestamp/,
    ],
  ])('puts %s away with its reason, and acknowledges it', async (_, event, reason) => {
    const { deps, letters, put, counts } = world();
    await handleLogs(deps, event);
    expect(letters).toHaveLength(1);
    expect(letters[0]?.reason).toMatch(reason);
    expect(put).toEqual([]);
    expect(counts).toEqual({ BadInput: 1 });
  });

  it('throws if bad input cannot be stored in the dead-letter queue', async () => {
    const { deps } = world();
    const broken = { ...deps, deadLetters: { put: () => Promise.reject(new Error('no queue')) } };
    await expect(handleLogs(broken, {})).rejects.toThrow('no queue');
  });

  it('publishes a valid symptom or stores a dead letter, for any input', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.anything(),
          fc.json().map(inBase64),
          fc.string().map((message) => payload([{ message: MISSING + message }])),
        ),
        async (event) => {
          const { deps, put, letters } = world();
          await handleLogs(deps, event);
          for (const { detail } of put) NodeSymptomDetail.parse(detail);
          expect(put.length + letters.length).toBeLessThanOrEqual(1);
        },
      ),
      { ...search('events of any kind', 60), verbose: true },
    );
  });
});
