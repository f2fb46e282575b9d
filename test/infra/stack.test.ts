import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Template as Assertions, Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { TABLE } from '../../functions/adapters/table/keys.ts';
import { Settings } from '../../functions/runtime/settings.ts';
import { FUNCTION_NAMES } from '../../infra/bundle.ts';
import { statementsOf } from './resolve.ts';
import { CONFIG, DOCUMENTS, resourceNamed, resourcesOf, synthesize } from './synthesized.ts';

const { template, folder } = synthesize(CONFIG, 'eu-west-1');
const assertions = Assertions.fromJSON(template);

const queueNames = resourcesOf(template, 'AWS::SQS::Queue').map(([, { Properties }]) => String(Properties.QueueName));
const isDead = (name: string): boolean => /-dlq(\.fifo)?$/.test(name);
const fn = (name: string) => resourceNamed(template, 'AWS::Lambda::Function', 'FunctionName', `fleetmend-${name}`);
const seconds = z.number();

describe('the audit table', () => {
  it('is on demand, can be restored, and outlives the stack', () => {
    assertions.hasResource('AWS::DynamoDB::Table', {
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        BillingMode: 'PAY_PER_REQUEST',
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        TimeToLiveSpecification: { AttributeName: TABLE.timeToLive, Enabled: true },
        KeySchema: [
          { AttributeName: TABLE.partitionKey, KeyType: 'HASH' },
          { AttributeName: TABLE.sortKey, KeyType: 'RANGE' },
        ],
      },
    });
  });

  it.each([TABLE.byOwner, TABLE.byOutcome, TABLE.byReason, TABLE.byDue])('has the index $name', (index) => {
    assertions.hasResourceProperties('AWS::DynamoDB::Table', {
      GlobalSecondaryIndexes: Match.arrayWith([
        {
          IndexName: index.name,
          KeySchema: [
            { AttributeName: index.partitionKey, KeyType: 'HASH' },
            { AttributeName: index.sortKey, KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ]),
    });
  });
});

describe('the queues', () => {
  it('are the inboxes and their dead-letter queues', () => {
    expect([...queueNames].sort()).toEqual([
      'fleetmend-lanes-dlq.fifo',
      'fleetmend-lanes.fifo',
      'fleetmend-log-classifier-dlq',
      'fleetmend-notifier-dlq',
      'fleetmend-operator-api-dlq',
      'fleetmend-progress',
      'fleetmend-progress-dlq',
      'fleetmend-rules-dlq',
      'fleetmend-run-controller-dlq',
      'fleetmend-scheduler-dlq',
      'fleetmend-signals',
      'fleetmend-signals-dlq',
    ]);
  });

  it.each(resourcesOf(template, 'AWS::SQS::Queue'))(
    '%s is encrypted without a KMS key and refuses plain HTTP',
    (id) => {
      expect(template.Resources[id]?.Properties).toMatchObject({ SqsManagedSseEnabled: true });
      const policies = resourcesOf(template, 'AWS::SQS::QueuePolicy').filter(([, { Properties }]) =>
        JSON.stringify(Properties.Queues).includes(`"${id}"`),
      );
      const denied = policies
        .flatMap(([, { Properties }]) => statementsOf(template, Properties.PolicyDocument))
        .filter(({ Effect, Condition }) => Effect === 'Deny' && Condition?.Bool?.['aws:SecureTransport'] === 'false');
      expect(denied).toHaveLength(1);
    },
  );

  it.each(queueNames.filter((name) => !isDead(name)))('%s gives up on a message into its dead-letter queue', (name) => {
    const { RedrivePolicy } = resourceNamed(template, 'AWS::SQS::Queue', 'QueueName', name).Properties;
    const { maxReceiveCount, deadLetterTargetArn } = z
      .object({ maxReceiveCount: z.number().min(2).max(10), deadLetterTargetArn: z.unknown() })
      .parse(RedrivePolicy);
    expect(maxReceiveCount).toBeGreaterThanOrEqual(5);
    const [, base, suffix] = /^(.*?)(\.fifo)?$/.exec(name) ?? [];
    const [dead] = resourcesOf(template, 'AWS::SQS::Queue').filter(([id]) =>
      JSON.stringify(deadLetterTargetArn).includes(`"${id}"`),
    );
    expect(dead?.[1].Properties.QueueName).toBe(`${base}-dlq${suffix ?? ''}`);
  });

  it('processes the groups of the lanes queue in parallel', () => {
    assertions.hasResourceProperties('AWS::SQS::Queue', {
      QueueName: 'fleetmend-lanes.fifo',
      FifoQueue: true,
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
      ContentBasedDeduplication: Match.absent(),
    });
  });
});

describe('the functions', () => {
  it('are those of the flow, on the newest runtime', () => {
    const functions = resourcesOf(template, 'AWS::Lambda::Function').map(([, { Properties }]) => Properties);
    expect(functions.map(({ FunctionName }) => FunctionName).sort()).toEqual(
      FUNCTION_NAMES.map((name) => `fleetmend-${name}`).sort(),
    );
    for (const properties of functions) {
      expect(properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Handler: 'index.handler',
        TracingConfig: { Mode: 'Active' },
      });
    }
  });

  it.each(FUNCTION_NAMES)('%s has its log group, made before it and kept for a time', (name) => {
    const group = resourceNamed(template, 'AWS::Logs::LogGroup', 'LogGroupName', `/aws/lambda/fleetmend-${name}`);
    expect(group.Properties.RetentionInDays).toBe(90);
  });

  it.each([
    ['log-classifier', ['BAD_INPUT_QUEUE_URL', 'BUS_NAME']],
    ['signal-intake', ['BAD_INPUT_QUEUE_URL', 'COPIES', 'INBOX_QUEUE_URL', 'LANES_QUEUE_URL', 'TABLE_NAME']],
    [
      'operator-api',
      [
        'BUS_NAME',
        'DLQ_URLS',
        'LANES_QUEUE_URL',
        'LOG_CLASSIFIER_NAME',
        'PROGRESS_QUEUE_URL',
        'SIGNALS_QUEUE_URL',
        'STACK_ARN',
        'TABLE_NAME',
      ],
    ],
    ['command-tracker', ['BAD_INPUT_QUEUE_URL', 'COPIES', 'INBOX_QUEUE_URL', 'LANES_QUEUE_URL', 'TABLE_NAME']],
    ['run-controller', ['BAD_INPUT_QUEUE_URL', 'BUS_NAME', 'LANES_QUEUE_URL', 'PROGRESS_QUEUE_URL', 'TABLE_NAME']],
    ['scheduler', ['BUS_NAME', 'LANES_QUEUE_URL', 'TABLE_NAME']],
    ['audit-query', ['DLQ_URLS', 'TABLE_NAME']],
    ['notifier', ['AUDIT_QUERY_NAME', 'NOTICES_SEND', 'NOTICES_TOPIC_ARN', 'TABLE_NAME']],
  ])('%s gets the environment that it reads, and no more', (name, expected) => {
    const { Variables } = z
      .object({ Variables: z.record(z.string(), z.unknown()) })
      .parse(fn(name).Properties.Environment);
    const common = ['NODE_OPTIONS', 'POWERTOOLS_LOG_LEVEL', 'POWERTOOLS_METRICS_NAMESPACE', 'POWERTOOLS_SERVICE_NAME'];
    expect(Object.keys(Variables).sort()).toEqual([...expected, ...common].sort());
  });

  it('finds the settings of the deployment beside each bundle that reads them', () => {
    const read = (name: string): Settings => {
      const asset = String(fn(name).Metadata?.['aws:asset:path']);
      return Settings.parse(JSON.parse(readFileSync(join(folder, asset, 'settings.json'), 'utf8')));
    };
    for (const name of FUNCTION_NAMES) {
      const settings = read(name);
      expect(settings.policy.clusters.map((cluster) => [cluster.name, cluster.mode])).toEqual([
        ['shop', 'repair'],
        ['bank', 'observe'],
      ]);
      expect(Object.keys(settings.documents)).toEqual(DOCUMENTS.map(({ key }) => key));
      expect(settings.remediations[0]).toEqual({
        name: 'pause-image',
        order: 10,
        disruptive: false,
        reasons: { FileMissing: 'attributable', RoleTooSmall: 'node-local', NamesDiffer: 'node-local' },
        unrepairable: ['NamesDiffer'],
      });
    }
  });

  it('works on its queue with a bounded number of copies, and gives back single messages', () => {
    const mappings = resourcesOf(template, 'AWS::Lambda::EventSourceMapping').map(([, { Properties }]) => Properties);
    expect(mappings).toHaveLength(3);
    for (const mapping of mappings) {
      expect(mapping).toMatchObject({
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        ScalingConfig: { MaximumConcurrency: 5 },
      });
    }
    const lanes = mappings.find((m) => JSON.stringify(m.EventSourceArn).includes('Lanes'));
    expect(lanes?.BatchSize).toBe(1);
  });

  it.each([
    ['signals', 'signal-intake'],
    ['progress', 'command-tracker'],
    ['lanes.fifo', 'run-controller'],
  ])('hides a message of %s for longer than %s may run', (queue, name) => {
    const { VisibilityTimeout } = resourceNamed(
      template,
      'AWS::SQS::Queue',
      'QueueName',
      `fleetmend-${queue}`,
    ).Properties;
    expect(seconds.parse(VisibilityTimeout)).toBeGreaterThan(seconds.parse(fn(name).Properties.Timeout));
  });

  it('lets run-controller alone wake itself without loop detection', () => {
    expect(FUNCTION_NAMES.filter((name) => fn(name).Properties.RecursiveLoop === 'Allow')).toEqual(['run-controller']);
  });
});
