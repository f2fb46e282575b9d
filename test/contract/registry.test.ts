import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { classify, LOG_REASONS } from '../../core/logs/classify/classify.ts';
import { MAX_RESULT_BYTES, readResult } from '../../core/model/document-result.ts';
import { renderMessage } from '../../core/model/render-message.ts';
import { remediation as template } from '../../ssm-documents/_template/remediation.ts';
import { buildDocuments } from '../../ssm-documents/builder/build.ts';
import { catalogue, remediations, texts } from '../../ssm-documents/remediations.ts';
import { PARTS, readCorpus } from '../corpus/corpus.ts';

const root = new URL('../../ssm-documents/', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const json = (path: string): unknown => JSON.parse(read(path));
const folders = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !['builder', 'lib'].includes(entry.name) && !entry.name.startsWith('_'))
  .map((entry) => entry.name);

const Match = z.array(
  z.strictObject({
    kind: z.string(),
    text: z.string(),
    reason: z.string(),
    image: z.string().optional(),
    /** The line only foretells the fault: it asks for a check. */
    hint: z.literal(true).optional(),
  }),
);
const Other = z.array(z.strictObject({ kind: z.string(), text: z.string() }));

const HEADINGS = ['When it fires', 'What it looks at', 'What it changes', 'How to undo it', 'What it never does'];
const MAX_FILTER_CHARACTERS = 1024;

describe('the registry', () => {
  it('is one line for each remediation', () => {
    const lines = read('registry.ts')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('//'));
    expect(lines).toHaveLength(remediations.length);
    for (const line of lines)
      expect(line).toMatch(/^export \{ remediation as \w+ \} from '\.\/[a-z-]+\/remediation\.ts';$/);
  });

  it('holds every folder under its own name, and nothing else', () => {
    expect(remediations.map((r) => r.name).sort()).toEqual(folders.sort());
  });

  it('orders its remediations, each with a place of its own', () => {
    const orders = remediations.map((r) => r.order);
    expect(orders).toEqual([...new Set(orders)].sort((a, b) => a - b));
  });

  it('fits all log phrases into one subscription filter', () => {
    const filter = remediations.flatMap((r) => r.logPhrases.map((phrase) => `?"${phrase}"`)).join(' ');
    expect(filter.length).toBeLessThanOrEqual(MAX_FILTER_CHARACTERS);
  });
});

describe('the catalogue', () => {
  it('has a name, a cause and an advice in full sentences for every reason', () => {
    expect(catalogue().size).toBeGreaterThan(0);
    for (const reason of catalogue().values()) {
      expect(reason.name).toMatch(/^[A-Z][A-Za-z0-9]{1,63}$/);
      // Tools are named as they write themselves: kubelet, containerd.
      expect(reason.cause, reason.name).toMatch(/^(?:[A-Z]|kubelet|containerd|fleetmend).{30,}\.$/);
      expect(reason.advice, reason.name).toMatch(/^[A-Z].{30,}[.?]$/);
      expect(reason.remediations.length, reason.name).toBeGreaterThan(0);
    }
  });

  it.each(['NodeRoleLacksECR', 'RegistryUnreachable', 'DiskFull', 'RuntimeDown', 'LockBusy'])(
    'takes %s for no evidence against the repair',
    (name) => {
      expect(catalogue().get(name)?.scope).toBe('node-local');
    },
  );
});

describe('the reasons of log lines', () => {
  const samples = [
    ...remediations.flatMap((r) => Match.parse(json(`${r.name}/samples/match.json`))),
    ...PARTS.flatMap(readCorpus),
  ];

  it.each(LOG_REASONS)('%s is given by a sample line', (reason) => {
    expect(samples.map((sample) => sample.reason)).toContain(reason);
  });

  it('are in the catalogue', () => {
    expect(LOG_REASONS.filter((reason) => !catalogue().has(reason))).toEqual([]);
  });
});

