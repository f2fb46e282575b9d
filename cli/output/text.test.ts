import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { search } from '../../test/deep.ts';
import { writeCsv } from './csv.ts';
import { tableLines } from './table.ts';
import { folded, isColoured, painter, safeJson, shown } from './text.ts';
import { createClockView, durationMs, durationText, readSince } from './times.ts';

const HOSTILE = 'a\u001b]0;x\u0007b\u202ec\u009bd\ud800e\u2028f\r\n';

describe('text from a stack', () => {
  it('reaches a terminal without a character that it obeys', () => {
    expect(shown(HOSTILE)).toBe('a\ufffd]0;x\ufffdb\ufffdc\ufffdd\ufffde\ufffdf\ufffd\ufffd');
  });

  it('is the same value in JSON, and no byte of it is obeyed', () => {
    const text = safeJson({ text: HOSTILE, tag: '\u{e0041}' }, 2);
    expect(JSON.parse(text)).toEqual({ text: HOSTILE, tag: '\u{e0041}' });
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(safeJson(undefined)).toBe('null');
  });

  it('is coloured on a terminal alone, and not with NO_COLOR', () => {
    expect([
      isColoured(true, {}),
      isColoured(false, {}),
      isColoured(true, { NO_COLOR: '1' }),
      isColoured(true, { TERM: 'dumb' }),
    ]).toEqual([true, false, false, false]);
    expect([painter(false)('red', 'x'), painter(true)('red', 'x')]).toEqual(['x', '\u001b[31mx\u001b[39m']);
  });

  it('is broken between words on a narrow terminal, and a command to copy is not', () => {
    expect(folded('  – skip  i-1  OptedOut: the tag forbids it', 24)).toEqual([
      '  – skip  i-1  OptedOut:',
      '      the tag forbids it',
    ]);
    expect(folded('      fleetmend release i-0123456789abcdef0 -c shop', 24)).toHaveLength(1);
    expect(folded('a-word-that-is-longer-than-the-line b', 10)).toEqual([
      'a-word-that-is-longer-than-the-line',
      '    b',
    ]);
    expect(folded('short', 24)).toEqual(['short']);
  });
});

describe('times', () => {
  const now = new Date('2026-11-29T03:16:00.000Z');

  it('are read as durations, days and moments', () => {
    expect(['30m', '2h', '7d', '90s', '0h', '2w', ''].map(durationMs)).toEqual([
      1_800_000,
      7_200_000,
      604_800_000,
      90_000,
      undefined,
      undefined,
      undefined,
    ]);
    expect(readSince('--since', '24h', now)).toBe('2026-11-28T03:16:00.000Z');
    expect(readSince('--since', '2026-11-01', now)).toBe('2026-11-01T00:00:00.000Z');
    expect(readSince('--since', '2026-11-01T06:00Z', now)).toBe('2026-11-01T06:00:00.000Z');
    for (const text of ['yesterday', '2026-13-01', '2026-11-01T06:00', '-1h'])
      expect(() => readSince('--since', text, now)).toThrow('is no time');
  });

  it('are shown in UTC or in the local zone, and as ages', () => {
    expect(createClockView(now, true).at('2026-11-29T03:12:09.500Z')).toBe('2026-11-29 03:12:09Z');
    expect(createClockView(now, false).at('2026-11-29T03:12:09.500Z')).toMatch(/^2026-11-(?:28|29|30) \d\d:\d\d:09$/);
    expect(createClockView(now, true).at('never')).toBe('-');
    expect(createClockView(now, true).ago('2026-11-29T03:12:00Z')).toBe('4 min ago');
    expect([0, 89_000, 600_000, 7_200_000, 4 * 86_400_000].map(durationText)).toEqual([
      '0 s',
      '89 s',
      '10 min',
      '2 h',
      '4 d',
    ]);
  });
});

const columns = [
  { title: 'NODE', value: ({ id }: { id: string; text?: string }) => id },
  { title: 'TEXT', value: ({ text }: { id: string; text?: string }) => text, isFlexible: true },
];

describe('a table', () => {
  it('keeps its width by cutting flexible columns first, and the first column last', () => {
    const items = [{ id: 'i-0123456789abcdef0', text: 'a long text that has no room' }, { id: 'i-1' }];
    expect(tableLines(columns, items, { width: 40, paint: painter(false) })).toEqual([
      'NODE                 TEXT',
      'i-0123456789abcdef0  a long text that h…',
      'i-1                  -',
    ]);
    expect(tableLines(columns, items, { width: 26, paint: painter(false) })[1]).toBe('i-0123456789abcdef0  a lo…');
    expect(tableLines(columns, items, { width: 20, paint: painter(false) })[1]).toBe('i-0123456789ab…  a …');
  });

  it('cuts no id, however long it is', () => {
    const [id = expect.fail(), text = expect.fail()] = columns;
    const items = [{ id: 'r-20261129T031209-sweep811c9dc5-12', text: 'a long text that has no room' }];
    const at = (width: number) =>
      tableLines([text, { ...id, isWhole: true }], items, { width, paint: painter(false) })[1];
    expect(at(60)).toBe('a long text that has no…  r-20261129T031209-sweep811c9dc5-12');
    expect(at(20)).toBe('a …  r-20261129T031209-sweep811c9dc5-12');
  });

  it('is never wider than the terminal, whatever its columns are', () => {
    const cell = fc.string({ maxLength: 60 });
    const column = fc.record({ title: fc.constantFrom('AT', 'ACTION', 'REASON', 'KNOWN'), isFlexible: fc.boolean() });
    const table = fc
      .array(column, { minLength: 1, maxLength: 8 })
      .chain((own) =>
        fc.record({ own: fc.constant(own), rows: fc.array(fc.array(cell, { minLength: 8, maxLength: 8 })) }),
      );
    const wide = fc.property(table, fc.integer({ min: 40, max: 200 }), ({ own, rows }, width) => {
      const ownColumns = own.map((some, i) => ({ ...some, value: (row: readonly string[]) => row[i] }));
      const lines = tableLines(ownColumns, rows, { width, paint: painter(false) });
      expect(lines).toHaveLength(rows.length + 1);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
    });
    fc.assert(wide, search('tables', 100));
  });

  it('keeps each item in one line', () => {
    expect(
      tableLines(columns, [{ id: 'i-1', text: 'a\nb' }], { width: undefined, paint: painter(false) }),
    ).toHaveLength(2);
  });
});

describe('CSV', () => {
  const csvOf = async (items: Iterable<{ id: string; text?: string }>): Promise<string> => {
    let text = '';
    await writeCsv(columns, items, async (chunk) => {
      text += chunk;
    });
    return text;
  };

  it('escapes what a spreadsheet would calculate, and quotes', async () => {
    expect(await csvOf([{ id: '=1+1', text: 'a,"b"' }, { id: '@x' }])).toBe(`NODE,TEXT\n'=1+1,"a,""b"""\n'@x,\n`);
  });

  it('fails where its rows fail', async () => {
    const broken = (function* () {
      yield { id: 'i-1' };
      throw new Error('no more');
    })();
    await expect(csvOf(broken)).rejects.toThrow('no more');
  });
});
