import { join } from 'node:path';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it } from 'vitest';
import { documentName } from '../../events/ssm-command.ts';
import { filterPattern } from '../../infra/log-filter.ts';
import { buildDocuments } from '../../ssm-documents/builder/build.ts';
import { remediations } from '../../ssm-documents/remediations.ts';
import {
  appWith,
  CONFIG,
  resourceNamed,
  resourcesOf,
  synthesize,
  synthesizeAnew,
  type Template,
} from './synthesized.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** The lab boots from these types and no others; a mail subscription is left to AWS. */
const PLAIN_TYPES = new Set([
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::Dashboard',
  'AWS::DynamoDB::Table',
  'AWS::Events::EventBus',
  'AWS::Events::EventBusPolicy',
  'AWS::Events::Rule',
  'AWS::IAM::ManagedPolicy',
  'AWS::IAM::Policy',
  'AWS::IAM::Role',
  'AWS::Lambda::Alias',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::Function',
  'AWS::Lambda::Permission',
  'AWS::Logs::LogGroup',
  'AWS::Logs::MetricFilter',
  'AWS::Logs::QueryDefinition',
  'AWS::Logs::SubscriptionFilter',
  'AWS::SNS::Topic',
  'AWS::SNS::TopicPolicy',
  'AWS::SQS::Queue',
  'AWS::SQS::QueuePolicy',
  'AWS::SSM::Document',
]);

describe.each([undefined, 'eu-west-1', 'cn-north-1', 'us-gov-west-1'])('in region %s', (region) => {
  const { template, text } = synthesize(CONFIG, region);

  it('names no partition and no domain of one', () => {
    expect(text).not.toMatch(/arn:aws[:-]/);
    // Service principals read alike in every partition.
    expect(text.replaceAll(/"[a-z]+\.amazonaws\.com"/g, '')).not.toContain('amazonaws.com');
  });

  it('is made of plain resources', () => {
    const types = new Set(Object.values(template.Resources).map(({ Type }) => Type));
    expect([...types].filter((type) => !PLAIN_TYPES.has(type))).toEqual([]);
  });
});

describe('the documents of the registry', () => {
  const documents = buildDocuments();
  const kubelet = { name: '/kubelet', kind: 'kubelet' } as const;
  const logGroups = ['/nodes', '/aws/containerinsights/shop/host', kubelet];
  const { template } = synthesize({ clusters: [{ name: 'shop', mode: 'repair', logGroups }] }, 'cn-north-1', {
    remediations,
    documents,
  });

  it('is deployed whole: every document under its name', () => {
    expect(resourcesOf(template, 'AWS::SSM::Document').map(([, { Properties }]) => Properties.Name)).toEqual(
      documents.map(({ key, sha256 }) => documentName('fleetmend', key, sha256)),
    );
  });

  it.each([
    ['/nodes', 'mixed'],
    ['/aws/containerinsights/shop/host', 'host'],
    ['/kubelet', 'kubelet'],
  ] as const)('reads the log group %s by the pattern of %s groups', (logGroup, kind) => {
    const filter = resourceNamed(template, 'AWS::Logs::SubscriptionFilter', 'LogGroupName', logGroup);
    expect(filter.Properties.FilterPattern).toBe(filterPattern(remediations, kind));
  });
});

describe('synthesis', () => {
  it('gives the same template and the same bundles for the same input', () => {
    expect(synthesizeAnew().text).toBe(synthesizeAnew().text);
  });

  const namesOf = (template: Template, type: string) =>
    resourcesOf(template, type)
      .map(([, r]) => String(r.Properties.LogGroupName))
      .sort();
  const BOTH_FILTERS = ['AWS::Logs::SubscriptionFilter', 'AWS::Logs::MetricFilter'] as const;
  const OTHERS = ['/aws/containerinsights/shop/dataplane', '/bank/nodes'];

  it.each(['missing', 'class'] as const)('puts no filter on a log group of the reason %s, and names it', (reason) => {
    const { template } = synthesize(CONFIG, undefined, undefined, [{ logGroup: '/shop/nodes', reason }]);
    for (const type of BOTH_FILTERS) expect(namesOf(template, type)).toEqual(OTHERS);
    expect(template.Outputs.SkippedLogGroups).toEqual({ Value: '/shop/nodes' });
    expect(synthesize().template.Outputs).not.toHaveProperty('SkippedLogGroups');
  });

  it('counts the lines of a log group that takes no subscription more', () => {
    const { template } = synthesize(CONFIG, undefined, undefined, [{ logGroup: '/shop/nodes', reason: 'full' }]);
    expect(namesOf(template, 'AWS::Logs::SubscriptionFilter')).toEqual(OTHERS);
    expect(namesOf(template, 'AWS::Logs::MetricFilter')).toContain('/shop/nodes');
    expect(template.Outputs.SkippedLogGroups).toEqual({ Value: '/shop/nodes' });
  });

  it('reserves copies for the function that CloudWatch Logs invokes and one for the scheduler, and for no other', () => {
    const reserved = (config: unknown) =>
      resourcesOf(synthesize(config).template, 'AWS::Lambda::Function').flatMap(([, { Properties: p }]) =>
        p.ReservedConcurrentExecutions === undefined ? [] : [[p.FunctionName, p.ReservedConcurrentExecutions]],
      );
    expect(reserved(CONFIG)).toEqual([
      ['fleetmend-log-classifier', 5],
      ['fleetmend-scheduler', 1],
    ]);
    const maxConcurrency = { 'log-classifier': 'unreserved', scheduler: 'unreserved' };
    expect(reserved({ ...CONFIG, maxConcurrency })).toEqual([]);
  });

  it('fails on a finding of cdk-nag without an explanation', () => {
    const { app } = appWith();
    new Queue(app.node.findChild('fleetmend'), 'Careless');
    expect(() => app.synth()).toThrow(/[Vv]alidation/);
  });

  const nodeTags = ['eks:cluster-name', 'eks:eks-cluster-name', 'kubernetes.io/cluster'] as const;
  const manyClusters = (count: number) => ({
    clusters: Array.from({ length: count }, (_, i) => ({ name: `cluster-with-quite-a-long-name-${i}`, nodeTags })),
  });

  it('moves statements that an inline policy cannot hold to managed policies', () => {
    const { template } = synthesize(manyClusters(40));
    expect(resourcesOf(template, 'AWS::IAM::ManagedPolicy').length).toBeGreaterThan(1);
  });

  it('fails near the size limit of a policy, and names the cause of its growth', () => {
    const { app } = appWith(manyClusters(300));
    expect(() => app.synth()).toThrow(
      /function run-controller needs \d+ managed policies, and IAM allows 10; it grows with clusters \(300\)/s,
    );
  });

  it('fails before it synthesizes when a bundle was not built', async () => {
    const { createApp } = await import('../../infra/create-app.ts');
    const folder = temporaryFolder();
    const options = { config: CONFIG, remediations: [], documents: [], dist: folder, outdir: join(folder, 'out') };
    expect(() => createApp(options)).toThrow(/not built: .*\/functions\/log-classifier\/index\.mjs,.*npm run build/s);
  });
});
