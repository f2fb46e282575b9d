import { describe, expect, it } from 'vitest';
import { createAlike } from './alike-values.ts';
import { createIam } from './iam.ts';

const KEY = 'dynamodb:LeadingKeys';
const statement = (operator: string, ...patterns: readonly string[]) => ({
  Effect: 'Allow',
  Action: 'dynamodb:GetItem',
  Resource: '*',
  Condition: { [operator]: { [KEY]: patterns } },
});
const alike = (...statements: readonly unknown[]) => createAlike(statements, KEY.toLowerCase());

describe('values of a condition key', () => {
  it('are alike where they match the same patterns', () => {
    const of = alike(statement('ForAllValues:StringLike', 'NODE#*', 'RUN#?'), statement('StringEquals', 'NODE#2'));
    expect(['NODE#1', 'NODE#2', 'NODE#3', 'RUN#1', 'RUN#12', 'OTHER', 'RUN#9'].map(of)).toEqual([
      ...['NODE#1', 'NODE#2', 'NODE#1', 'RUN#1', 'RUN#12', 'RUN#12', 'RUN#1'],
    ]);
  });

  it.each([
    ['under an operator that compares anything else', statement('StringEqualsIgnoreCase', 'a', 'b')],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of IAM
    ['where a pattern holds a variable', statement('StringLike', 'NODE#${aws:username}*')],
  ])('are never alike %s', (_, one) => {
    expect(['x', 'y'].map(alike(one))).toEqual(['x', 'y']);
  });

  it('of a request are decided one by one', async () => {
    const Statement = [statement('ForAllValues:StringLike', 'NODE#*', 'LANE#a')];
    const role = { kind: 'role', arn: 'arn:aws:sts::123456789012:assumed-role/R/f', policies: [] } as const;
    const policies = [{ name: 'own', policy: { Version: '2012-10-17', Statement } }];
    const principal = { ...role, principalArn: 'arn:aws:iam::123456789012:role/R', policies };
    const iam = createIam('123456789012', 'eu-west-1');
    const resource = 'arn:aws:dynamodb:eu-west-1:123456789012:table/t';
    const allowed = async (...keys: readonly string[]) =>
      (await iam.decide(principal, { action: 'dynamodb:GetItem', resource, context: { [KEY]: keys } })).allowed;
    const asked = [['NODE#1'], ['LANE#b'], ['NODE#2'], ['LANE#a'], ['LANE#c'], ['NODE#3', 'LANE#a'], ['NODE#4', 'X']];
    const answers: boolean[] = [];
    for (const keys of asked) answers.push(await allowed(...keys));
    expect(answers).toEqual([true, false, true, true, false, true, false]);
  });
});
