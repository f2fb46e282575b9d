import { describe, expect, it } from 'vitest';
import { compilePattern } from './pattern.ts';

const event = {
  source: 'aws.ssm',
  'detail-type': 'EC2 Command Status-change Notification',
  detail: {
    'document-name': 'fleetmend-pause-image-check-0123456789ab',
    status: 'Success',
    price: 25,
    empty: '',
    nothing: null,
    flag: true,
    tags: ['a', 'B', 'c'],
    nested: { deep: { name: 'Zoé' } },
    list: [
      { user: 'ann', age: 30 },
      { user: 'bob', age: 60 },
    ],
    path: 'dir/file.png',
  },
};

describe('matches', () => {
  it.each<[string, unknown]>([
    ['an exact value', { source: ['aws.ssm'] }],
    ['one of several', { detail: { status: ['Failed', 'Success'] } }],
    ['all keys together', { source: ['aws.ssm'], detail: { status: ['Success'], price: [25] } }],
    ['a number', { detail: { price: [25] } }],
    ['a boolean', { detail: { flag: [true] } }],
    ['null', { detail: { nothing: [null] } }],
    ['an empty text', { detail: { empty: [''] } }],
    ['a prefix', { detail: { 'document-name': [{ prefix: 'fleetmend-' }] } }],
    ['a prefix in any case', { detail: { 'document-name': [{ prefix: { 'equals-ignore-case': 'FLEETMEND-' } }] } }],
    ['a suffix', { detail: { path: [{ suffix: '.png' }] } }],
    ['anything but a text', { detail: { status: [{ 'anything-but': 'Failed' }] } }],
    ['anything but a list', { detail: { status: [{ 'anything-but': ['Failed', 'TimedOut'] }] } }],
    ['anything but a number', { detail: { price: [{ 'anything-but': [24] }] } }],
    ['anything but a prefix', { detail: { status: [{ 'anything-but': { prefix: 'Fail' } }] } }],
    ['anything but suffixes', { detail: { path: [{ 'anything-but': { suffix: ['.jpg', '.gif'] } }] } }],
    ['anything but, in any case', { detail: { status: [{ 'anything-but': { 'equals-ignore-case': ['failed'] } }] } }],
    ['anything but a wildcard', { detail: { path: [{ 'anything-but': { wildcard: '*/lib/*' } }] } }],
    ['equals in any case', { detail: { status: [{ 'equals-ignore-case': 'SUCCESS' }] } }],
    ['numeric bounds', { detail: { price: [{ numeric: ['>', 0, '<=', 25] }] } }],
    ['a numeric equality', { detail: { price: [{ numeric: ['=', 25] }] } }],
    ['a wildcard', { detail: { path: [{ wildcard: 'dir/*.png' }] } }],
    ['exists', { detail: { status: [{ exists: true }] } }],
    ['a leaf that does not exist', { detail: { other: [{ exists: false }] } }],
    ['a leaf that does not exist below what does not', { other: { deep: [{ exists: false }] } }],
    ['one element of a list', { detail: { tags: ['B', 'x'] } }],
    ['a deep value', { detail: { nested: { deep: { name: ['Zoé'] } } } }],
    ['one element of a list of objects', { detail: { list: { user: ['bob'], age: [60] } } }],
    ['either branch', { detail: { $or: [{ status: ['Failed'] }, { price: [{ numeric: ['<', 30] }] }] } }],
    ['$or beside a key', { source: ['aws.ssm'], $or: [{ 'detail-type': ['x'] }, { detail: { flag: [true] } }] }],
  ])('%s', (_name, pattern) => {
    expect(compilePattern(pattern).matches(event)).toBe(true);
  });
});

describe('does not match', () => {
  it.each<[string, unknown]>([
    ['another value', { source: ['aws.ec2'] }],
    ['only some of the keys', { source: ['aws.ssm'], detail: { status: ['Failed'] } }],
    ['a text for a number', { detail: { price: ['25'] } }],
    ['a missing key', { detail: { other: ['x'] } }],
    ['anything but, where the key is missing', { detail: { other: [{ 'anything-but': 'x' }] } }],
    ['anything but, on the value', { detail: { status: [{ 'anything-but': ['Success'] }] } }],
    ['a numeric bound on a text', { detail: { status: [{ numeric: ['>', 0] }] } }],
    ['exists on an object', { detail: { nested: [{ exists: true }] } }],
    ['a mixture of elements', { detail: { list: { user: ['ann'], age: [60] } } }],
    ['a wildcard that stops short', { detail: { path: [{ wildcard: 'dir/*.jp*' }] } }],
    ['a prefix in another case', { detail: { 'document-name': [{ prefix: 'Fleetmend-' }] } }],
    ['no branch', { detail: { $or: [{ status: ['Failed'] }, { price: [1] }] } }],
  ])('%s', (_name, pattern) => {
    expect(compilePattern(pattern).matches(event)).toBe(false);
  });
});

describe('refuses', () => {
  it.each<[string, unknown]>([
    ['an unknown operator', { detail: { status: [{ regex: '.*' }] } }],
    ['cidr, which the lab does not know', { detail: { ip: [{ cidr: '10.0.0.0/24' }] } }],
    ['a bare value', { source: 'aws.ssm' }],
    ['an empty list', { source: [] }],
    ['an empty object', { detail: {} }],
    ['two operators', { source: [{ prefix: 'a', suffix: 'b' }] }],
    ['an ill-formed numeric', { detail: { price: [{ numeric: ['>', 'x'] }] } }],
    ['exists with a text', { detail: { price: [{ exists: 'true' }] } }],
    ['consecutive wildcards', { detail: { path: [{ wildcard: 'a**b' }] } }],
  ])('%s', (_name, pattern) => {
    expect(() => compilePattern(pattern)).toThrow('reading an event pattern');
  });
});
