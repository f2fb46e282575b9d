import {
  CancelCommandCommand,
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  SendCommandCommand,
  type SendCommandCommandInput,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSimulatedNode, type SimulatedNode } from '../sim/node.ts';
import { defaultFaults } from './faults.ts';
import { type LabFixture, rejection, startFixture } from './fixture.ts';
import type { LabEvent } from './lab-event.ts';

let fixture: LabFixture;
let ssm: SSMClient;
let nodes: readonly SimulatedNode[];
let seen: LabEvent[] = [];
const CHECK = 'fleetmend-pause-image-check-0123456789ab';
const REPAIR = 'fleetmend-pause-image-repair-0123456789ab';
const FAULT = {
  remediation: 'pause-image',
  reason: 'SandboxImageMissing',
  repair: { kind: 'repairs', method: 'import' },
} as const;

const document = (name: string) => ({
  Type: 'AWS::SSM::Document',
  Properties: {
    Name: name,
    DocumentType: 'Command',
    TargetType: '/AWS::EC2::Instance',
    Content: {
      schemaVersion: '2.2',
      mainSteps: [
        {
          name: 'check',
          action: 'aws:runShellScript',
          inputs: { timeoutSeconds: '60', runCommand: ['#!/bin/bash', 'true'] },
        },
      ],
    },
  },
});

beforeAll(async () => {
  fixture = await startFixture({ Check: document(CHECK), Repair: document(REPAIR) });
  ssm = new SSMClient(fixture.client());
  fixture.lab.onEvent((event) => seen.push(event));
});
afterEach(() => fixture.lab.settle());
afterAll(() => fixture.stop());
beforeEach(() => {
  Object.assign(fixture.lab.faults, defaultFaults(), { rateLimits: {} });
  for (const node of fixture.lab.nodes.all()) fixture.lab.nodes.remove(node.instanceId);
  nodes = Array.from({ length: 60 }, (_, i) =>
    createSimulatedNode({
      instanceId: `i-0000000000000${i.toString(16).padStart(4, '0')}`,
      cluster: 'demo',
      clock: fixture.lab.clock,
      random: fixture.lab.random,
      latency: () => 5000,
    }),
  );
  fixture.lab.nodes.add(...nodes);
  seen = [];
});

const ids = (count: number): string[] => nodes.slice(0, count).map((n) => n.instanceId);
const send = async (input: Partial<SendCommandCommandInput> = {}) => {
  const answer = await ssm.send(
    new SendCommandCommand({
      DocumentName: CHECK,
      InstanceIds: ids(2),
      TimeoutSeconds: 60,
      MaxErrors: '100%',
      MaxConcurrency: '100%',
      ...input,
    }),
  );
  return answer.Command?.CommandId ?? '';
};
const details = async (commandId: string) => {
  const { CommandInvocations: all = [] } = await ssm.send(
    new ListCommandInvocationsCommand({ CommandId: commandId, Details: true }),
  );
  return all;
};
const statuses = async (commandId: string) => (await details(commandId)).map((i) => i.StatusDetails);
const commandStatus = async (commandId: string) => {
  const { Commands: [command] = [] } = await ssm.send(new ListCommandsCommand({ CommandId: commandId }));
  return [command?.Status, command?.StatusDetails];
};
const settle = async () => {
  await fixture.lab.settle();
  await fixture.lab.advance(1001);
};

