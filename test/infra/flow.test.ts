import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { statementsOf } from './resolve.ts';
import { CONFIG, DOCUMENTS, resourceNamed, resourcesOf, synthesize } from './synthesized.ts';

const { template } = synthesize();
const fn = (name: string) => resourceNamed(template, 'AWS::Lambda::Function', 'FunctionName', `fleetmend-${name}`);

describe('what is asynchronous', () => {
  const invokers = resourcesOf(template, 'AWS::Lambda::Permission').map(([, { Properties }]) =>
    JSON.stringify(Properties.FunctionName),
  );
  const invokeConfigs = resourcesOf(template, 'AWS::Lambda::EventInvokeConfig').map(([, { Properties }]) => Properties);

  it('is logs and reconcile, by the rights to call them, and remediate for who likes', () => {
    const called = resourcesOf(template, 'AWS::Lambda::Function')
      .filter(([id]) => invokers.some((invoker) => invoker.includes(`"${id}"`)))
      .map(([, { Properties }]) => Properties.FunctionName);
    expect(called.sort()).toEqual(['fleetmend-logs', 'fleetmend-reconcile']);
    expect(invokeConfigs).toHaveLength(3);
  });

  it.each(['logs', 'reconcile', 'remediate'])(
    '%s has a dead-letter queue, bounded retries and a bounded age',
    (name) => {
      const [id] = resourcesOf(template, 'AWS::Lambda::Function').find(
        ([, { Properties }]) => Properties.FunctionName === `fleetmend-${name}`,
      ) ?? [''];
      expect(JSON.stringify(fn(name).Properties.DeadLetterConfig)).toMatch(/Dead/);
      const [config] = invokeConfigs.filter((c) => JSON.stringify(c.FunctionName).includes(`"${id}"`));
      expect(config).toMatchObject({
        MaximumRetryAttempts: expect.any(Number),
        MaximumEventAgeInSeconds: expect.any(Number),
      });
    },
  );

  it.each(resourcesOf(template, 'AWS::Events::Rule'))('%s has a dead-letter queue, bounded retries and age', (id) => {
    const targets = z
      .array(
        z.object({
          DeadLetterConfig: z.object({ Arn: z.unknown() }),
          RetryPolicy: z.object({
            MaximumRetryAttempts: z.number().int().max(24),
            MaximumEventAgeInSeconds: z.number().int().min(60).max(3600),
          }),
        }),
      )
      .min(1);
    expect(targets.safeParse(template.Resources[id]?.Properties.Targets).error).toBeUndefined();
  });
});

describe('the rules', () => {
  const rule = (name: string) => resourceNamed(template, 'AWS::Events::Rule', 'Name', `fleetmend-${name}`).Properties;

  it('hear symptoms on the bus, whoever sent them', () => {
    expect(rule('symptoms').EventPattern).toEqual({ 'detail-type': ['Node Symptom'] });
    expect(rule('symptoms').EventBusName).toBeDefined();
  });

  it('hear the ends of commands of fleetmend on the default bus, and no others', () => {
    expect(rule('command-ends').EventPattern).toEqual({
      source: ['aws.ssm'],
      'detail-type': ['EC2 Command Status-change Notification'],
      detail: {
        'document-name': [{ prefix: 'fleetmend-' }],
        status: ['Success', 'Failed', 'TimedOut', 'Cancelled'],
      },
    });
    expect(rule('command-ends').EventBusName).toBeUndefined();
    for (const { name } of DOCUMENTS) expect(name).toMatch(/^fleetmend-/);
  });

  it.each([
    ['overdue', 'rate(1 minute)'],
    ['sweep', 'rate(30 minutes)'],
  ])('call reconcile for %s at %s', (kind, rate) => {
    expect(rule(kind)).toMatchObject({ ScheduleExpression: rate, Targets: [{ Input: JSON.stringify({ kind }) }] });
  });
});

