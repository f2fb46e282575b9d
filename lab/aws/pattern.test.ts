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
    ['anything but, by one element of a list', { detail: { tags: [{ 'anything-but': ['a', 'B'] }] } }],
    ['anything but a text, on a number', { detail: { price: [{ 'anything-but': 'x' }] } }],
    ['a leaf that exists in one element of a list', { detail: { list: { age: [{ exists: true }] } } }],
    ['what does not exist beside a value', { detail: { other: [{ exists: false }, 'x'], status: ['Success'] } }],
    ['$or as a name where it holds one branch', { $or: [{ exists: false }], source: ['aws.ssm'] }],
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
    ['exists: false on what is there', { detail: { status: [{ exists: false }] } }],
    ['exists: true on what is missing', { detail: { other: [{ exists: true }] } }],
    ['null, where the key is missing', { detail: { other: [null] } }],
    ['an empty text, where it is null', { detail: { nothing: [''] } }],
    ['a key in another case', { detail: { Status: ['Success'] } }],
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
    ['a numeric range the wrong way round', { detail: { price: [{ numeric: ['<', 9, '>', 3] }] } }],
    ['an empty numeric range', { detail: { price: [{ numeric: ['>', 9, '<', 3] }] } }],
    ['a number beyond five thousand million', { detail: { price: [{ numeric: ['<', 5_000_000_001] }] } }],
    ['anything but texts and numbers', { detail: { price: [{ 'anything-but': ['a', 1] }] } }],
    ['anything but null', { detail: { price: [{ 'anything-but': [null] }] } }],
    ['anything but a prefix in any case', { source: [{ 'anything-but': { prefix: { 'equals-ignore-case': 'A' } } }] }],
    ['a list in any case', { source: [{ 'equals-ignore-case': ['a', 'b'] }] }],
    ['a key with a dot', { 'detail.status': ['Success'] }],
    ['a list inside a list', { source: [['aws.ssm']] }],
    ['exists beside another operator', { detail: { status: [{ exists: true, prefix: 'S' }] } }],
    [
      '$or with a field that stands outside too',
      { source: ['a'], $or: [{ source: ['b'] }, { detail: { flag: [true] } }] },
    ],
    [
      '$or with a deep field that stands outside too',
      { detail: { status: ['a'] }, $or: [{ detail: { status: ['b'] } }, { source: ['c'] }] },
    ],
    [
      '$or inside with a field that stands outside of it',
      { detail: { status: ['a'], $or: [{ status: ['b'] }, { price: [1] }] } },
    ],
    ['consecutive wildcards', { detail: { path: [{ wildcard: 'a**b' }] } }],
  ])('%s', (_name, pattern) => {
    expect(() => compilePattern(pattern)).toThrow('reading an event pattern');
  });
});

describe('refuses where its answer could differ from event-ruler', () => {
  it.each<[string, unknown, unknown]>([
    ['a list in a list', { detail: { tags: ['a'] } }, { detail: { tags: [['a'], 'b'] } }],
    ['objects in a list in a list', { detail: { list: { user: ['a'] } } }, { detail: { list: [[{ user: 'a' }]] } }],
    ['exists: false below a list of objects', { detail: { list: { age: [{ exists: false }] } } }, event],
    ['exists: false deeper below a list of objects', { detail: { list: { a: { b: [{ exists: false }] } } } }, event],
    ['exists: false on a list of objects', { detail: { list: [{ exists: false }] } }, event],
  ])('%s', (_name, pattern, given) => {
    expect(() => compilePattern(pattern).matches(given)).toThrow('matching an event');
  });

  it('but not where the pattern looks at another field', () => {
    const given = { source: 'a', detail: { tags: [['a']], list: [{ age: 1 }] } };
    expect(compilePattern({ source: ['a'], detail: { other: [{ exists: false }] } }).matches(given)).toBe(true);
  });
});
