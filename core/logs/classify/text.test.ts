import { describe, expect, it } from 'vitest';
import { MAX_TEXT_LENGTH, readText, saysThen } from './text.ts';

const texts = (raw: string): readonly string[] | undefined => readText(raw)?.map(({ text }) => text);
const KLOG = (n: number) => `E0526 11:27:3${n}.000000    4242 kubelet.go:2840] failed ${n}`;

describe('a line is read without what its way here has added', () => {
  it.each([
    ['the colours of a terminal', '\u001b[31;1mnot ready\u001b[0m', 'not ready'],
    ['colours that syslog has escaped', '#033[31mnot ready#033[0m', 'not ready'],
    ['characters that nobody sees', '\ufeffnot\u200b rea\u00addy', 'not ready'],
    ['boxes that a terminal tool draws', 'not│ready┃now', 'not ready now'],
    ['full-width forms', 'ｎｏｔ　ｒｅａｄｙ', 'not ready'],
    ['quotes of a text editor', '“a” „b‟ «c» 「d」 『e』 `f`', '"a" "b" "c" "d" "e" "f"'],
    ['quotes of a web page', '&quot;a&quot; &#34;b&#34;', '"a" "b"'],
    ['escaped quotes', String.raw`\"a\" \\\"b\\\" \u0022c\u0022`, '"a" "b" "c"'],
    ['escaped signs of a web page', '&lt;a&gt; &amp; b', '<a> & b'],
    ['escaped tabs', String.raw`a\tb\\tc`, 'a b c'],
    ['escaped line ends, behind which no record begins', String.raw`a\nb\\nc\rd`, 'a b c d'],
    ['the line ends of other systems', 'a\r\nb\rc\u2028d\u2029e', 'a\nb\nc\nd\ne'],
  ])('%s', (_, raw, expected) => {
    expect(texts(raw)).toEqual([expected]);
  });

  it('and is compared without blanks, in small letters', () => {
    expect(readText(' Not \t READY\nNow ')).toEqual([
      { text: 'Not \t READY\nNow', compact: 'NotREADYNow', lower: 'notreadynow' },
    ]);
  });
});

describe('a text is cut where another record begins', () => {
  it.each([
    ['at a line that begins one', `${KLOG(1)}\n${KLOG(2)}\n${KLOG(3)}`, [KLOG(1), KLOG(2), KLOG(3)]],
    ['not at a line that continues one', `${KLOG(1)}\n  at main.go\n${KLOG(2)}`, [`${KLOG(1)}\nat main.go`, KLOG(2)]],
    [
      'at an event of kubectl',
      '5m12s       Warning   FailedCreatePodSandBox a\n3m (x4 over 5m)   Normal   Pulled b',
      ['5m12s       Warning   FailedCreatePodSandBox a', '3m (x4 over 5m)   Normal   Pulled b'],
    ],
    [
      'not where one is named within a line',
      `${KLOG(1)}\nfor level=error it is`,
      [`${KLOG(1)}\nfor level=error it is`],
    ],
    ['at a blank line', `one\n \ntwo\nthree`, ['one', 'two\nthree']],
    ['not at a blank line before or behind it', `\n\n${KLOG(1)}\n\n`, [KLOG(1)]],
  ])('%s', (_, raw, expected) => {
    expect(texts(raw)).toEqual(expected);
  });

  it('also within a line, where lines were joined, but not behind the prefix of the journal', () => {
    const [one, two, three] = [1, 2, 3].map((n) => `${KLOG(n)} ${'x'.repeat(80)} `);
    expect(texts(`${one}${two}${three}`)).toEqual([one, two, three?.trim()]);
    const prefixed = (length: number) => `${'p'.repeat(length - 1)} ${KLOG(1)}`;
    expect(texts(prefixed(120))).toEqual([prefixed(120)]);
    expect(texts(prefixed(121))).toEqual([`${'p'.repeat(120)} `, KLOG(1)]);
  });
});

describe('a long text', () => {
  it('is read as far as a fault would be', () => {
    expect(texts(`${'x'.repeat(MAX_TEXT_LENGTH)}y`)).toEqual(['x'.repeat(MAX_TEXT_LENGTH)]);
  });

  it('is no longer than twice that where one character stands for many', () => {
    expect(texts('\ufdfa'.repeat(MAX_TEXT_LENGTH))?.join('').length).toBeLessThanOrEqual(2 * MAX_TEXT_LENGTH);
  });
});

it('a text of nothing but blanks has no record, and one of an application is not read', () => {
  expect(texts(' \n\t\n')).toEqual([]);
  expect(texts('{"log":"failed","kubernetes":{"container_name":"shop"}}')).toBeUndefined();
});

it('a phrase behind another one is found near it, at one of the first places', () => {
  const [segment] = readText(`A${'x'.repeat(10)}B`) ?? [];
  const says = (within: number) => segment !== undefined && saysThen(segment, 'a', 'b', within);
  expect([says(9), says(10)]).toEqual([false, true]);
  const later = (before: number) => readText(`${'a '.repeat(before)}ab`)?.some((it) => saysThen(it, 'a', 'b', 0));
  expect([later(0), later(7), later(8)]).toEqual([true, true, false]);
});
