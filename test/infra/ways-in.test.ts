import { describe, expect, it } from 'vitest';
import { ACCOUNT, statementsOf } from './resolve.ts';
import { CONFIG, resourcesOf, synthesize } from './synthesized.ts';

const { template } = synthesize(CONFIG, 'eu-west-1');

describe('the managed policies', () => {
  it.each([
    ['Readers', ['look']],
    ['Responders', ['look', 'stop']],
    ['Operators', ['look', 'stop', 'act']],
  ])('let %s call aliases of operator-api and audit-query, and nothing else', (people, ways) => {
    const [policy] = resourcesOf(template, 'AWS::IAM::ManagedPolicy').filter(([id]) => id.includes(people));
    const alias = (name: string) => `arn:aws:lambda:eu-west-1:${ACCOUNT}:function:fleetmend-${name}`;
    expect(statementsOf(template, policy?.[1].Properties.PolicyDocument)).toEqual([
      {
        Effect: 'Allow',
        Action: ['lambda:InvokeFunction'],
        Resource: [alias('audit-query:look'), ...ways.map((way) => alias(`operator-api:${way}`))],
      },
    ]);
  });

  it('have aliases that follow the latest version, and are tried again like the function', () => {
    const aliases = resourcesOf(template, 'AWS::Lambda::Alias').map(([, { Properties }]) => Properties);
    expect(aliases.map(({ Name, FunctionVersion }) => [Name, FunctionVersion]).toSorted()).toEqual([
      ['act', '$LATEST'],
      ['look', '$LATEST'],
      ['look', '$LATEST'],
      ['stop', '$LATEST'],
    ]);
    const retries = resourcesOf(template, 'AWS::Lambda::EventInvokeConfig')
      .map(([, { Properties }]) => Properties)
      // An alias's is taken from its ARN.
      .filter(({ Qualifier }) => typeof Qualifier !== 'string');
    expect(retries).toHaveLength(3);
    for (const retry of retries)
      expect(retry).toMatchObject({ MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 3600 });
  });
});
