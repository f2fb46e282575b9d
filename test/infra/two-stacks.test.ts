import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { StackName } from '../../infra/config.ts';
import { compilePattern } from '../../lab/aws/pattern.ts';
import { remediations } from '../../ssm-documents/remediations.ts';
import { CONFIG, resourcesOf, synthesize, type Template } from './synthesized.ts';

const A = synthesize(CONFIG, 'eu-west-1').template;
const B = synthesize(CONFIG, 'eu-west-1', undefined, undefined, 'fleetmend-2').template;

/** The properties that name a resource in the account, and the limit in characters of AWS's API for each. */
const NAMES: readonly (readonly [string, string, number])[] = [
  ['AWS::SQS::Queue', 'QueueName', 80],
  ['AWS::Lambda::Function', 'FunctionName', 64],
  ['AWS::SNS::Topic', 'TopicName', 256],
  ['AWS::Events::EventBus', 'Name', 256],
  ['AWS::Events::Rule', 'Name', 64],
  ['AWS::SSM::Document', 'Name', 128],
  ['AWS::Logs::LogGroup', 'LogGroupName', 512],
  ['AWS::Logs::SubscriptionFilter', 'FilterName', 512],
  ['AWS::Logs::MetricFilter', 'FilterName', 512],
  ['AWS::Logs::QueryDefinition', 'Name', 255],
  ['AWS::CloudWatch::Alarm', 'AlarmName', 255],
  ['AWS::CloudWatch::Dashboard', 'DashboardName', 255],
];
const namesOf = (template: Template, type: string, property: string): readonly string[] =>
  resourcesOf(template, type).map(([, { Properties }]) => String(Properties[property]));

describe('two stacks in one account and Region', () => {
  it.each(NAMES)('give no %s one %s', (type, property) => {
    const [ofA, ofB] = [namesOf(A, type, property), namesOf(B, type, property)];
    expect(ofA.length).toBeGreaterThan(0);
    expect(ofB.filter((name) => ofA.includes(name))).toEqual([]);
  });

  it('name every resource by one of these properties, or leave its name to CloudFormation', () => {
    const known = new Set(NAMES.map(([type, property]) => `${type}.${property}`));
    // Not names of the resource: those of another, to which it belongs.
    const references =
      /^AWS::(Logs::(Metric|Subscription)Filter\.LogGroupName|Lambda::\w+\.FunctionName|Lambda::Alias\.Name|Events::\w+\.EventBusName|CloudWatch::Alarm\.MetricName|IAM::\w+\.PolicyName)$/;
    const others = Object.values(A.Resources).flatMap(({ Type, Properties }) =>
      Object.keys(Properties)
        .filter((property) => /Name$/.test(property))
        .map((property) => `${Type}.${property}`)
        .filter((name) => !known.has(name) && !references.test(name)),
    );
    expect([...new Set(others)]).toEqual([]);
  });

  it('count into metrics of their own', () => {
    const ofMath = (metrics: unknown): readonly string[] =>
      z
        .array(z.object({ MetricStat: z.object({ Metric: z.object({ Namespace: z.string() }) }).optional() }))
        .parse(metrics)
        .flatMap(({ MetricStat }) => MetricStat?.Metric.Namespace ?? []);
    const namespaces = (template: Template) =>
      new Set([
        ...resourcesOf(template, 'AWS::CloudWatch::Alarm').flatMap(
          ([
            ,
            {
              Properties: { Namespace, Metrics },
            },
          ]) => (Namespace === undefined ? ofMath(Metrics) : [String(Namespace)]),
        ),
        ...resourcesOf(template, 'AWS::Logs::MetricFilter').map(([, { Properties }]) =>
          String((Properties.MetricTransformations as readonly { MetricNamespace: unknown }[])[0]?.MetricNamespace),
        ),
        ...resourcesOf(template, 'AWS::Lambda::Function').map(([, { Properties }]) =>
          String(
            (Properties.Environment as { Variables: Readonly<Record<string, unknown>> }).Variables
              .POWERTOOLS_METRICS_NAMESPACE,
          ),
        ),
      ]);
    const shared = [...namespaces(A)].filter(
      (name) => namespaces(B).has(name) && !/^(AWS\/|ContainerInsights$)/.test(name),
    );
    expect(shared).toEqual([]);
    expect([...namespaces(A)].filter((name) => !/^(AWS\/|ContainerInsights$)/.test(name)).sort()).toEqual([
      'fleetmend',
      'fleetmend/bank',
      'fleetmend/shop',
    ]);
  });

  it('hear no event about a document or an alarm of the other', () => {
    const patterns = (template: Template) =>
      resourcesOf(template, 'AWS::Events::Rule')
        .filter(([, { Properties }]) => Properties.EventPattern !== undefined && Properties.EventBusName === undefined)
        .map(([, { Properties }]) => ({
          name: String(Properties.Name),
          pattern: compilePattern(Properties.EventPattern),
        }));
    const events = (template: Template) => [
      ...namesOf(template, 'AWS::SSM::Document', 'Name').map((name) => ({
        source: 'aws.ssm',
        'detail-type': 'EC2 Command Status-change Notification',
        detail: { 'document-name': name, status: 'Success' },
      })),
      ...namesOf(template, 'AWS::CloudWatch::Alarm', 'AlarmName').map((alarmName) => ({
        source: 'aws.cloudwatch',
        'detail-type': 'CloudWatch Alarm State Change',
        detail: { alarmName, state: { value: 'ALARM' } },
      })),
    ];
    const received = (by: Template, of: Template) =>
      patterns(by).flatMap(({ name, pattern }) =>
        events(of)
          .filter((event) => pattern.matches(event))
          .map(({ detail }) => `${name}: ${JSON.stringify(detail)}`),
      );
    expect([received(A, B), received(B, A)]).toEqual([[], []]);
    // Each receives its own: six documents and the alarms of two clusters.
    expect(received(A, A)).toHaveLength(6 + 6);
    expect(received(B, B)).toHaveLength(6 + 6);
  });
});

