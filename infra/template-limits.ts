import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { cx_api } from 'aws-cdk-lib';
import * as z from 'zod';
import { policyCharacters } from './constructs/policy-size.ts';

/** CloudFormation's limit on a template in S3, in bytes. Source: CloudFormation user guide, quotas, template body size. */
const MAX_TEMPLATE_BYTES = 1_048_576;
/**
 * The part of that which a template may take, in bytes. Most of the parent's template is documents, which grow with
 * each version of fleetmend: the rest is kept free, so that a deployment that fits today can take the next versions.
 */
export const ALLOWED_TEMPLATE_BYTES = 819_200;
/** Source: CloudFormation user guide, quotas. */
const MAX = { Resources: 500, Parameters: 200, Outputs: 200 } as const;
/** In bytes. Source: Lambda developer guide, quotas, function resource-based policy. */
const MAX_FUNCTION_POLICY_BYTES = 20_480;
/** Source: SQS developer guide, "Amazon SQS policy quotas". */
const MAX_QUEUE_POLICY = { bytes: 8192, statements: 20 } as const;
/** In characters. Source: EventBridge user guide, quotas, event pattern size. */
const MAX_EVENT_PATTERN_CHARACTERS = 4096;

const Resource = z.object({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  Metadata: z.record(z.string(), z.unknown()).default({}),
});
const Template = z.object({
  Resources: z.record(z.string(), Resource),
  Parameters: z.record(z.string(), z.unknown()).default({}),
  Outputs: z.record(z.string(), z.unknown()).default({}),
});
const PolicyDocument = z.object({ Statement: z.array(z.unknown()) });

/** By the part of the configuration that a template grows with: the advice where it is too large. */
const GROWTH = {
  clusters:
    'It grows with clusters: put some clusters into a stack of their own by another stackName, or into a stack in ' +
    'another Region',
  'log groups of one cluster': 'It grows with the log groups of one cluster: list fewer in its logGroups',
  'log groups of all clusters':
    'It grows with the log groups of all clusters: list fewer in logGroups, or put some clusters, with theirs, into a ' +
    'stack of their own by another stackName, or into a stack in another Region',
} as const;

/** Nested stacks are recognized by their filters: metric filters belong to a cluster, subscription filters to a shard. */
const growthOf = (types: ReadonlySet<string>): keyof typeof GROWTH => {
  if (types.has('AWS::Logs::MetricFilter')) return 'log groups of one cluster';
  return types.has('AWS::Logs::SubscriptionFilter') ? 'log groups of all clusters' : 'clusters';
};

/** A template of an assembly and its sizes, for each of which there is a limit. */
export type MeasuredTemplate = {
  readonly file: string;
  readonly grownBy: keyof typeof GROWTH;
  readonly bytes: number;
  readonly resources: number;
  readonly parameters: number;
  readonly outputs: number;
  /** By owner: the resource policy of each function, in bytes at most. */
  readonly functionPolicies: Readonly<Record<string, number>>;
  /** By logical id: the policies of queues, in bytes at most, and their statements. */
  readonly queuePolicies: Readonly<Record<string, { readonly bytes: number; readonly statements: number }>>;
  /** By logical id, in characters. */
  readonly eventPatterns: Readonly<Record<string, number>>;
  /** The types of resources that take the most bytes, the largest first. */
  readonly largest: readonly { readonly type: string; readonly bytes: number; readonly count: number }[];
};

/** A permission as the statement that it adds to the function's policy; Lambda generates the statement id. */
const statementOf = (permission: Readonly<Record<string, unknown>>): unknown => ({
  Sid: 'x'.repeat(100),
  Effect: 'Allow',
  Principal: { Service: permission.Principal },
  Action: permission.Action,
  Resource: permission.FunctionName,
  Condition: {
    StringEquals: { 'AWS:SourceAccount': permission.SourceAccount },
    ArnLike: { 'AWS:SourceArn': permission.SourceArn },
  },
});

