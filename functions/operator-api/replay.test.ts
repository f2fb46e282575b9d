import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PendingNode } from '../../core/state/pending-node.ts';
import { logsSubscription } from '../../events/logs-subscription.ts';
import { commandStatusEvent } from '../../events/ssm-command.ts';
import type { FakeSqs } from '../../test/support/fake-sqs.ts';
import { CALLER, DEAD, newInstance, operatorApiWorld, WHO } from '../../test/support/operator-api-world.ts';
import { testSettings } from '../../test/support/settings.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { createDeadLetters } from '../adapters/messaging/dead-letters.ts';
import { rowOf } from '../adapters/table/items.ts';
import { createResultStore } from '../adapters/table/result-store.ts';
import { remediate } from './act.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

const world = () => operatorApiWorld(table);

describe('replay', () => {
  const letter = async (sqs: FakeSqs, queueUrl: string, body: unknown) => {
    const letters = createDeadLetters({ client: sqs.client, queueUrl, functionName: 'f', now: () => new Date(0) });
    await letters.put({ body: typeof body === 'string' ? body : JSON.stringify(body), reason: 'r' });
  };
  const checks = async (cluster: string) =>
    (await table.items(`LANE#${cluster}/node-check`))
      .filter((i) => String(i.sk).startsWith('NODE#'))
      .map((i) => rowOf(PendingNode, i));

  it('turns signals, log payloads, SSM events and wakes into checks, and only then deletes them', async () => {
    const [a, b, c, d] = [newInstance(), newInstance(), newInstance(), newInstance()];
    const { ask, sqs, wakes } = world();
    await letter(sqs, DEAD[0], {
      source: 'acme',
      detail: { cluster: 'watched', instanceId: a, reason: 'Gremlins', extra: 1 },
    });
    const logs = logsSubscription({
      owner: '1',
      logGroup: '/aws/containerinsights/watched/dataplane',
      logStream: 's',
      subscriptionFilters: [],
      logEvents: [
        {
          id: '1',
          timestamp: Date.parse('2026-08-22T09:00:00Z'),
          message: JSON.stringify({
            ec2_instance_id: b,
            message: 'failed to get sandbox image "x.example/eks/pause:3.5": 401 Unauthorized',
          }),
        },
      ],
    });
    await letter(sqs, DEAD[1], { version: '1.0', requestPayload: logs });
    const commandId = '11111111-2222-4333-8444-555555555555';
    await createResultStore({ ...table, limits: testSettings().policy.limits }).putCommand({
      commandId,
      runId: 'r-1',
      key: 'k',
      group: 'g',
      cluster: 'watched',
      remediation: 'pause-image',
      action: 'repair',
      instanceIds: [c, d],
      sentAt: '2026-08-22T09:00:00Z',
      softDeadlineAt: '2026-08-22T09:00:00Z',
      hardDeadlineAt: '2026-08-22T09:00:00Z',
    });
    await letter(sqs, DEAD[1], commandStatusEvent(commandId, 'fleetmend-x', 'Success'));
    await letter(sqs, DEAD[1], { kind: 'run', runId: 'r-1' });
    const answer = await ask({ action: 'replay', ...WHO });
    expect(answer).toEqual({ replayed: 4, left: [] });
    const rows = await checks('watched');
    expect(rows.find((r) => r.instanceId === a)).toMatchObject({ reason: 'Gremlins', source: 'fleetmend.replay' });
    expect(rows.filter((r) => r.instanceId === c || r.instanceId === d)).toHaveLength(2);
    expect(rows.find((r) => r.instanceId === b)).toMatchObject({
      reason: 'SandboxImageMissing',
      lastSeenAt: '2026-08-22T09:00:00.000Z',
    });
    expect(wakes()).toContainEqual({ kind: 'run', runId: 'r-1' });
    expect(wakes()).toContainEqual({ kind: 'lane', lane: 'watched/node-check' });
    expect(DEAD.flatMap((url) => sqs.messages(url))).toEqual([]);
  });

  it('leaves messages that it cannot replay, with the reason', async () => {
    const { ask, sqs } = world();
    await letter(sqs, DEAD[0], '{');
    await letter(sqs, DEAD[0], { detail: { cluster: 'strange', instanceId: newInstance() } });
    await letter(sqs, DEAD[0], { detail: { cluster: 'demo', instanceId: '$(reboot)' } });
    await letter(sqs, DEAD[1], { awslogs: { data: 'x' } });
    const stranger = { owner: '1', logGroup: '/strange', logStream: 's', subscriptionFilters: [], logEvents: [] };
    await letter(sqs, DEAD[1], logsSubscription(stranger));
    const answer = await ask({ action: 'replay', ...WHO });
    expect(answer).toMatchObject({
      replayed: 0,
      left: [
        { why: 'its body is not JSON', queueUrl: DEAD[0] },
        { why: 'the policy does not list cluster strange' },
        { why: 'it names no cluster and instance' },
        { why: expect.stringMatching(/not gzip/), queueUrl: DEAD[1] },
        { why: 'the configuration lists no log group /strange', queueUrl: DEAD[1] },
      ],
    });
    expect(DEAD.flatMap((url) => sqs.messages(url))).toHaveLength(5);
  });

  it('replays no more than the requested number', async () => {
    const { ask, sqs } = world();
    for (let i = 0; i < 15; i++) await letter(sqs, DEAD[0], { detail: { cluster: 'demo', instanceId: newInstance() } });
    expect(await ask({ action: 'replay', max: 12, ...WHO })).toEqual({ replayed: 12, left: [] });
    expect(sqs.messages(DEAD[0])).toHaveLength(3);
  });

  it('deletes no message that it could not replay', async () => {
    const { sqs, deps } = world();
    await letter(sqs, DEAD[0], { detail: { cluster: 'demo', instanceId: newInstance() } });
    const wakes = { wake: () => Promise.reject(new Error('no queue')) };
    await expect(remediate({ ...deps, wakes }, CALLER, { action: 'replay', ...WHO })).rejects.toThrow('no queue');
    expect(sqs.messages(DEAD[0])).toHaveLength(1);
  });
});
