import { describe, expect, it } from 'vitest';
import { nearLimit, POLICY_LIMITS, policyCharacters, tooMany } from './policy-size.ts';

describe('policyCharacters', () => {
  it('counts as IAM does: without white space', () => {
    expect(policyCharacters({ Action: 'a b' })).toBe('{"Action":"ab"}'.length);
  });

  it('counts references at the length they may grow to', () => {
    const arn = { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':sqs:', { Ref: 'AWS::Region' }, ':q']] };
    expect(policyCharacters(arn)).toBe('"arn:aws-us-gov:sqs:ap-southeast-7:q"'.length);
    expect(policyCharacters({ 'Fn::GetAtt': ['Queue', 'Arn'] })).toBeGreaterThan(80);
  });
});

describe('nearLimit', () => {
  const document = (characters: number) => 'x'.repeat(characters - 2);

  it('is silent while there is room', () => {
    expect(nearLimit('run-controller', 'inline', [document(9_000)], 'clusters (3)')).toEqual([]);
  });

  it.each(['inline', 'managed'] as const)('reports before an %s policy is full, adding up its documents', (kind) => {
    const half = document(POLICY_LIMITS[kind] / 2 - 10);
    expect(nearLimit('run-controller', kind, [half], 'clusters (3)')).toEqual([]);
    expect(nearLimit('run-controller', kind, [half, half], 'clusters (3)')).toEqual([
      expect.stringMatching(/run-controller needs \d+ characters.*clusters \(3\)/),
    ]);
  });
});

describe('tooMany', () => {
  it('reports an eleventh managed policy', () => {
    expect(tooMany('run-controller', 10, 'clusters (300)')).toEqual([]);
    expect(tooMany('run-controller', 11, 'clusters (300)')).toEqual([expect.stringContaining('clusters (300)')]);
  });
});