describe('SendCommand refuses', () => {
  it.each<[string, () => Partial<SendCommandCommandInput>, string]>([
    [
      '51 ids',
      () => ({ InstanceIds: ids(51) }),
      "Value at 'instanceIds' failed to satisfy constraint: Member must have length less than or equal to 50",
    ],
    ['a delivery timeout under 30 s', () => ({ TimeoutSeconds: 29 }), "'timeoutSeconds'"],
    ['a comment over 100 characters', () => ({ Comment: 'x'.repeat(101) }), "'comment'"],
    ['a malformed id', () => ({ InstanceIds: ['i-1; reboot'] }), "'instanceIds.0'"],
    ['a malformed MaxErrors', () => ({ MaxErrors: '101%' }), "'maxErrors'"],
    ['an unknown document', () => ({ DocumentName: 'fleetmend-no' }), 'InvalidDocument'],
    ['a wrong hash', () => ({ DocumentHash: 'f'.repeat(64), DocumentHashType: 'Sha256' }), 'InvalidDocument'],
    ['a parameter that the document has not', () => ({ Parameters: { commands: ['reboot'] } }), 'InvalidParameters'],
    ['the same id twice', () => ({ InstanceIds: [...ids(1), ...ids(1)] }), 'DuplicateInstanceId'],
  ])('%s', async (_name, input, message) => {
    expect(await rejection(send(input()))).toContain(message);
  });

  it('ids that SSM does not manage, naming them', async () => {
    nodes[1]?.setState('terminated');
    fixture.lab.nodes.setManaged(nodes[2]?.instanceId ?? '', false);
    const message = await rejection(send({ InstanceIds: ids(3) }));
    expect(message).toBe(
      `InvalidInstanceId: Instances [[${nodes[1]?.instanceId}, ${nodes[2]?.instanceId}]] not in a valid state for account 123456789012`,
    );
    fixture.lab.nodes.setManaged(nodes[2]?.instanceId ?? '', true);
    expect(seen.some((e) => e.kind === 'command-sent')).toBe(false);
  });

  it('more calls than the rate allows', async () => {
    fixture.lab.faults.rateLimits = { 'ssm.SendCommand': { perSecond: 1, burst: 2 } };
    const answers = await Promise.all([1, 2, 3].map(() => rejection(send())));
    expect(answers.filter((a) => a === 'ThrottlingException: Rate exceeded')).toHaveLength(1);
  });
});

