import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  ALLOWED_TEMPLATE_BYTES,
  breachesOf,
  type MeasuredTemplate,
  measureTemplates,
} from '../../infra/template-limits.ts';
import { buildDocuments } from '../../ssm-documents/builder/build.ts';
import { remediations } from '../../ssm-documents/remediations.ts';
import { synthesize } from './synthesized.ts';

const shipped = { remediations, documents: buildDocuments() };
/** Clusters that repair, with two log groups each, and names as long as those of a real fleet. */
const clustersWithTwoGroups = (count: number) => ({
  clusters: Array.from({ length: count }, (_, i) => {
    const name = `production-eu-west-1-${i}`;
    const prefix = `/aws/containerinsights/${name}`;
    return { name, mode: 'repair' as const, logGroups: [`${prefix}/dataplane`, `${prefix}/host`] };
  }),
});
const measure = (count: number): readonly MeasuredTemplate[] =>
  measureTemplates(synthesize(clustersWithTwoGroups(count), 'eu-west-1', shipped).folder, 'fleetmend.template.json');
const largestOf = (sizes: readonly number[]): number => Math.max(0, ...sizes);

describe('with every document of the registry and two log groups for each cluster', () => {
  const rows = [1, 10, 60].map((clusters) => {
    const [parent, ...nested] = measure(clusters);
    if (parent === undefined) throw new Error('nothing was synthesized');
    return {
      clusters,
      'parent, bytes': parent.bytes,
      'parent, resources': parent.resources,
      'nested stacks': nested.length,
      'largest nested, bytes': largestOf(nested.map(({ bytes }) => bytes)),
      'largest nested, resources': largestOf(nested.map(({ resources }) => resources)),
      'function policy, bytes': largestOf(Object.values(parent.functionPolicies)),
      'queue policy, bytes': largestOf(Object.values(parent.queuePolicies).map(({ bytes }) => bytes)),
      'queue policy, statements': largestOf(Object.values(parent.queuePolicies).map(({ statements }) => statements)),
      'event pattern, characters': largestOf(Object.values(parent.eventPatterns)),
    };
  });

  it('templates and policies are well below their limits at 1, 10 and 60 clusters', () => {
    console.table(rows);
    for (const row of rows) {
      expect(row['parent, bytes']).toBeLessThanOrEqual(800_000);
      expect(row['largest nested, bytes']).toBeLessThanOrEqual(100_000);
      expect(row['function policy, bytes']).toBeLessThan(2000);
    }
  });

  it('a cluster costs the parent less than two resources and two kilobytes', () => {
    const [, ten, sixty] = rows;
    if (ten === undefined || sixty === undefined) throw new Error('a row is missing');
    expect((sixty['parent, resources'] - ten['parent, resources']) / 50).toBeLessThan(2);
    expect((sixty['parent, bytes'] - ten['parent, bytes']) / 50).toBeLessThan(2000);
  });
});

describe('beyond a limit', () => {
  const failureOf = (config: unknown, more: Partial<typeof shipped> = {}): string => {
    try {
      synthesize(config, 'eu-west-1', { ...shipped, ...more });
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    throw new Error('the synthesis succeeded');
  };
  const failure = (clusters: number, more: Partial<typeof shipped> = {}): string =>
    failureOf(clustersWithTwoGroups(clusters), more);

  it('the synthesis fails with a line that has the limit, the size, the cause and the remedy', () => {
    const [first] = shipped.documents;
    if (first === undefined) throw new Error('there is no document');
    // Each has another text: what documents share is in the template once.
    const padding = Array.from({ length: 7 }, (_, i) => ({
      ...first,
      key: `padding-${i}-check`,
      json: JSON.stringify({ padding: `${i}`.repeat(60_000) }),
    }));
    const message = failure(60, { documents: [...shipped.documents, ...padding] });
    console.info(message);
    const [heading, ...lines] = message.split('\n');
    expect(heading).toBe('checking the templates:');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^ {2}fleetmend\.template\.json: bytes of the template: 9\d\d,\d{3}, and 819,200 are allowed; CloudFormation takes 1,048,576.*put some clusters into a stack of their own by another stackName.*AWS::SSM::Document \(\d\d\d,\d{3} bytes in \d+\)/,
    );
  });

  it("IAM's limit comes first where only clusters are added, and CDK's own limit of resources never", () => {
    const message = failure(400);
    console.info(message);
    expect(message).toMatch(
      /the function run-controller needs \d+ managed policies, and IAM allows 10; it grows with clusters/,
    );
    expect(message).not.toMatch(/Number of resources/);
  });

  it('too many log groups of one cluster are to be fewer, since no other stack may have that cluster', () => {
    const logGroups = Array.from({ length: 498 }, (_, i) => `/nodes/${i}`);
    const message = failureOf({ clusters: [{ name: 'shop', logGroups }] });
    console.info(message);
    expect(message).toMatch(
      /\.nested\.template\.json: resources: 501, and 500 are allowed\. It grows with the log groups of one cluster: list fewer in its logGroups\. Its largest parts are AWS::Logs::MetricFilter/,
    );
    expect(message).not.toMatch(/stack of their own/);
  });

  it('too many log groups of all clusters are to be fewer, or divided with their clusters', () => {
    const isOfOneShard = (name: string) => (createHash('sha256').update(name).digest()[0] ?? 0) % 16 === 0;
    const all = Array.from({ length: 10_000 }, (_, i) => `/nodes/${i}`)
      .filter(isOfOneShard)
      .slice(0, 501);
    expect(all).toHaveLength(501);
    const message = failureOf({
      clusters: ['shop', 'bank'].map((name, i) => ({ name, logGroups: all.filter((_, j) => j % 2 === i) })),
    });
    console.info(message);
    expect(message).toMatch(
      /\.nested\.template\.json: resources: 501, and 500 are allowed\. It grows with the log groups of all clusters: list fewer in logGroups, or put some clusters, with theirs, into a stack of their own.*AWS::Logs::SubscriptionFilter/,
    );
  });

  it('every limit is one line', () => {
    const lines = breachesOf([
      {
        file: 'fleetmend.template.json',
        grownBy: 'clusters',
        bytes: ALLOWED_TEMPLATE_BYTES + 1,
        resources: 501,
        parameters: 201,
        outputs: 201,
        functionPolicies: { logs: 20_481 },
        queuePolicies: { Queue: { bytes: 8193, statements: 21 } },
        eventPatterns: { Rule: 4097 },
        largest: [{ type: 'AWS::SSM::Document', bytes: 500_000, count: 10 }],
      },
    ]);
    expect(lines).toHaveLength(8);
    expect(lines[1]).toMatch(/resources: 501, and 500 are allowed\. It grows with clusters/);
    expect(lines.every((line) => !line.includes('\n'))).toBe(true);
  });
});
