import { describe, expect, it } from 'vitest';
import { resourcesOf, synthesize, type Template } from './synthesized.ts';

const manyGroups = (count: number) => ({
  clusters: [
    { name: 'shop', logGroups: Array.from({ length: count }, (_, i) => `/a/quite/long/name/of/a/log/group/${i}`) },
  ],
});
const permissions = (template: Template) =>
  resourcesOf(template, 'AWS::Lambda::Permission').filter(([, { Properties }]) =>
    JSON.stringify(Properties.SourceArn).includes(':log-group:'),
  );

describe('the right of CloudWatch Logs to call', () => {
  it.each([1, 120])('is one permission for %i log groups, on which every filter depends', (count) => {
    const { template } = synthesize(manyGroups(count));
    const [permission, ...more] = permissions(template);
    expect(more).toEqual([]);
    const filters = resourcesOf(template, 'AWS::Logs::SubscriptionFilter');
    expect(filters).toHaveLength(count);
    for (const [, { DependsOn }] of filters) expect([DependsOn].flat()).toContain(permission?.[0]);
  });

  it.each([undefined, 'eu-west-1', 'cn-north-1'])(
    'is for the log groups of this account and Region, whose principal has the domain of the partition (%s)',
    (region) => {
      const { template } = synthesize(manyGroups(2), region);
      expect(permissions(template)[0]?.[1].Properties).toMatchObject({
        Action: 'lambda:InvokeFunction',
        Principal: { 'Fn::Join': ['', ['logs.', { Ref: 'AWS::URLSuffix' }]] },
        SourceAccount: { Ref: 'AWS::AccountId' },
        SourceArn: {
          'Fn::Join': [
            '',
            [
              'arn:',
              { Ref: 'AWS::Partition' },
              ':logs:',
              { Ref: 'AWS::Region' },
              ':',
              { Ref: 'AWS::AccountId' },
              ':log-group:*',
            ],
          ],
        },
      });
    },
  );

  it('is not given where no log group is subscribed', () => {
    expect(permissions(synthesize({ clusters: [{ name: 'shop' }] }).template)).toEqual([]);
  });
});
