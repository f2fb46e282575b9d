import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { costOf } from '../bench/list-prices.ts';
import { roleOf, statementsOf } from './resolve.ts';
import { CONFIG, resourceNamed, resourcesOf, synthesize, type Template } from './synthesized.ts';

const { template } = synthesize();
const environmentOf = (from: Template) =>
  z
    .object({ Variables: z.record(z.string(), z.unknown()) })
    .parse(resourceNamed(from, 'AWS::Lambda::Function', 'FunctionName', 'fleetmend-notifier').Properties.Environment)
    .Variables;

describe('notices and alarms', () => {
  const alarms = resourcesOf(template, 'AWS::CloudWatch::Alarm')
    .map(([, { Properties }]) => Properties)
    .filter(({ AlarmName }) => !String(AlarmName).startsWith('fleetmend-cluster-'));

  it('watches queues, functions, the clock and the lanes, and notifies the topic when an alarm rings and when it ends', () => {
    const queues = 9 + 2 * 3;
    const functions = 8 + 6 + 4 + 4 + 3 + 1;
    const [clock, lanes] = [4, 6];
    expect(alarms).toHaveLength(queues + functions + clock + lanes);
    for (const { AlarmActions, OKActions } of alarms) {
      expect(AlarmActions).toHaveLength(1);
      expect(OKActions).toEqual(AlarmActions);
    }
  });

  it('cost what docs/deploying.md says: an alarm on a sum costs as much as its metrics', () => {
    const MathMetrics = z.array(z.object({ MetricStat: z.unknown().optional() }));
    const metrics = alarms.reduce((sum, { Metrics }) => {
      const stats = MathMetrics.parse(Metrics ?? []).filter(({ MetricStat }) => MetricStat !== undefined);
      return sum + Math.max(1, stats.length);
    }, 0);
    const page = readFileSync(join(import.meta.dirname, '../../docs/deploying.md'), 'utf8');
    const dollars = costOf('alarmPerMonth', metrics).toFixed(2);
    expect(page).toMatch(new RegExp(`\\| ${alarms.length} alarms about fleetmend itself`));
    expect(page).toMatch(new RegExp(`\\| 1,000 nodes .*\\| \\$${dollars} `));
  });

  it('takes silence for an alarm where the alarm is about silence, and only there', () => {
    const treating = (how: string) =>
      alarms
        .filter(({ TreatMissingData }) => TreatMissingData === how)
        .map(({ AlarmName }) => String(AlarmName).replace('fleetmend-', ''))
        .toSorted();
    expect(treating('breaching')).toEqual([
      'heartbeat',
      'lanes-not-polled',
      'progress-not-polled',
      'signals-not-polled',
      'sweeps-late',
    ]);
    expect(treating('ignore')).toEqual(['nodes-quarantined']);
    expect(treating('notBreaching')).toHaveLength(alarms.length - 6);
  });

  it('says in each alarm how bad it is, what it means, what to do next, and where more is written', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/operating.md'), 'utf8');
    const headings = [...page.matchAll(/^#+ (.*)$/gm)].map(([, text = '']) =>
      text
        .toLowerCase()
        .replace(/[^a-z0-9 -]/g, '')
        .replace(/ /g, '-'),
    );
    for (const { AlarmName, AlarmDescription } of alarms) {
      const text = String(AlarmDescription);
      expect(text.length).toBeLessThanOrEqual(1024);
      const [, anchor] =
        /^(?:Critical|Warning): .+\b(?:Look at|Compare|Read|Enable|Invoke|Its log says|work goes on).+ See docs\/operating\.md#([a-z-]+)$/.exec(
          text,
        ) ?? [];
      expect([AlarmName, headings.includes(anchor ?? text)]).toEqual([AlarmName, true]);
    }
  });

  it('describes in the alarm of a dead-letter queue how to replay its messages', () => {
    const { AlarmDescription } = resourceNamed(
      template,
      'AWS::CloudWatch::Alarm',
      'AlarmName',
      'fleetmend-signals-dlq-not-empty',
    ).Properties;
    expect(AlarmDescription).toMatch(
      /invoke fleetmend-operator-api with the action replay; discard empties a queue\. Do not use the redrive of SQS/,
    );
    expect(String(AlarmDescription).length).toBeLessThanOrEqual(1024);
  });

  it('leaves the alarms out where they are not wanted', () => {
    const quiet = synthesize({ ...CONFIG, alarms: false, signals: { alarms: false } });
    expect(resourcesOf(quiet.template, 'AWS::CloudWatch::Alarm')).toEqual([]);
  });

  it.each(['notices', 'chat'])(
    'lets notifier and the alarms of the stack publish on %s, and nobody else, over TLS',
    (name) => {
      const { template: own } = synthesize({ ...CONFIG, notifications: { chat: true } });
      const [topic = ''] =
        resourcesOf(own, 'AWS::SNS::Topic').find(
          ([, { Properties }]) => Properties.TopicName === `fleetmend-${name}`,
        ) ?? [];
      const [policy] = resourcesOf(own, 'AWS::SNS::TopicPolicy').filter(([, { Properties }]) =>
        JSON.stringify(Properties.Topics).includes(topic),
      );
      const statements = statementsOf(own, policy?.[1].Properties.PolicyDocument);
      const alarms = 'arn:aws:cloudwatch:eu-west-1:123456789012:alarm:fleetmend-*';
      expect(statements.filter(({ Effect }) => Effect === 'Allow')).toEqual([
        expect.objectContaining({
          Principal: { Service: 'cloudwatch.amazonaws.com' },
          Action: ['sns:Publish'],
          Condition: {
            StringEquals: { 'aws:SourceAccount': '123456789012' },
            ArnLike: { 'aws:SourceArn': alarms },
          },
        }),
      ]);
      const denied = statements.filter(({ Effect }) => Effect === 'Deny');
      expect(denied).toHaveLength(2);
      expect(denied).toContainEqual(
        expect.objectContaining({
          Principal: { AWS: '*' },
          Action: ['sns:Publish'],
          Condition: {
            ArnNotEquals: { 'aws:PrincipalArn': roleOf(own, 'notifier').arn },
            ArnNotLike: { 'aws:SourceArn': alarms },
          },
        }),
      );
    },
  );

  it('uses a topic that the user has, and makes none then', () => {
    const topicArn = 'arn:aws:sns:eu-west-1:123456789012:ops';
    const own = synthesize({ ...CONFIG, notifications: { topicArn } }).template;
    expect(resourcesOf(own, 'AWS::SNS::Topic')).toEqual([]);
    expect(environmentOf(own)).toMatchObject({ NOTICES_TOPIC_ARN: topicArn });
    expect(environmentOf(own)).not.toHaveProperty('CHAT_TOPIC_ARN');
    const publishing = roleOf(own, 'notifier').statements.filter(({ Action }) => Action.includes('sns:Publish'));
    expect(publishing.map(({ Resource }) => Resource)).toEqual([[topicArn]]);
  });

  it('notifies a chat of what it sends by mail, and the alarms too, where the configuration wants it', () => {
    const { template: own } = synthesize({ ...CONFIG, notifications: { chat: true, send: 'all' } });
    expect(environmentOf(own)).toMatchObject({ CHAT_TOPIC_ARN: expect.anything(), NOTICES_SEND: 'all' });
    const { Properties } = resourceNamed(own, 'AWS::CloudWatch::Alarm', 'AlarmName', 'fleetmend-heartbeat');
    expect(Properties.AlarmActions).toHaveLength(2);
    expect(own.Outputs.ChatTopicArn).toBeDefined();
    expect(environmentOf(template)).toMatchObject({ NOTICES_SEND: 'changes' });
  });

  it('subscribes an address', () => {
    const mailed = synthesize({ ...CONFIG, notifications: { email: 'ops@example.com' } }).template;
    expect(resourcesOf(mailed, 'AWS::SNS::Subscription').map(([, { Properties }]) => Properties.Endpoint)).toEqual([
      'ops@example.com',
    ]);
  });
});
