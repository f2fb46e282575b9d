import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { documentName } from '../../events/ssm-command.ts';
import { statementsOf } from './resolve.ts';
import { CONFIG, DOCUMENTS, resourceNamed, resourcesOf, synthesize } from './synthesized.ts';

const { template } = synthesize();
const fn = (name: string) => resourceNamed(template, 'AWS::Lambda::Function', 'FunctionName', `fleetmend-${name}`);

describe('asynchronous invocation', () => {
  const invokers = resourcesOf(template, 'AWS::Lambda::Permission').map(([, { Properties }]) =>
    JSON.stringify(Properties.FunctionName),
  );
  const invokeConfigs = resourcesOf(template, 'AWS::Lambda::EventInvokeConfig').map(([, { Properties }]) => Properties);

  it('is log-classifier, scheduler and notifier by their permissions, and operator-api for its callers', () => {
    const called = resourcesOf(template, 'AWS::Lambda::Function')
      .filter(([id]) => invokers.some((invoker) => invoker.includes(`"${id}"`)))
      .map(([, { Properties }]) => Properties.FunctionName);
    expect([...new Set(called)].sort()).toEqual([
      'fleetmend-log-classifier',
      'fleetmend-notifier',
      'fleetmend-scheduler',
    ]);
    // And each way into operator-api.
    expect(invokeConfigs).toHaveLength(4 + 3);
  });

  it.each(['log-classifier', 'scheduler', 'operator-api', 'notifier'])(
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
        'document-name': [
          { prefix: 'fleetmend-pause-image-check-' },
          { prefix: 'fleetmend-pause-image-repair-' },
          { prefix: 'fleetmend-pause-image-repair-mirror-' },
          { prefix: 'fleetmend-cri-dockerd-check-' },
          { prefix: 'fleetmend-cri-dockerd-repair-' },
          { prefix: 'fleetmend-node-check-' },
        ],
        status: ['Success', 'Failed', 'TimedOut', 'Timed Out', 'Cancelled', 'Canceled'],
      },
    });
    expect(rule('command-ends').EventBusName).toBeUndefined();
  });

  it.each([
    ['overdue', 'rate(1 minute)', {}],
    ['sweep', 'rate(30 minutes)', { everyMinutes: 30 }],
  ])('call scheduler for %s at %s', (kind, rate, rest) => {
    expect(rule(kind)).toMatchObject({
      ScheduleExpression: rate,
      Targets: [{ Input: JSON.stringify({ kind, ...rest }) }],
    });
  });

  it('call notifier for the digest once a week, and for each notice', () => {
    const [notifier = ''] =
      resourcesOf(template, 'AWS::Lambda::Function').find(
        ([, { Properties }]) => Properties.FunctionName === 'fleetmend-notifier',
      ) ?? [];
    expect(rule('digest')).toMatchObject({
      ScheduleExpression: 'rate(7 days)',
      Targets: [{ Input: '{"kind":"digest"}' }],
    });
    expect(rule('notices').EventPattern).toEqual({ source: ['fleetmend'] });
    for (const name of ['digest', 'notices']) expect(JSON.stringify(rule(name).Targets)).toContain(notifier);
  });
});