describe('the documents', () => {
  it.each(DOCUMENTS)('$key keeps its content-addressed name and outlives the stack that let go of it', (document) => {
    const resource = resourceNamed(template, 'AWS::SSM::Document', 'Name', document.name);
    expect(resource).toMatchObject({
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        Content: JSON.parse(document.json),
        DocumentFormat: 'JSON',
        DocumentType: 'Command',
        TargetType: '/AWS::EC2::Instance',
        UpdateMethod: 'NewVersion',
      },
    });
  });
});

describe('log subscriptions', () => {
  it('puts one coarse filter on each log group, once', () => {
    const filters = resourcesOf(template, 'AWS::Logs::SubscriptionFilter').map(([, { Properties }]) => Properties);
    expect(filters.map((f) => f.LogGroupName).sort()).toEqual(['/all/nodes', '/aws/containerinsights/shop/dataplane']);
    for (const filter of filters) {
      expect(filter.FilterPattern).toBe('?"failed to get pause-image" ?"failed to get cri-dockerd"');
    }
  });

  it('lets CloudWatch Logs call for that log group of this account alone', () => {
    const permissions = resourcesOf(template, 'AWS::Lambda::Permission')
      .map(([, { Properties }]) => Properties)
      .filter((p) => p.Principal === 'logs.amazonaws.com');
    expect(permissions).toHaveLength(2);
    for (const permission of permissions) {
      expect(permission).toMatchObject({ SourceAccount: { Ref: 'AWS::AccountId' }, Action: 'lambda:InvokeFunction' });
      expect(JSON.stringify(permission.SourceArn)).toMatch(/:log-group:\/[a-z/]+:\*/);
    }
  });
});

describe('notices and alarms', () => {
  it('watches every dead-letter queue, every inbox, every function and the breaker, and tells the topic', () => {
    const alarms = resourcesOf(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties);
    expect(alarms).toHaveLength(8 + 3 + 7 + 1);
    for (const alarm of alarms) {
      expect(alarm).toMatchObject({ TreatMissingData: 'notBreaching', AlarmActions: [expect.anything()] });
    }
  });

  it('leaves the alarms out where they are not wanted', () => {
    const quiet = synthesize({ ...CONFIG, alarms: false });
    expect(resourcesOf(quiet.template, 'AWS::CloudWatch::Alarm')).toEqual([]);
  });

  it('lets EventBridge and the alarms of this account publish, over TLS', () => {
    const [policy] = resourcesOf(template, 'AWS::SNS::TopicPolicy');
    const statements = statementsOf(template, policy?.[1].Properties.PolicyDocument);
    // EventBridge takes no conditions in topic policies (EventBridge user guide, "Amazon SNS permissions").
    expect(statements).toContainEqual(
      expect.objectContaining({
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: ['sns:Publish'],
      }),
    );
    expect(statements).toContainEqual(
      expect.objectContaining({
        Effect: 'Allow',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': '123456789012' } },
      }),
    );
    expect(statements.filter(({ Effect }) => Effect === 'Deny')).toHaveLength(1);
  });

  it('uses a topic that the user has, and makes none then', () => {
    const topicArn = 'arn:aws:sns:eu-west-1:123456789012:ops';
    const own = synthesize({ ...CONFIG, notifications: { topicArn } }).template;
    expect(resourcesOf(own, 'AWS::SNS::Topic')).toEqual([]);
    expect(resourceNamed(own, 'AWS::Events::Rule', 'Name', 'fleetmend-notices').Properties).toMatchObject({
      Targets: [{ Arn: topicArn }],
    });
  });

  it('subscribes an address', () => {
    const mailed = synthesize({ ...CONFIG, notifications: { email: 'ops@example.com' } }).template;
    expect(resourcesOf(mailed, 'AWS::SNS::Subscription').map(([, { Properties }]) => Properties.Endpoint)).toEqual([
      'ops@example.com',
    ]);
  });
});