describe('a command', () => {
  it('runs on every node, ends Success, and emits its events', async () => {
    const commandId = await send({ Comment: 'fm run 1' });
    await settle();
    expect(await statuses(commandId)).toEqual(['Success', 'Success']);
    expect(await commandStatus(commandId)).toEqual(['Success', 'Success']);
    const [first] = await details(commandId);
    expect(first?.Comment).toBe('fm run 1');
    expect(JSON.parse(first?.CommandPlugins?.[0]?.Output ?? '{}')).toMatchObject({ outcome: 'Healthy' });
    const events = seen
      .filter((e) => e.kind === 'event')
      .map((e) => [e.detailType, (e.detail as { status: string }).status]);
    expect(events.filter(([type]) => type === 'EC2 Command Status-change Notification').map(([, s]) => s)).toEqual([
      'InProgress',
      'Success',
    ]);
    expect(events.filter(([type]) => type === 'EC2 Command Invocation Status-change Notification')).toHaveLength(4);
  });

  it('appears in reads after their lag', async () => {
    const commandId = await send();
    const { CommandInvocations: before } = await ssm.send(new ListCommandInvocationsCommand({ CommandId: commandId }));
    expect(before).toEqual([]);
    const get = new GetCommandInvocationCommand({ CommandId: commandId, InstanceId: ids(1)[0] ?? '' });
    expect(await rejection(ssm.send(get))).toContain('InvocationDoesNotExist');
    await fixture.lab.advance(1001);
    expect((await ssm.send(get)).StatusDetails).toBe('InProgress');
    await settle();
  });

  it('ends with mixed results when some nodes fail, and repairs each node once', async () => {
    nodes[0]?.breakWith({ ...FAULT, repair: { kind: 'fails', reason: 'NodeRoleLacksECR' } });
    nodes[1]?.breakWith(FAULT);
    const commandId = await send({ DocumentName: REPAIR });
    await settle();
    expect(await statuses(commandId)).toEqual(['Failed', 'Success']);
    expect((await commandStatus(commandId))[1]).toBe('Incomplete');
    expect(nodes.slice(0, 2).map((n) => n.faults().length)).toEqual([1, 0]);
  });

  it('stops after too many errors and ends the rest as Terminated', async () => {
    for (const node of nodes) node.breakWith(FAULT);
    const commandId = await send({ InstanceIds: ids(10), MaxErrors: '0', MaxConcurrency: '1' });
    await settle();
    expect((await statuses(commandId)).toSorted()).toEqual(['Failed', ...Array(9).fill('Terminated')]);
    expect(await commandStatus(commandId)).toEqual(['Failed', 'Failed']);
  });

  it('ends as DeliveryTimedOut where an agent never answers, at the total timeout', async () => {
    nodes[0]?.setOffline(true);
    const sentAt = fixture.lab.now();
    const commandId = await send();
    await fixture.lab.advance(119_000);
    expect(await statuses(commandId)).toEqual(['InProgress', 'Success']);
    await settle();
    expect(await statuses(commandId)).toEqual(['DeliveryTimedOut', 'Success']);
    const end = seen.find((e) => e.kind === 'command-end');
    expect((end?.at ?? 0) - sentAt).toBeGreaterThanOrEqual(120_000);
  });

  it('ends as ExecutionTimedOut where the script takes too long', async () => {
    const slow = createSimulatedNode({
      instanceId: 'i-0ffffffffffffffff',
      cluster: 'demo',
      clock: fixture.lab.clock,
      random: fixture.lab.random,
      latency: () => 61_000,
    });
    fixture.lab.nodes.add(slow);
    const commandId = await send({ InstanceIds: [slow.instanceId] });
    await settle();
    expect(await statuses(commandId)).toEqual(['ExecutionTimedOut']);
  });

  it('can be cancelled while it runs', async () => {
    const commandId = await send();
    await fixture.lab.advance(1000);
    await ssm.send(new CancelCommandCommand({ CommandId: commandId }));
    await settle();
    expect(await statuses(commandId)).toEqual(['Cancelled', 'Cancelled']);
    expect((await commandStatus(commandId))[0]).toBe('Cancelled');
  });

  it('goes to one node, then to more, and answers in pages of 50', async () => {
    const commandId = await send({ InstanceIds: ids(50) });
    await fixture.lab.advance(200);
    expect(seen.filter((e) => e.kind === 'node-start').length).toBeLessThan(10);
    await settle();
    const first = await ssm.send(new ListCommandInvocationsCommand({ CommandId: commandId, MaxResults: 20 }));
    const second = await ssm.send(
      new ListCommandInvocationsCommand({ CommandId: commandId, MaxResults: 50, NextToken: first.NextToken }),
    );
    expect([first.CommandInvocations?.length, second.CommandInvocations?.length, second.NextToken]).toEqual([
      20,
      30,
      undefined,
    ]);
    expect(await rejection(ssm.send(new ListCommandInvocationsCommand({ MaxResults: 51 })))).toContain("'maxResults'");
  });

  it('appears in reads, also when its events are lost', async () => {
    fixture.lab.faults.events = [{ source: 'aws.ssm', kind: 'lose' }];
    const commandId = await send();
    await settle();
    expect(seen.some((e) => e.kind === 'event')).toBe(false);
    expect(seen.some((e) => e.kind === 'event-lost')).toBe(true);
    expect(await commandStatus(commandId)).toEqual(['Success', 'Success']);
  });
});

describe('DescribeInstanceInformation', () => {
  it('shows managed nodes by id and by tag, in pages of at most 50', async () => {
    nodes[0]?.setOffline(true);
    const byId = await ssm.send(
      new DescribeInstanceInformationCommand({ Filters: [{ Key: 'InstanceIds', Values: ids(3) }] }),
    );
    expect(byId.InstanceInformationList?.map((i) => i.PingStatus)).toEqual(['ConnectionLost', 'Online', 'Online']);
    const byTag = await ssm.send(
      new DescribeInstanceInformationCommand({
        Filters: [{ Key: 'tag:eks:cluster-name', Values: ['demo'] }],
        MaxResults: 50,
      }),
    );
    expect([byTag.InstanceInformationList?.length, byTag.NextToken === undefined]).toEqual([50, false]);
    const mixed = new DescribeInstanceInformationCommand({
      Filters: [
        { Key: 'tag:a', Values: ['b'] },
        { Key: 'PingStatus', Values: ['Online'] },
      ],
    });
    expect(await rejection(ssm.send(mixed))).toContain('Tag filters');
  });
});
