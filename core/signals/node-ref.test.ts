import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { search } from '../../test/deep.ts';
import { readNodeRef } from './node-ref.ts';

const FARGATE = 'fargate-ip-10-0-1-23.cn-north-1.compute.internal';
const ID = 'i-0123456789abcdef0';
const NAME = 'ip-10-0-1-23.cn-north-1.compute.internal';

/** A name of 253 characters. */
const LONGEST = `${`${'a'.repeat(62)}.`.repeat(4)}a`;

describe('a node is', () => {
  it.each([
    ['an instance id', ID, { kind: 'instance-id', id: ID }],
    ['an old instance id', 'i-12345678', { kind: 'instance-id', id: 'i-12345678' }],
    ['a provider id', `aws:///cn-north-1a/${ID}`, { kind: 'instance-id', id: ID }],
    ['a provider id with two slashes', `aws://cn-north-1a/${ID}`, { kind: 'instance-id', id: ID }],
    ['a resource-based host name', `${ID}.cn-north-1.compute.internal`, { kind: 'instance-id', id: ID }],
    ['a private DNS name', NAME, { kind: 'private-dns', name: NAME }],
    [
      'a private DNS name in us-east-1',
      'ip-10-0-1-23.ec2.internal',
      { kind: 'private-dns', name: 'ip-10-0-1-23.ec2.internal' },
    ],
    ['a private DNS name in another case', NAME.toUpperCase(), { kind: 'private-dns', name: NAME }],
    ['a name of single letters', 'a.b.c', { kind: 'private-dns', name: 'a.b.c' }],
    ['a name that is as long as any', LONGEST, { kind: 'private-dns', name: LONGEST }],
    ['a name with an instance id in its midst', `x.${ID}.internal`, { kind: 'private-dns', name: `x.${ID}.internal` }],
    ['an old resource-based host name', 'i-12345678.ec2.internal', { kind: 'instance-id', id: 'i-12345678' }],
    ['a bare node name', ' ip-10-0-1-23\n', { kind: 'private-dns', name: 'ip-10-0-1-23' }],
  ])('%s', (_, text, node) => {
    expect(readNodeRef(text)).toEqual({ kind: 'node', node });
  });

  it.each([
    [FARGATE, { nodeKind: 'FargateNode', nodeId: FARGATE }],
    [`aws:///cn-north-1a/1ac7a1b20c-3d4e5f/${FARGATE}`, { nodeKind: 'FargateNode', nodeId: FARGATE }],
    [`aws://cn-north-1a/1ac7a1b20c-3d4e5f/${FARGATE}`, { nodeKind: 'FargateNode', nodeId: FARGATE }],
    ['eks-hybrid://cn-north-1/demo/rack-7', { nodeKind: 'HybridNode', nodeId: 'hybrid-nodes/rack-7', cluster: 'demo' }],
    ['mi-0123456789abcdef0', { nodeKind: 'HybridNode', nodeId: 'mi-0123456789abcdef0' }],
    [
      'eks-hybrid:///cn-north-1/demo/mi-0123456789abcdef0',
      { nodeKind: 'HybridNode', nodeId: 'mi-0123456789abcdef0', cluster: 'demo' },
    ],
    [
      'eks-hybrid:///cn-north-1/demo/rack-7',
      { nodeKind: 'HybridNode', nodeId: 'hybrid-nodes/rack-7', cluster: 'demo' },
    ],
  ])('named but not supported: %s', (text, named) => {
    expect(readNodeRef(text)).toEqual({ kind: 'unsupported', ...named });
  });

  it.each([
    '',
    'i-123',
    `${ID}0`,
    `${ID}; reboot`,
    'a name',
    'i-1.internal',
    `${LONGEST}.a`,
    `${'x'.repeat(64)}.internal`,
    `xaws:///cn-north-1a/${ID}`,
    'xeks-hybrid:///cn-north-1/demo/rack-7',
    'eks-hybrid:///cn-north-1/demo/rack-7/x',
    `xaws:///cn-north-1a/1ac7a1b20c-3d4e5f/${FARGATE}`,
    `aws:///cn-north-1a/1ac7a1b20c-3d4e5f/${FARGATE}/x`,
    '-ip',
    'fargate-*',
    'mi-1; reboot',
    'eks-hybrid:///cn-north-1/../mi-0123456789abcdef0',
    'eks-hybrid:///cn-north-1/demo/a b',
    'a..b',
    'hybrid-nodes/rack-7',
    'gce://project/zone/node',
    `aws:///cn-north-1a/${ID}/x`,
    'ip-10-0-1-23,ip-10-0-1-24',
    '*',
    'ip-10-?',
    'x'.repeat(254),
  ])('none: %j', (text) => {
    expect(readNodeRef(text)).toMatchObject({ kind: 'unreadable' });
  });
});

it('refuses every text that EC2 would read as a pattern', async () => {
  await fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.constantFrom(ID, NAME)), (text) => {
      const reading = readNodeRef(text);
      if (reading.kind !== 'node') return;
      const value = reading.node.kind === 'instance-id' ? reading.node.id : reading.node.name;
      expect(value).toMatch(/^[a-z0-9.-]{1,253}$/);
    }),
    search('texts that name a node', 200),
  );
});