it('refuses a name that no stack may have', () => {
  expect(() => synthesize(CONFIG, 'eu-west-1', undefined, undefined, 'aws-repairs')).toThrow(/aws, amazon or amzn/);
});

describe('a stack name', () => {
  const longest = 'a'.repeat(40);

  it.each(['fleetmend', 'fleetmend-2', 'Prod', longest])('may be %s', (name) => {
    expect(StackName.parse(name)).toBe(name);
  });

  it.each<[string, RegExp]>([
    ['', /letter/],
    ['2nd', /letter/],
    ['a_b', /letter/],
    ['a--b', /letter/],
    ['a-', /letter/],
    [`${longest}a`, /40/],
    ['aws-repairs', /aws, amazon or amzn/],
    ['Amazon', /aws, amazon or amzn/],
    ['amzn-x', /aws, amazon or amzn/],
    ['default', /event bus/],
    ['fleetmend-cluster', /cluster, check or repair/],
    ['repair', /cluster, check or repair/],
    ['my-check-2', /cluster, check or repair/],
  ])('may not be %j', (name, why) => {
    expect(StackName.safeParse(name).error?.message).toMatch(why);
  });

  it.each(NAMES)('of the longest kind keeps every %s valid: %s of at most %i characters', (type, property, limit) => {
    const { template } = synthesize(
      { clusters: [{ name: 'c'.repeat(100), mode: 'repair', logGroups: ['/g'] }] },
      'eu-west-1',
      undefined,
      undefined,
      longest,
    );
    const names = namesOf(template, type, property);
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => name.length > limit)).toEqual([]);
  });

  it('and the name of a remediation can be told apart: none ends in the name of another', () => {
    const names = [...remediations.map(({ name }) => name), 'node'];
    expect(names.filter((name) => names.some((other) => other !== name && other.endsWith(`-${name}`)))).toEqual([]);
  });
});
