import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { ClusterName, HybridId, InstanceId, NodeId } from './ids.ts';

const HEX = '0123456789abcdef0';
const of = (length: number): string => 'a'.repeat(length);

describe('a name', () => {
  it.each<[string, z.ZodType, readonly string[], readonly string[]]>([
    [
      'of an instance',
      InstanceId,
      ['i-12345678', `i-${HEX}`],
      ['i-1', 'i-123456789', `i-${HEX}0`, 'I-12345678', 'i-1234567g', ` i-${HEX}`, `i-${HEX}\n`, `mi-${HEX}`],
    ],
    ['of a hybrid node', HybridId, [`mi-${HEX}`], [`mi-${HEX}0`, 'mi-12345678', `xmi-${HEX}`, `mi-${HEX} `]],
    [
      'of a node',
      NodeId,
      [
        ...[
          'i-12345678',
          `i-${HEX}`,
          `mi-${HEX}`,
          'fargate-a',
          'fargate-ip-10-0-1-2.ec2.internal',
          `fargate-${of(245)}`,
        ],
        ...['fargate-profile/apps_1-A', `fargate-profile/${of(100)}`, 'hybrid-nodes/r', `hybrid-nodes/R.${of(251)}`],
      ],
      [
        ...[
          '',
          'i-1',
          `i-${HEX}0`,
          `xi-${HEX}`,
          `i-${HEX}x`,
          `mi-${HEX}0`,
          'mi-1',
          'i-gggggggggggggggg0',
          'fargate-',
          'fargate--a',
        ],
        ...['fargate-a.', `fargate-${of(246)}`, 'fargate-A', 'fargate-profile/', `fargate-profile/${of(101)}`],
        ...['fargate-profile/a.b', 'hybrid-nodes/', 'hybrid-nodes/.r', `hybrid-nodes/${of(254)}`, 'hybrid-nodes/a b'],
      ],
    ],
    ['of a cluster', ClusterName, ['a', 'A_1-b', of(100)], ['', '-a', '_a', of(101), 'a.b', 'a b', ' a', 'a\n']],
  ])('%s has a form', (_, schema, good, bad) => {
    for (const text of good) expect([text, schema.safeParse(text).success]).toEqual([text, true]);
    for (const text of bad) expect([text, schema.safeParse(text).success]).toEqual([text, false]);
  });

  it.each<[z.ZodType, string]>([
    [InstanceId, 'not an EC2 instance id: expected i- and 8 or 17 hex digits'],
    [NodeId, 'not an EC2 instance id (i- and 8 or 17 hex digits), nor the name of a Fargate or hybrid node'],
    [ClusterName, 'not an EKS cluster name: 1 to 100 letters, digits, - or _, first a letter or digit'],
  ])('that is none says what is expected, %#', (schema, message) => {
    expect(schema.safeParse('').error?.issues).toMatchObject([{ message }]);
  });
});
