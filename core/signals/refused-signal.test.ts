import { describe, expect, it } from 'vitest';
import { signalSample } from '../../test/support/signal-samples.ts';
import { Policy } from '../model/policy.ts';
import { readSignal, signalSettings } from './read-signal.ts';

const policy = Policy.parse({ clusters: [{ name: 'demo' }], limits: { settleSeconds: 300 } });
const read = (event: unknown) => readSignal(event, signalSettings(policy));
const cluster = (reason: string) => ({ kind: 'cluster', cluster: 'demo', reason, settleSeconds: 300 });
const ignored = (reason: string) => ({ kind: 'ignored', reason, meaning: expect.stringMatching(/^[A-Z].*\.$/) });

it('a call of another API in the same trail is ignored', () => {
  const event = signalSample('eks-calls/match-create-nodegroup');
  for (const eventSource of ['eks.amazonaws.com.example', 'not-eks.amazonaws.com', 'ec2.amazonaws.com']) {
    const detail = { ...event.detail, eventSource };
    expect(read({ ...event, detail })).toMatchObject({ ok: true, signal: ignored('NotAnEksCall') });
  }
  const detail = { ...event.detail, eventSource: 'eks.amazonaws.com.cn' };
  expect(read({ ...event, detail })).toMatchObject({ ok: true, signal: cluster('NodegroupCreated') });
});

it('a call names its cluster under one of two names', () => {
  const event = signalSample('eks-calls/match-create-nodegroup');
  const detail = { ...event.detail, requestParameters: { clusterName: 'demo' } };
  expect(read({ ...event, detail })).toMatchObject({ signal: cluster('NodegroupCreated') });
});

it('only an ignored event explains itself', () => {
  const reading = read(signalSample('launches/match-launch'));
  expect(reading.ok && reading.signal).not.toHaveProperty('meaning');
});

describe('a refusal says what is known', () => {
  const launch = signalSample('launches/match-launch');
  const messageOf = (over: object): string => {
    const reading = read({ ...launch, ...over });
    return reading.ok ? 'read' : reading.message;
  };

  it('of an unknown detail type: every one that is read', () => {
    expect(messageOf({ 'detail-type': 'Scheduled Event' })).toBe(
      '"Scheduled Event" is not a signal; known are EKS Addon …, CloudWatch Alarm State Change, AWS API Call via CloudTrail, EC2 Instance Launch Successful, EC2 Instance State-change Notification, Node Symptom',
    );
    expect(messageOf({ 'detail-type': 'undefined' })).toMatch(/is not a signal/);
  });

  it('of another source: who sends such events', () => {
    expect(messageOf({ source: 'acme' })).toBe(
      '"acme" does not send EC2 Instance Launch Successful; aws.autoscaling does',
    );
  });

  it('of a call without a cluster, or with one that has no name of one', () => {
    const call = signalSample('eks-calls/match-create-nodegroup');
    const of = (name: unknown) => messageOf({ ...call, detail: { ...call.detail, requestParameters: { name } } });
    expect(of(undefined)).toBe('missing: the call names no cluster');
    expect(of('demo; reboot')).toBe('the cluster that it names is not a cluster name');
  });
});

describe('refuses, with the field named', () => {
  const launch = signalSample('launches/match-launch');
  it.each<[string, unknown, string]>([
    ['no event', 1, '(event)'],
    ['no detail', { ...launch, detail: undefined }, 'detail'],
    ['no time', { ...launch, time: 'yesterday' }, 'time'],
    ['an unknown detail type', { ...launch, 'detail-type': 'Scheduled Event' }, 'detail-type'],
    ['a detail type that is a property of Object', { ...launch, 'detail-type': 'constructor' }, 'detail-type'],
    ['an event of AWS from another source', { ...launch, source: 'acme' }, 'source'],
    ['an id that is not an instance id', { ...launch, detail: { EC2InstanceId: 'mi-1' } }, 'detail.EC2InstanceId'],
    [
      'an alarm without a state',
      { ...signalSample('alarms/match-metric'), detail: { alarmName: 'x' } },
      'detail.state',
    ],
    [
      'a call that names no cluster',
      {
        ...signalSample('eks-calls/match-create-nodegroup'),
        detail: { eventSource: 'eks.amazonaws.com', eventName: 'CreateNodegroup' },
      },
      'detail.requestParameters.name',
    ],
    [
      'a call whose cluster has no name of one',
      {
        ...signalSample('eks-calls/match-create-nodegroup'),
        detail: {
          eventSource: 'eks.amazonaws.com',
          eventName: 'CreateNodegroup',
          requestParameters: { name: 'demo; reboot' },
        },
      },
      'detail',
    ],
  ])('%s', (_, event, field) => {
    expect(read(event)).toMatchObject({ ok: false, field });
  });
});
