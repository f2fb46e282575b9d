import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { classify } from '../../core/logs/classify/classify.ts';
import { filterPattern } from '../../infra/constructs/log-subscriptions.ts';
import { compileLogFilter } from '../../lab/aws/filter-pattern.ts';
import { catalogue, remediations } from '../../ssm-documents/remediations.ts';
import { type CorpusLine, PARTS, readCorpus } from './corpus.ts';
import { withTables } from './score.ts';

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

  it('needs no word about who wrote a line', () => {
    const otherwise = lines.filter((line) => JSON.stringify(given(line.text)) !== JSON.stringify(wanted(line)));
    expect(otherwise.map((line) => line.text)).toEqual([]);
  });

  it('is classified alike with Windows line ends, in a record of Fluent Bit, and in the journal', () => {
    const framed: readonly ((text: string) => string)[] = [
      (text) => text.replaceAll('\n', '\r\n'),
      (text) => JSON.stringify({ hostname: 'ip-10-0-3-7', systemd_unit: 'kubelet.service', message: text }),
      (text) => `${text}\n`,
    ];
    for (const line of lines) {
      for (const frame of framed) {
        expect({ text: line.text, ...given(frame(line.text), line.kind) }).toEqual({
          text: line.text,
          ...wanted(line),
        });
      }
    }
  });

  it('passes the coarse filter where the line lands in a log group and means something', () => {
    const passes = compileLogFilter(filterPattern(remediations));
    // ipamd's own log is a file on the node, which Container Insights does not ship.
    const shipped = ['kubelet', 'containerd', 'docker', 'cri-dockerd'];
    const inLogGroups = lines.filter(
      ({ reason, kind, companion }) =>
        reason !== null && catalogue().has(reason) && companion !== true && shipped.includes(kind),
    );
    // As Fluent Bit ships it: a JSON record, in which quotes are escaped.
    const stopped = inLogGroups.filter(({ text }) => !passes(JSON.stringify({ message: text })));
    expect(inLogGroups.length).toBeGreaterThan(50);
    expect(stopped.map((line) => line.text.slice(0, 200))).toEqual([]);
  });
});

describe('docs/hearing.md', () => {
  it('holds the tables of a fresh run', () => {
    const document = readFileSync(new URL('../../docs/hearing.md', import.meta.url), 'utf8');
    expect(document).toBe(withTables(document));
  });
});