const measured = (file: string, text: string, template: z.infer<typeof Template>): MeasuredTemplate => {
  const entries = Object.entries(template.Resources);
  const ofType = (type: string) => entries.filter(([, { Type }]) => Type === type);
  const permissions = Map.groupBy(ofType('AWS::Lambda::Permission'), ([, { Properties }]) =>
    JSON.stringify(Properties.FunctionName),
  );
  const byType = Map.groupBy(entries, ([, { Type }]) => Type);
  return {
    file,
    grownBy: growthOf(new Set(byType.keys())),
    bytes: Buffer.byteLength(text),
    resources: entries.length,
    parameters: Object.keys(template.Parameters).length,
    outputs: Object.keys(template.Outputs).length,
    functionPolicies: Object.fromEntries(
      [...permissions].map(([name, own]) => [
        name,
        policyCharacters({ Statement: own.map(([, { Properties }]) => statementOf(Properties)) }),
      ]),
    ),
    queuePolicies: Object.fromEntries(
      ofType('AWS::SQS::QueuePolicy').map(([id, { Properties }]) => [
        id,
        {
          bytes: policyCharacters(Properties.PolicyDocument),
          statements: PolicyDocument.parse(Properties.PolicyDocument).Statement.length,
        },
      ]),
    ),
    eventPatterns: Object.fromEntries(
      ofType('AWS::Events::Rule')
        .filter(([, { Properties }]) => Properties.EventPattern !== undefined)
        .map(([id, { Properties }]) => [id, JSON.stringify(Properties.EventPattern).length]),
    ),
    largest: [...byType]
      .map(([type, own]) => ({ type, bytes: JSON.stringify(Object.fromEntries(own)).length, count: own.length }))
      .toSorted((a, b) => b.bytes - a.bytes)
      .slice(0, 3),
  };
};

/**
 * Measures a template of an assembly and those of its nested stacks, the parent first.
 *
 * @throws where a nested stack does not name its template by `aws:asset:path`
 */
export const measureTemplates = (assembly: string, file: string): readonly MeasuredTemplate[] => {
  const text = readFileSync(join(assembly, file), 'utf8');
  const template = Template.parse(JSON.parse(text));
  const nested = Object.values(template.Resources)
    .filter(({ Type }) => Type === 'AWS::CloudFormation::Stack')
    .flatMap(({ Metadata }) => measureTemplates(assembly, z.string().parse(Metadata['aws:asset:path'])));
  return [measured(file, text, template), ...nested];
};

const count = (value: number): string => value.toLocaleString('en');

/** The exceeded limits: one line for each, with the size, the limit and advice. */
export const breachesOf = (templates: readonly MeasuredTemplate[]): readonly string[] =>
  templates.flatMap((template) => {
    const { file, bytes, largest } = template;
    const parts = largest.map((part) => `${part.type} (${count(part.bytes)} bytes in ${count(part.count)})`).join(', ');
    const advice = GROWTH[template.grownBy];
    const over = (what: string, has: number, limit: number, toDo: string, why = ''): readonly string[] =>
      has <= limit ? [] : [`${file}: ${what}: ${count(has)}, and ${count(limit)} are allowed${why}. ${toDo}`];
    const reserve = `; CloudFormation takes ${count(MAX_TEMPLATE_BYTES)}, and the rest is kept free for later versions`;
    const constant = 'It is the same for every configuration: this is an error of fleetmend, please report it';
    return [
      ...over(
        'bytes of the template',
        bytes,
        ALLOWED_TEMPLATE_BYTES,
        `${advice}. Its largest parts are ${parts}`,
        reserve,
      ),
      ...over('resources', template.resources, MAX.Resources, `${advice}. Its largest parts are ${parts}`),
      ...over('parameters', template.parameters, MAX.Parameters, advice),
      ...over('outputs', template.outputs, MAX.Outputs, advice),
      ...Object.entries(template.functionPolicies).flatMap(([name, size]) =>
        over(`bytes of the resource policy of the function ${name}`, size, MAX_FUNCTION_POLICY_BYTES, constant),
      ),
      ...Object.entries(template.queuePolicies).flatMap(([id, policy]) => [
        ...over(`bytes of the queue policy ${id}`, policy.bytes, MAX_QUEUE_POLICY.bytes, constant),
        ...over(`statements of the queue policy ${id}`, policy.statements, MAX_QUEUE_POLICY.statements, constant),
      ]),
      ...Object.entries(template.eventPatterns).flatMap(([id, size]) =>
        over(`characters of the event pattern ${id}`, size, MAX_EVENT_PATTERN_CHARACTERS, constant),
      ),
    ];
  });

/**
 * Checks every template of an assembly against the limits of AWS.
 *
 * @throws with one line for each breach
 */
export const checkTemplates = (assembly: cx_api.CloudAssembly): void => {
  const breaches = assembly.stacks.flatMap(({ templateFile }) =>
    breachesOf(measureTemplates(assembly.directory, templateFile)),
  );
  if (breaches.length > 0) throw new Error(`checking the templates:\n  ${breaches.join('\n  ')}`);
};