describe.each(remediations.map((r) => [r.name, r] as const))('%s', (name, remediation) => {
  // All that its documents hold: script.sh, the parts that it uses, and the prelude.
  const script = buildDocuments([remediation])
    .flatMap(({ content }) => content.mainSteps[0]?.inputs.runCommand ?? [])
    .join('\n');

  it('gives only reasons of its own, and its script gives no other', () => {
    const said = [
      ...script.matchAll(
        /(?:finish [A-Z]\w+|note_failure|note_failed_command|keep_token_failure|finish_undecided|finish_not_repaired|(?<!SKIP_)REASON=|REASON_FOUND=|TOKEN_REASON=|reason=|REPLY=)\s*"?([A-Z][a-z]+[A-Z]\w+)\b/g,
      ),
    ].map((m) => m[1] ?? '');
    const notReasons = new Set(['NotRepaired']);
    expect(said.length).toBeGreaterThan(0);
    expect(said.filter((word) => !notReasons.has(word) && !(word in remediation.reasons))).toEqual([]);
  });

  it('gives every reason of its own somewhere: in its script, in the shared part or from a log line', () => {
    const text = `${script}\n${read(`${name}/samples/match.json`)}`;
    expect(Object.keys(remediation.reasons).filter((reason) => !text.includes(reason))).toEqual([]);
  });

  it('matches every sample log line with its reason and image', () => {
    const samples = Match.parse(json(`${name}/samples/match.json`));
    for (const { kind, text, ...wanted } of samples) {
      expect({ kind, found: classify(text) }).toEqual({ kind, found: wanted });
      expect(remediation.reasons, kind).toHaveProperty(wanted.reason);
    }
    const all = samples.filter(({ text }) => !remediation.logPhrases.some((phrase) => text.includes(phrase)));
    expect(
      all.map((s) => s.kind),
      'lines that the coarse filter would not let through',
    ).toEqual([]);
  });

  it('matches no other log line', () => {
    for (const { kind, text } of Other.parse(json(`${name}/samples/no-match.json`))) {
      // It may be another remediation's business.
      const found = classify(text);
      expect({ kind, found: found !== null && found.reason in remediation.reasons ? found : null }).toEqual({
        kind,
        found: null,
      });
    }
  });

  it('has output samples that are read', () => {
    const lines = z
      .array(z.string())
      .min(1)
      .parse(json(`${name}/samples/results.json`));
    for (const line of lines) {
      const reading = readResult(line);
      if (reading.kind === 'unreadable') throw new Error(reading.message);
      expect(Buffer.byteLength(line.split('\n', 1)[0] ?? '')).toBeLessThanOrEqual(
        MAX_RESULT_BYTES[reading.result.action],
      );
      expect(renderMessage(texts, name, reading.result)).toMatch(/^(?:[A-Z/]|kubelet|containerd|cri-dockerd).{20,}\.$/);
    }
  });

  it('has garbled output samples that are refused with a reason', () => {
    const samples = Other.min(1).parse(json(`${name}/samples/no-results.json`));
    for (const { kind, text } of samples) {
      expect({ kind, reading: readResult(text).kind }).toEqual({ kind, reading: 'unreadable' });
    }
  });

  it('says in its README when it fires, what it looks at, changes and never does, and how to undo it', () => {
    const readme = read(`${name}/README.md`);
    const headings = [...readme.matchAll(/^## (.+)$/gm)].map((m) => m[1]);
    expect(headings).toEqual(expect.arrayContaining(HEADINGS));
    for (const heading of HEADINGS) {
      const text = readme.split(`## ${heading}\n`)[1]?.split('\n## ')[0]?.trim() ?? '';
      expect(text.length, heading).toBeGreaterThan(40);
    }
  });

  it('has shell tests of its script and of every part of its own', () => {
    const parts = readdirSync(new URL(name, root)).filter((file) => file.endsWith('.sh'));
    expect(parts).toContain('script.sh');
    for (const part of parts) {
      expect(read(`${name}/${part.replace(/sh$/, 'bats')}`).match(/^@test /gm)?.length ?? 0, part).toBeGreaterThan(0);
    }
  });
});

describe('the template', () => {
  it('is a remediation with everything that a folder needs, and is not registered', () => {
    expect(remediations).not.toContain(template);
    for (const file of ['remediation.ts', 'script.sh', 'script.bats', 'README.md', 'samples/match.json']) {
      expect(existsSync(new URL(`_template/${file}`, root)), file).toBe(true);
    }
    const readme = read('_template/README.md');
    for (const heading of HEADINGS) expect(readme).toContain(`## ${heading}\n`);
    for (const line of z.array(z.string()).parse(json('_template/samples/results.json'))) {
      expect(readResult(line)).toMatchObject({ kind: 'result', result: { remediation: template.name } });
    }
  });
});
