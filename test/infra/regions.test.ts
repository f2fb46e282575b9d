import { Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { appWith, CONFIG, resourcesOf, synthesize } from './synthesized.ts';

/** The features that a template for a Region leaves out, by the table of capabilities. */
const leftOut = (region: string | undefined): readonly string[] => {
  const { template } = synthesize(CONFIG, region);
  const functions = resourcesOf(template, 'AWS::Lambda::Function').map(([, { Properties }]) => Properties);
  return [
    ...(functions.some(({ RecursiveLoop }) => RecursiveLoop !== undefined) ? [] : ['RecursiveLoop']),
    ...(functions.every(({ TracingConfig }) => TracingConfig !== undefined) ? [] : ['TracingConfig']),
  ];
};

describe('a template leaves out features that Lambda lacks in its Region', () => {
  it.each<[string | undefined, readonly string[]]>([
    ['eu-west-1', []],
    ['us-east-1', []],
    ['us-gov-west-1', ['RecursiveLoop']],
    ['us-gov-east-1', ['RecursiveLoop']],
    ['cn-north-1', ['RecursiveLoop', 'TracingConfig']],
    ['cn-northwest-1', ['RecursiveLoop', 'TracingConfig']],
    ['mx-central-1', ['RecursiveLoop', 'TracingConfig']],
    ['ap-southeast-6', ['RecursiveLoop', 'TracingConfig']],
    ['xx-unheard-of-1', ['RecursiveLoop', 'TracingConfig']],
    [undefined, ['RecursiveLoop', 'TracingConfig']],
  ])('%s: %j', (region, expected) => {
    const out = leftOut(region);
    console.info(`${region ?? 'without a Region'}: leaves out ${out.join(', ') || 'nothing'}`);
    expect(out).toEqual(expected);
    // In no Region: an existing mapping accepts no tags.
    for (const [, { Properties }] of resourcesOf(
      synthesize(CONFIG, region).template,
      'AWS::Lambda::EventSourceMapping',
    ))
      expect(Properties.Tags).toBeUndefined();
  });
});

describe('the warning about recursive loop detection', () => {
  const warnings = (region: string | undefined) => {
    const { app } = appWith(CONFIG, region);
    const [stack] = app.node.findAll().filter((construct) => Stack.isStack(construct));
    if (stack === undefined) throw new Error('the app has no stack');
    return Annotations.fromStack(stack)
      .findWarning('*', Match.stringLikeRegexp('recursive loop'))
      .map(({ entry }) => String(entry.data));
  };

  it('is given if the Region is unknown, with the consequence and the remedy', () => {
    const [warning, ...more] = warnings(undefined);
    expect(more).toEqual([]);
    expect(warning).toMatch(/about 16 .*set region/s);
  });

  it('is given for a Region that the table does not list', () => {
    expect(warnings('xx-unheard-of-1')).toHaveLength(1);
  });

  it.each(['eu-west-1', 'us-gov-west-1', 'cn-north-1', 'mx-central-1'])('is not given for %s', (region) => {
    expect(warnings(region)).toEqual([]);
  });
});
