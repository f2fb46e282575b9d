import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { createClassifier, logReasons } from '../../core/logs/classify/classify.ts';
import { readLogRecord } from '../../core/logs/record.ts';
import { MAX_RESULT_BYTES, readResult } from '../../core/model/document-result.ts';
import { defineLogLines, defineLogRule, type LogSource } from '../../core/model/log-lines.ts';
import { defineRemediation, type Remediation } from '../../core/model/remediation.ts';
import { renderMessage } from '../../core/model/render-message.ts';
import { filterPattern, LOG_GROUP_KINDS, SOURCES } from '../../infra/log-filter.ts';
import { compileLogFilter } from '../../lab/aws/filter-pattern.ts';
import { remediation as template } from '../../ssm-documents/_template/remediation.ts';
import { buildDocuments } from '../../ssm-documents/builder/build.ts';
import { titleOf } from '../../ssm-documents/builder/titles.ts';
import { classify, mayShow } from '../../ssm-documents/classify.ts';
import { catalogue, logRules, remediations, texts } from '../../ssm-documents/remediations.ts';
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
    /** The program that writes the line. */
    source: z.enum([
      'kubelet',
      'containerd',
      'docker',
      'cri-dockerd',
      'ipamd',
      'system',
      'event',
    ] satisfies LogSource[]),
    text: z.string(),
    reason: z.string(),
    image: z.string().optional(),
    /** The line only announces the fault: it asks for a check. */
    hint: z.literal(true).optional(),
  }),
);
const Other = z.array(z.strictObject({ kind: z.string(), text: z.string() }));

const HEADINGS = ['When it fires', 'What it looks at', 'What it changes', 'How to undo it', 'What it never does'];

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
      expect(titleOf([reason]), reason.name).toContain(reason.title);
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

  it.each(logReasons(logRules))('%s is given by a sample line', (reason) => {
    expect(samples.map((sample) => sample.reason)).toContain(reason);
  });

  it('are read in every record that shows one, as Fluent Bit ships it', () => {
    const own = remediations.flatMap((r) => Match.parse(json(`${r.name}/samples/match.json`)));
    const shipped = own.map(({ text }) => JSON.stringify({ message: text, systemd_unit: 'kubelet.service' }));
    const records = PARTS.flatMap(readCorpus)
      .filter(({ text, reason }) => reason !== null && readLogRecord(text, '').is === 'line')
      .map(({ text }) => text);
    expect(records.length).toBeGreaterThan(10);
    expect([...shipped, ...records].filter((text) => !mayShow(text))).toEqual([]);
  });

  it.each(remediations.map((r) => [r.name, r] as const))('of the rules of %s are among its own', (_, remediation) => {
    const given = remediation.logLines.rules.flatMap(({ reasons }) => Object.keys(reasons));
    expect(given.filter((reason) => !Object.hasOwn(remediation.reasons, reason))).toEqual([]);
  });

  it('must be listed by the remediation: the compiler refuses any other', () => {
    const rule = defineLogRule({ name: 'x', order: 1, reasons: { Other: 1 }, read: () => ({ reason: 'Other' }) });
    // @ts-expect-error The template has no reason Other.
    defineRemediation({ ...template, logLines: defineLogLines({ phrases: {}, rules: [rule] }) });
    // @ts-expect-error The rule does not rank the reason that it gives.
    defineLogRule({ name: 'x', order: 1, reasons: { Ranked: 1 }, read: () => ({ reason: 'Unranked' }) });
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
    for (const { kind, text, source: _, ...wanted } of samples) {
      expect({ kind, found: classify(text) }).toEqual({ kind, found: wanted });
      expect(remediation.reasons, kind).toHaveProperty(wanted.reason);
    }
  });

  it('has a phrase for every sample log line, by the program that writes it', () => {
    const stopped = Match.parse(json(`${name}/samples/match.json`)).filter(
      ({ source, text }) =>
        !remediations.some(({ logLines }) => logLines.phrases[source]?.some((phrase) => text.includes(phrase))),
    );
    expect(stopped.map(({ kind }) => kind)).toEqual([]);
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
      if (!reading.ok) throw new Error(reading.error);
      expect(Buffer.byteLength(line.split('\n', 1)[0] ?? '')).toBeLessThanOrEqual(
        MAX_RESULT_BYTES[reading.value.action],
      );
      expect(renderMessage(texts, name, reading.value)).toMatch(
        /^(?:[A-Z/]|kubelet|containerd|cri-dockerd|aws-node).{20,}\.$/,
      );
    }
  });

  it('has garbled output samples that are refused with a reason', () => {
    const samples = Other.min(1).parse(json(`${name}/samples/no-results.json`));
    for (const { kind, text } of samples) {
      expect({ kind, ok: readResult(text).ok }).toEqual({ kind, ok: false });
    }
  });

  it('describes in its README its triggers, its checks, its changes, its limits, and how to undo it', () => {
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

describe('a remediation that is added', () => {
  const wanted = Match.parse(json('_template/samples/match.json'));
  const added: readonly Remediation[] = [...remediations, template];

  it('has its log lines classified by its own rules', () => {
    const classifyAll = createClassifier(added.flatMap(({ logLines }) => logLines.rules));
    expect(wanted.length).toBeGreaterThan(0);
    for (const { text, reason } of wanted) {
      expect(classify(text)).toBeNull();
      expect(classifyAll(text)).toEqual({ reason });
    }
  });

  it.each(LOG_GROUP_KINDS)(
    'has its log lines let through %s groups exactly where its programs write to them',
    (kind) => {
      const before = compileLogFilter(filterPattern(remediations, kind) ?? '');
      const after = compileLogFilter(filterPattern(added, kind) ?? '');
      for (const { text, source } of wanted) {
        expect([before(text), after(text)]).toEqual([false, SOURCES[kind].includes(source)]);
      }
    },
  );
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
      expect(readResult(line)).toMatchObject({ ok: true, value: { remediation: template.name } });
    }
  });
});
