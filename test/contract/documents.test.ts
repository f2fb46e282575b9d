import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { documentName } from '../../events/ssm-command.ts';
import { type BuiltDocument, buildDocuments, MAX_BUILT_BYTES, NODE_CHECK } from '../../ssm-documents/builder/build.ts';
import { MAX_DOCUMENT_BYTES, validateDocument } from '../../ssm-documents/builder/document.ts';
import { remediations } from '../../ssm-documents/remediations.ts';

const documents = buildDocuments();
const nodeChecksOf = (built: readonly BuiltDocument[]) => built.filter(({ remediation }) => remediation === NODE_CHECK);
const nodeChecks = nodeChecksOf(documents);
const fail = (): never => {
  throw new Error('looking for a document: there is none of that key');
};
const scriptOf = (document: BuiltDocument): string =>
  `${document.content.mainSteps[0]?.inputs.runCommand.join('\n') ?? ''}\n`;
const folder = mkdtempSync(join(tmpdir(), 'fleetmend-documents-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the built documents', () => {
  it('are a check and a repair of every remediation, its variants, and node-check', () => {
    const keys = documents.map((d) => d.key);
    for (const { name } of remediations)
      expect(keys).toEqual(expect.arrayContaining([`${name}-check`, `${name}-repair`]));
    expect(keys).toContain('pause-image-repair-mirror');
    expect(keys.slice(-nodeChecks.length)).toEqual(nodeChecks.map((_, at) => `node-check-${at + 1}`));
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('come out the same every time', () => {
    expect(buildDocuments().map((d) => d.json)).toEqual(documents.map((d) => d.json));
  });

  it('have every check once in node-check, in the order of the registry as far as they fit', () => {
    const checks = nodeChecks.flatMap((d) => d.checks);
    expect(checks.toSorted()).toEqual(remediations.map((r) => r.name).toSorted());
    for (const document of nodeChecks) {
      const place = document.checks.map((name) => remediations.findIndex((r) => r.name === name));
      expect(place).toEqual(place.toSorted((a, b) => a - b));
      expect(scriptOf(document)).toContain(`\nNODE_CHECKS=(${document.checks.join(' ')})\n`);
    }
  });

  it('put a check into the first part that has room for it', () => {
    nodeChecks.slice(1).forEach((document, at) => {
      const [first] = remediations.filter((r) => r.name === document.checks[0]);
      const before = nodeChecks[at]?.checks ?? [];
      const together = remediations.filter((r) => before.includes(r.name) || r === first);
      expect(nodeChecksOf(buildDocuments(together)).length).toBe(2);
    });
  });
});

describe.each(documents.map((d) => [d.key, d] as const))('%s', (key, document) => {
  const script = scriptOf(document);
  const lines = script.split('\n');

  it('is valid, and leaves room below SSM’s limit', () => {
    expect(validateDocument(document.content)).toEqual([]);
    expect(MAX_BUILT_BYTES).toBeLessThan(MAX_DOCUMENT_BYTES - 5000);
    expect(Buffer.byteLength(document.json)).toBeLessThanOrEqual(MAX_BUILT_BYTES);
    expect(JSON.parse(document.json)).toEqual(document.content);
  });

  it('has a name that holds its hash, and that SSM accepts', () => {
    const name = documentName('fleetmend', key, document.sha256);
    expect(name).toBe(`fleetmend-${key}-${createHash('sha256').update(document.json).digest('hex').slice(0, 12)}`);
    expect(name).toMatch(/^[a-zA-Z0-9_.-]{3,128}$/);
  });

  it('has no parameters and nothing that SSM would interpolate', () => {
    expect(document.content).not.toHaveProperty('parameters');
    expect(document.json).not.toContain('{{');
  });

  it('starts with the shebang and the strict options, and has one step with a timeout for Linux', () => {
    expect(lines.slice(0, 2)).toEqual(['#!/bin/bash', 'set -o errexit -o nounset -o pipefail']);
    expect(document.content.mainSteps).toHaveLength(1);
    expect(document.content.mainSteps[0]).toMatchObject({
      action: 'aws:runShellScript',
      precondition: { StringEquals: ['platformType', 'Linux'] },
      inputs: { timeoutSeconds: String(document.executionTimeoutSeconds) },
    });
  });

  it('is a script that bash can read', () => {
    const file = join(folder, `${key}.sh`);
    writeFileSync(file, script);
    execFileSync('bash', ['-n', file]);
  });

  it('ends itself before the agent would', () => {
    const budget = Number(/^BUDGET_SECONDS=(\d+)$/m.exec(script)?.[1]);
    expect(budget).toBeGreaterThan(0);
    expect(budget).toBeLessThanOrEqual(document.executionTimeoutSeconds - 15);
  });
});

const CHANGES = [
  /\bchanging "/,
  /\bimages (tag|label|rm|import)\b/,
  /content fetch/,
  /systemctl (start|restart|stop|kill)/,
  /\bctr_k8s \d+ (run|tasks rm|containers rm)\b/,
  /\bsnapshots .* rm\b/,
  /x-amz-target:/,
];

describe.each(documents.filter((d) => d.action === 'check').map((d) => [d.key, scriptOf(d)] as const))(
  'the check %s',
  (_, script) => {
    it.each(CHANGES)('holds no line that could change the node by %s', (change) => {
      expect(script).not.toMatch(change);
    });
  },
);

it.each(CHANGES)('the repair of pause-image does have %s, so that the search above can find it', (change) => {
  expect(scriptOf(documents.find((d) => d.key === 'pause-image-repair') ?? fail())).toMatch(change);
});

describe('the parts', () => {
  it('lie in every document that uses them, and their marks in none', () => {
    for (const document of documents) {
      expect(scriptOf(document)).toContain('\n# from lib/base/prelude.sh\n');
      expect(scriptOf(document)).not.toMatch(/^\s*#@/m);
    }
  });

  it.each([
    'base/failures',
    'images/image-changes',
    'ecr/ecr-token',
    'images/fetch',
    'node/network',
    'images/test-container',
  ])('of a repair alone, such as %s, lie in no check', (part) => {
    const line = `# from lib/${part}.sh\n`;
    const holding = documents.filter((document) => scriptOf(document).includes(line));
    expect(holding.length).toBeGreaterThan(0);
    expect(holding.map((document) => document.action)).toEqual(holding.map(() => 'repair'));
  });

  it('are files that a document contains', () => {
    const files = globSync('{*,*/}*.sh', {
      cwd: new URL('../../ssm-documents/lib/', import.meta.url),
      exclude: ['testing/**'],
    });
    const all = documents.map(scriptOf).join('\n');
    expect(files.filter((file) => !all.includes(`# from lib/${file}\n`))).toEqual([]);
  });
});

describe('validateDocument', () => {
  type Fields = Record<string, unknown>;
  type Parts = { document: Fields & { mainSteps: Fields[] }; step: Fields; inputs: Fields & { runCommand: string[] } };
  const parts = (): Parts => {
    const document = structuredClone(documents[0]?.content ?? fail()) as unknown as Parts['document'];
    const step = document.mainSteps[0] ?? fail();
    return { document, step, inputs: step.inputs as Parts['inputs'] };
  };

  it('accepts the documents of the builder', () => {
    expect(validateDocument(parts().document)).toEqual([]);
  });

  it.each<[string, (parts: Parts) => unknown]>([
    [
      'a timeout beside the inputs, which the agent ignores',
      ({ step }) => Object.assign(step, { timeoutSeconds: '60' }),
    ],
    ['onFailure beside the inputs, which the agent ignores', ({ step }) => Object.assign(step, { onFailure: 'exit' })],
    ['no timeout', ({ inputs }) => Reflect.deleteProperty(inputs, 'timeoutSeconds')],
    ['a timeout below 5 s, which would become an hour', ({ inputs }) => Object.assign(inputs, { timeoutSeconds: '3' })],
    ['a step name of three characters', ({ step }) => Object.assign(step, { name: 'fix' })],
    ['no precondition', ({ step }) => Reflect.deleteProperty(step, 'precondition')],
    ['another shell', ({ inputs }) => inputs.runCommand.splice(0, 1, '#!/bin/sh')],
    ['no strict options', ({ inputs }) => inputs.runCommand.splice(1, 1, 'true')],
    ['an interpolation', ({ inputs }) => inputs.runCommand.push('echo {{ commands }}')],
    ['an interpolation in a text of several lines', ({ inputs }) => inputs.runCommand.push('true\necho {{ a }}')],
    ['a carriage return', ({ inputs }) => inputs.runCommand.push('true\r')],
    ['parameters', ({ document }) => Object.assign(document, { parameters: {} })],
    ['another schema', ({ document }) => Object.assign(document, { schemaVersion: '0.3' })],
    ['two steps', ({ document, step }) => document.mainSteps.push(step)],
    ['more than 64 KB', ({ inputs }) => inputs.runCommand.push('#'.repeat(MAX_DOCUMENT_BYTES))],
  ])('refuses %s', (_, spoil) => {
    const spoilt = parts();
    spoil(spoilt);
    expect(validateDocument(spoilt.document).length).toBeGreaterThan(0);
  });
});
