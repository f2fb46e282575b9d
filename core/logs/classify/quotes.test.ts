import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unquote } from './quotes.ts';

const read = (raw: string): string => unquote(raw).text;
const quote = (text: string): string => JSON.stringify(text);

describe('unquote', () => {
  it.each([
    ['escapes', String.raw`a\"b\\\"c`, 'a"b"c'],
    ['escaped line ends and tabs', String.raw`a\nb\\r\\\tc`, 'a b  c'],
    ['lonely backslashes', String.raw`a\xb\\`, 'axb'],
    ['line ends of other systems', 'a\r\nb\rc\u2028d\u2029e', 'a\nb\nc\nd\ne'],
    ['the quotation marks of editors, Markdown and HTML', '“a” `b` &quot;c&#34; u0022', '"a" "b" "c" "'],
  ])('undoes %s', (_, raw, text) => {
    expect(read(raw)).toBe(text);
  });

  it.each([
    ['a value of klog', 'err="a" output="b c" pod="d"', 'err="a" output="…" pod="d"'],
    ['a command', 'exec: "sh -c b": not found', 'exec: "…": not found'],
    ['no path of the node', 'exec: "/pause": stat "/pause"', 'exec: "/pause": stat "/pause"'],
    ['a label that looks like a path', 'label "a/b"', 'label "…"'],
    ['a quotation in a quotation', String.raw`err="exec: \"b \\\"c\\\" d\": x"`, 'err="exec: "…": x"'],
    ['one that a deeper one leaves open', String.raw`output="a \"b" c`, 'output="…" c'],
    ['no word that only ends alike', 'superuser= "b c"', 'superuser= "b c"'],
  ])('leaves out %s', (_, raw, text) => {
    expect(read(raw)).toBe(text);
  });

  it('keeps a quotation that never ends', () => {
    expect(read('output="a b')).toBe('output="a b');
  });

  it('is not ended by anything in the quotation', async () => {
    await fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(read(`output=${quote(text)} z`)).toBe('output="…" z');
      }),
      { verbose: true },
    );
  });

  it('knows which places are quoted, in every order of quotations', () => {
    const { text, isQuoted } = unquote('a "b" c "d" e "f');
    expect([...text].filter((_, at) => isQuoted(at)).join('')).toBe('bd');
    expect(isQuoted(text.length)).toBe(false);
  });

  it('reads so many quotation marks and levels, and no more', () => {
    expect(read('"'.repeat(5000))).toHaveLength(4000);
    const deep = Array.from({ length: 40 }, (_, level) => `${'\\'.repeat(level)}"`).join('');
    expect(read(deep)).toBe('"'.repeat(40));
  });
});
