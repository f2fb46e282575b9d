import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { search } from '../deep.ts';
import { type Resource, resourcesOf, synthesize, type Template } from './synthesized.ts';

type Cluster = { readonly name: string; readonly logGroups: readonly string[] };

const property =
  (name: string) =>
  ([, { Properties }]: readonly [string, Resource]): string =>
    String(Properties[name]);
const valuesOf = (template: Template, type: string, name: string): readonly string[] =>
  resourcesOf(template, type).map(property(name)).toSorted();

/** Every log group has its two filters, and every cluster its alarms. */
const expectComplete = (clusters: readonly Cluster[]): void => {
  const { template } = synthesize({ clusters });
  const groups = clusters.flatMap(({ logGroups }) => logGroups).toSorted();
  expect(valuesOf(template, 'AWS::Logs::SubscriptionFilter', 'LogGroupName')).toEqual(groups);
  expect(valuesOf(template, 'AWS::Logs::MetricFilter', 'LogGroupName')).toEqual(groups);
  const alarms = valuesOf(template, 'AWS::CloudWatch::Alarm', 'AlarmName').filter((name) => name.includes('-cluster-'));
  expect(alarms).toEqual(
    clusters
      .flatMap(({ name, logGroups: own }) =>
        // Without a log group there is nothing to count sandbox failures in.
        [...(own.length > 0 ? ['sandbox-failures'] : []), 'disk-filling', 'failed-nodes'].map(
          (kind) => `fleetmend-cluster-${name}-${kind}`,
        ),
      )
      .toSorted(),
  );
};

/** Words that CDK's construct tree treats in a way of their own. */
const RESERVED = ['Default', 'Resource', 'NestedStack', 'NestedStackResource', 'DiskFilling', 'constructor'];

/** Two different names that are equal without their punctuation and their case. */
const alike = (first: string, separators: readonly string[]): fc.Arbitrary<readonly [string, string]> => {
  const separator = fc.constantFrom('', ...separators, ...separators.map((one) => one + one));
  const parts = fc.oneof(
    { weight: 4, arbitrary: fc.array(fc.constantFrom('eks', 'a', 'B', '3', 'node'), { minLength: 2, maxLength: 4 }) },
    { weight: 1, arbitrary: fc.constantFrom(...RESERVED).map((word) => [word]) },
  );
  const written = (words: readonly string[]) =>
    fc
      .array(fc.record({ separator, upper: fc.boolean() }), { minLength: words.length, maxLength: words.length })
      .map((styles) =>
        styles.map((style, i) => {
          const word = words[i] ?? '';
          return `${i === 0 ? first : style.separator}${style.upper ? word.toUpperCase() : word}`;
        }),
      )
      .map((all) => all.join(''));
  return parts.chain((words) => fc.tuple(written(words), written(words))).filter(([a, b]) => a !== b);
};
const clusterNames = fc.oneof(
  alike('', ['-', '_']),
  fc.shuffledSubarray(RESERVED, { minLength: 2, maxLength: 2 }).map(([a = '', b = '']) => [a, b] as const),
);
const groupNames = fc.oneof(
  alike('', ['-', '_', '/', '.', '#']),
  alike('/', ['-', '_', '/', '.', '#']),
  fc.shuffledSubarray(RESERVED, { minLength: 2, maxLength: 2 }).map(([a = '', b = '']) => [a, b] as const),
);

describe('names that are alike', () => {
  it.each<[string, readonly Cluster[]]>([
    ['log groups of one cluster', [{ name: 'shop', logGroups: ['/eks/a-b', '/eks/ab'] }]],
    ['log groups whose slashes CDK writes as two hyphens', [{ name: 'shop', logGroups: ['/eks', '--eks'] }]],
    [
      'clusters with the log groups of Container Insights',
      ['eu-3', 'eu3'].map((name) => ({ name, logGroups: [`/aws/containerinsights/${name}/dataplane`] })),
    ],
    ['clusters with words that CDK reserves', ['Default', 'Resource'].map((name) => ({ name, logGroups: [name] }))],
    [
      'names of the greatest length',
      ['a', 'b'].map((end) => ({ name: `${'c'.repeat(99)}${end}`, logGroups: [`/${'g'.repeat(510)}${end}`] })),
    ],
  ])('%s', (_, clusters) => {
    expectComplete(clusters);
  });

  it('have filters and alarms each, whatever they are', () => {
    fc.assert(
      fc.property(clusterNames, groupNames, fc.boolean(), ([a, b], [x, y], isTogether) => {
        expectComplete([
          { name: a, logGroups: isTogether ? [x, y] : [x] },
          { name: b, logGroups: isTogether ? [] : [y] },
        ]);
      }),
      search('ids of alike names', 6),
    );
  });

  it('keep their ids when another leaves the configuration or the order changes', () => {
    const [a, b, c] = ['a-b', 'ab', 'a_b'].map((name) => ({ name, logGroups: [`/${name}`, `/x/${name}`] }));
    const idsOf = (clusters: readonly unknown[]) =>
      Object.entries(synthesize({ clusters }).template.Resources)
        .filter(([, { Type }]) => /^AWS::(?:Logs::\w+Filter|CloudWatch::Alarm)$/.test(Type))
        .map(([id, { Properties: p }]) => `${id} ${p.LogGroupName ?? p.AlarmName}`);
    const all = idsOf([a, b, c]);
    const fewer = idsOf([c, b]);
    expect(fewer.length).toBeGreaterThan(2 * (3 + 4));
    expect(fewer.filter((id) => !all.includes(id))).toEqual([]);
  });
});
