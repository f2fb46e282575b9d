import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { filterPattern, LOG_GROUP_KINDS, type LogGroupKind, SOURCES } from '../../infra/log-filter.ts';
import { compileLogFilter } from '../../lab/aws/filter-pattern.ts';
import { classify } from '../../ssm-documents/classify.ts';
import { remediations } from '../../ssm-documents/remediations.ts';
import { type CorpusLine, PARTS, readCorpus } from './corpus.ts';
import { withTables } from './score.ts';

/** The unit of each program, where it has one. */
const UNITS: Readonly<Partial<Record<CorpusLine['kind'], string>>> = {
  kubelet: 'kubelet.service',
  containerd: 'containerd.service',
  docker: 'docker.service',
  'cri-dockerd': 'cri-docker.service',
};
const lines = PARTS.flatMap(readCorpus);
const wanted = ({ reason, image }: CorpusLine) => ({ reason, image });
const given = (text: string, kind?: CorpusLine['kind']) => {
  const found = classify(text, kind);
  return { reason: found?.reason ?? null, image: found?.image ?? null };
};

describe('the corpus', () => {
  it('has at least 600 lines, each once', () => {
    expect(new Set(lines.map((line) => line.text)).size).toBe(lines.length);
    expect(lines.length).toBeGreaterThanOrEqual(600);
  });

  it.each(PARTS)('is classified as it is labelled: %s', (part) => {
    for (const line of readCorpus(part)) {
      expect({ text: line.text, ...given(line.text, line.kind) }).toEqual({ text: line.text, ...wanted(line) });
    }
  });

  it('is classified alike when the program that wrote a line is not given', () => {
    const otherwise = lines.filter((line) => JSON.stringify(given(line.text)) !== JSON.stringify(wanted(line)));
    expect(otherwise.map((line) => line.text)).toEqual([]);
  });

  it('is classified alike with Windows line ends, in a record of Fluent Bit, and in the journal', () => {
    const framed: readonly ((text: string, kind: CorpusLine['kind']) => string)[] = [
      (text) => text.replaceAll('\n', '\r\n'),
      (text, kind) => JSON.stringify({ hostname: 'ip-10-0-3-7', systemd_unit: UNITS[kind], message: text }),
      (text) => `${text}\n`,
    ];
    for (const line of lines) {
      for (const frame of framed) {
        expect({ text: line.text, ...given(frame(line.text, line.kind), line.kind) }).toEqual({
          text: line.text,
          ...wanted(line),
        });
      }
    }
  });
});

describe('the subscription filter', () => {
  // As Fluent Bit ships a line: a JSON record, in which quotes are escaped.
  const shipped = ({ text }: CorpusLine) => JSON.stringify({ message: text });
  const faults = lines.filter(({ reason, companion }) => reason !== null && companion !== true);
  const reaches = (kind: LogGroupKind, line: CorpusLine): boolean =>
    SOURCES[kind].includes(line.kind === 'other' ? 'system' : line.kind);

  it.each(LOG_GROUP_KINDS)('of %s groups lets every fault through that reaches such a group', (kind) => {
    const passes = compileLogFilter(filterPattern(remediations, kind) ?? '');
    const reaching = faults.filter((line) => line.unshipped !== true && reaches(kind, line));
    console.log(`${kind}: ${reaching.length} lines, ${filterPattern(remediations, kind)?.length} characters`);
    expect(reaching.length).toBeGreaterThan(1);
    expect(reaching.filter((line) => !passes(shipped(line))).map(({ text }) => text.slice(0, 200))).toEqual([]);
  });

  it('stops most look-alikes of every kind', () => {
    const passes = compileLogFilter(filterPattern(remediations, 'mixed') ?? '');
    const lookAlikes = lines.filter(({ reason }) => reason === null);
    const passing = lookAlikes.filter((line) => passes(shipped(line)));
    expect(passing.length).toBeLessThan(lookAlikes.length / 2);
  });

  it('is not asked about a text that a person pasted or a tool printed in a terminal', () => {
    const unshipped = lines.filter((line) => line.unshipped === true);
    expect(unshipped.filter(({ kind }) => kind !== 'event' && kind !== 'other')).toEqual([]);
    // A new fault that does not pass is a missing phrase.
    expect(unshipped.length).toBeLessThanOrEqual(25);
  });
});

describe('docs/log-signals.md', () => {
  it('holds the tables of a fresh run', () => {
    const document = readFileSync(new URL('../../docs/log-signals.md', import.meta.url), 'utf8');
    expect(document).toBe(withTables(document));
  });
});