describe('events of AWS about clusters and instances', () => {
  const WAYS = ['addons', 'alarms', 'eks-calls', 'launches', 'running'];
  const rulesOf = (of: typeof template) =>
    resourcesOf(of, 'AWS::Events::Rule')
      .map(([, { Properties }]) => Properties)
      .filter(({ Name }) => WAYS.includes(String(Name).replace('fleetmend-', '')));

  it('goes from the default bus to the queue of signals, by a rule for each way', () => {
    const rules = rulesOf(template);
    expect(rules.map(({ Name }) => Name).sort()).toEqual(WAYS.map((name) => `fleetmend-${name}`));
    for (const { EventBusName, Targets } of rules) {
      expect(EventBusName).toBeUndefined();
      expect(JSON.stringify(Targets)).toContain('"Arn":{"Fn::GetAtt":["SignalsQueue');
    }
  });

  it('can be turned off, way by way', () => {
    const off = synthesize({ ...CONFIG, signals: { alarms: false, eks: false, newNodes: false } }).template;
    expect(rulesOf(off)).toEqual([]);
    expect(resourcesOf(off, 'AWS::Logs::MetricFilter')).toEqual([]);
  });

  it('comes from no other rule: the queue denies all other senders', () => {
    const refusal = resourcesOf(template, 'AWS::SQS::QueuePolicy')
      .flatMap(([, { Properties }]) => statementsOf(template, Properties.PolicyDocument))
      .find(({ Sid, Resource }) => Sid === 'OnlyItsSenders' && Resource?.[0]?.endsWith(':fleetmend-signals'));
    expect(refusal).toMatchObject({ Effect: 'Deny', Action: ['sqs:SendMessage'] });
    const allowed = refusal?.Condition?.ArnNotEquals?.['aws:SourceArn'];
    expect(Array.isArray(allowed) ? allowed : [allowed]).toHaveLength(1 + WAYS.length);
  });
});

describe('the alarms of a cluster', () => {
  const named = (name: string) =>
    resourceNamed(template, 'AWS::CloudWatch::Alarm', 'AlarmName', `fleetmend-cluster-${name}`).Properties;

  it('watch its nodes by the metrics of Container Insights, and by its log groups if it has any', () => {
    expect(named('shop-disk-filling')).toMatchObject({
      Namespace: 'ContainerInsights',
      MetricName: 'node_filesystem_utilization',
      Dimensions: [{ Name: 'ClusterName', Value: 'shop' }],
      Statistic: 'Maximum',
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 80,
      TreatMissingData: 'notBreaching',
    });
    expect(named('bank-failed-nodes')).toMatchObject({ MetricName: 'cluster_failed_node_count', Threshold: 1 });
    expect(named('bank-sandbox-failures')).toMatchObject({
      Namespace: 'fleetmend/bank',
      MetricName: 'SandboxFailures',
    });
    const bare = synthesize({ clusters: [{ name: 'bare' }] }).template;
    const ofBare = resourcesOf(bare, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) =>
      String(Properties.AlarmName),
    );
    expect(ofBare.filter((name) => name.startsWith('fleetmend-cluster-')).sort()).toEqual([
      'fleetmend-cluster-bare-disk-filling',
      'fleetmend-cluster-bare-failed-nodes',
    ]);
  });

  it('have no action: EventBridge receives their state changes', () => {
    expect(named('shop-disk-filling').AlarmActions).toBeUndefined();
  });

  it('count failures in each log group of the cluster, into one metric', () => {
    const filters = resourcesOf(template, 'AWS::Logs::MetricFilter').map(([, { Properties }]) => Properties);
    expect(filters.map(({ LogGroupName, FilterName }) => `${LogGroupName} ${FilterName}`).sort()).toEqual([
      '/aws/containerinsights/shop/dataplane fleetmend-shop-sandbox-failures',
      '/bank/nodes fleetmend-bank-sandbox-failures',
      '/shop/nodes fleetmend-shop-sandbox-failures',
    ]);
    for (const { FilterPattern } of filters) {
      expect(FilterPattern).toMatch(/^(\?"[A-Za-z ]+" ?)+$/);
    }
  });
});

describe('the documents', () => {
  it.each(DOCUMENTS)('$key keeps its content-addressed name and outlives the stack that let go of it', (document) => {
    const resource = resourceNamed(
      template,
      'AWS::SSM::Document',
      'Name',
      documentName('fleetmend', document.key, document.sha256),
    );
    expect(resource).toMatchObject({
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        // A text, byte for byte: CloudFormation would serialize an object again.
        Content: document.json,
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
    expect(filters.map((f) => f.LogGroupName).sort()).toEqual([
      '/aws/containerinsights/shop/dataplane',
      '/bank/nodes',
      '/shop/nodes',
    ]);
    for (const filter of filters) {
      expect(filter.FilterPattern).toBe('?"failed to get pause-image" ?"failed to get cri-dockerd"');
    }
  });
});
