import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Action, Remediation } from '../functions/core/remediation.ts';
import { catalogueOf } from './catalogue.ts';
import { bashDocument, type CommandDocument } from './document.ts';
import { remediations } from './registry.ts';
import { sectionsOf, withoutComments } from './sections.ts';

/** A document ready to be deployed. Its name holds its hash: what runs is what was reviewed. */
export type BuiltDocument = {
  /** `pause-image-check`, `pause-image-repair`, `pause-image-repair-mirror`, `node-check`. */
  readonly key: string;
  /** `fleetmend-<key>-<first 12 hex digits of sha256>`. */
  readonly name: string;
  /** Of `json`, in hex. */
  readonly sha256: string;
  readonly content: CommandDocument;
  readonly json: string;
  /** The remediation's name; `node-check` for the document of every check. */
  readonly remediation: string;
  readonly action: Action;
  readonly executionTimeoutSeconds: number;
};

/** Key and `remediation` of the document that runs every check. */
export const NODE_CHECK = 'node-check';

const NODE_CHECK_TIMEOUT_SECONDS = 60;
/** Between the script's own budget and the agent's limit: time to clean up and to print the result. */
const MARGIN_SECONDS = 20;

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

const built = (
  key: string,
  remediation: string,
  action: Action,
  executionTimeoutSeconds: number,
  description: string,
  script: string,
): BuiltDocument => {
  const content = bashDocument({ description, step: key, timeoutSeconds: executionTimeoutSeconds, script });
  // Compact: every line of a script would cost six bytes of SSM's 64 KB more.
  const json = JSON.stringify(content);
  const sha256 = createHash('sha256').update(json).digest('hex');
  return {
    key,
    name: `fleetmend-${key}-${sha256.slice(0, 12)}`,
    sha256,
    content,
    json,
    remediation,
    action,
    executionTimeoutSeconds,
  };
};

const documentsOf = (remediation: Remediation, prelude: string, script: string): BuiltDocument[] => {
  const { name, summary, executionTimeoutSeconds } = remediation;
  const sections = sectionsOf(script);
  const check = sections.get('check');
  const repair = sections.get('repair');
  if (check === undefined || repair === undefined) {
    throw new Error(`building ${name}: script.sh needs the lines "#@ section check" and "#@ section repair"`);
  }
  const head = sections.get('') ?? '';
  const document = (suffix: string, action: Action, description: string, parts: readonly string[]) => {
    const timeout = executionTimeoutSeconds[action];
    const start = [
      `REMEDIATION=${name}`,
      `ACTION=${action}`,
      `BUDGET_SECONDS=${timeout - MARGIN_SECONDS}`,
      'main',
    ].join('\n');
    const text = [head, prelude, ...parts, start].map((part) => part.trim()).join('\n\n');
    return built(`${name}-${suffix}`, name, action, timeout, description, text);
  };
  const variants = [...sections].filter(([section]) => section.startsWith('repair-'));
  return [
    document('check', 'check', `fleetmend ${name}, check: changes nothing. ${summary}`, [check]),
    document('repair', 'repair', `fleetmend ${name}, repair. ${summary}`, [check, repair]),
    ...variants.map(([section, text]) =>
      document(section, 'repair', `fleetmend ${name}, ${section} (a variant that policy must allow). ${summary}`, [
        check,
        repair,
        text,
      ]),
    ),
  ];
};

const severities = (from: readonly Remediation[]): string => {
  const names = (severity: string) =>
    [...catalogueOf(from).values()].filter((r) => r.severity === severity).map((r) => r.name);
  const cases = (['Fatal', 'Info'] as const)
    .map((severity) => [severity, names(severity)] as const)
    .filter(([, list]) => list.length > 0)
    .map(([severity, list]) => `    ${list.join(' | ')}) REPLY=${severity} ;;`);
  return ['severity_of() {', '  case $1 in', ...cases, '    *) REPLY=Warning ;;', '  esac', '}'].join('\n');
};

const nodeCheck = (
  from: readonly Remediation[],
  prelude: string,
  scriptOf: (name: string) => string,
): BuiltDocument => {
  // Comments stay in each remediation's own documents: four checks with theirs would not fit into 64 KB.
  const checks = from.map((remediation, i) => {
    const check = sectionsOf(scriptOf(remediation.name)).get('check') ?? '';
    return `# ${remediation.name}\ndefine_${i}() {\n${withoutComments(check).trim()}\n}`;
  });
  const text = [
    prelude.trim(),
    ...checks,
    severities(from),
    `NODE_CHECKS=(${from.map((r) => r.name).join(' ')})`,
    read('lib/node-check.sh').trim(),
    `BUDGET_SECONDS=${NODE_CHECK_TIMEOUT_SECONDS - MARGIN_SECONDS}`,
    'node_check "$@"',
  ].join('\n\n');
  const names = from.map((r) => r.name).join(', ');
  return built(
    NODE_CHECK,
    NODE_CHECK,
    'check',
    NODE_CHECK_TIMEOUT_SECONDS,
    `fleetmend, every check in one document (${names}). It changes nothing.`,
    text,
  );
};

/**
 * Every document of the registry, in its order, `node-check` last. Reads the scripts and nothing else, so the same sources
 * always give the same bytes. Throws where a document would not be valid.
 */
export const buildDocuments = (from: readonly Remediation[] = remediations): BuiltDocument[] => {
  const prelude = read('lib/prelude.sh');
  const scriptOf = (name: string) => read(`${name}/script.sh`);
  return [
    ...from.flatMap((remediation) => documentsOf(remediation, prelude, scriptOf(remediation.name))),
    nodeCheck(from, prelude, scriptOf),
  ];
};
