import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, parseStrictJson } from './strict-json.ts';

describe('parseStrictJson', () => {
  it.each([
    '{"a":1,"b":{"a":1}}',
    '[{"a":1},{"a":1}]',
    ' { "a" : [ 1 , 2.50 , -1e2 , true , null ] , "b" : "x \\" , : { } y" }\n',
    '{"\\u0061":"\\/"}',
    '"a  b"',
    'null',
  ])('takes %s', (text) => {
    expect(parseStrictJson(text)).toEqual({ ok: true, value: JSON.parse(text) });
  });

  it.each([
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '[{"b":{"a":[],"a":[]}}]',
    '{"a":1,"__proto__":1,"__proto__":1}',
    '{"":"","":""}',
  ])('refuses %s: a key is there twice', (text) => {
    expect(parseStrictJson(text)).toEqual({ ok: false, error: 'an object has a key twice' });
  });

  it.each(['', '{', '{"a":1,}', 'content'])('refuses %j: it is not JSON', (text) => {
    expect(parseStrictJson(text)).toEqual({ ok: false, error: 'it is not JSON' });
  });

  it('takes every JSON text however it is indented, and finds a key that was added once more', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), fc.nat(4), (object, spaces) => {
        const text = JSON.stringify(object, undefined, spaces);
        expect(parseStrictJson(text)).toEqual({ ok: true, value: JSON.parse(text) });
        const [key = ''] = Object.keys(object);
        expect(parseStrictJson(text.replace('{', () => `{${JSON.stringify(key)}:"again",`)).ok).toBe(false);
      }),
    );
  });
});

describe('canonicalJson', () => {
  it('is the same text for every order of keys and every indentation, and another for other content', () => {
    const text = canonicalJson({ b: [1, { d: null, c: 'x' }], a: true });
    expect(text).toBe('{"a":true,"b":[1,{"c":"x","d":null}]}');
    expect(canonicalJson(JSON.parse('{ "a": true,\n "b": [1, {"c": "x", "d": null}] }'))).toBe(text);
    expect(canonicalJson({ a: true, b: [{ c: 'x', d: null }, 1] })).not.toBe(text);
  });
});
