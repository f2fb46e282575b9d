import { describe, expect, it } from 'vitest';
import { logReasons } from '../../core/logs/classify/classify.ts';
import { buildDocuments } from '../../ssm-documents/builder/build.ts';
import { classify } from '../../ssm-documents/classify.ts';
import { catalogue, logRules, remediations } from '../../ssm-documents/remediations.ts';
import { PARTS, readCorpus } from '../corpus/corpus.ts';

const lines = PARTS.flatMap(readCorpus);
/** The reasons that some line of the corpus proves: they lead to a repair without a check. */
const proven = new Set(
  lines.flatMap(({ text, kind }) => {
    const fault = classify(text, kind);
    return fault === null || fault.hint === true ? [] : [fault.reason];
  }),
);
const scriptOf = (remediation: string): string =>
  buildDocuments(remediations.filter(({ name }) => name === remediation))
    .flatMap(({ content }) => content.mainSteps[0]?.inputs.runCommand ?? [])
    .join('\n');
const scripts = new Map(remediations.map(({ name }) => [name, scriptOf(name)] as const));

describe('a reason of log lines', () => {
  it.each(logReasons(logRules))('%s is one that the documents of its first remediation can report, too', (reason) => {
    const [first] = catalogue().get(reason)?.remediations ?? [];
    expect(scripts.get(first ?? '')).toMatch(new RegExp(`\\b${reason}\\b`));
  });

  it.each([...proven].toSorted())('%s is proven by a line alone only where a repair can act on it', (reason) => {
    expect(catalogue().get(reason)?.repairable).not.toBe(false);
  });
});
