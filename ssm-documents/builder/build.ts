import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { Action, Remediation } from '../../core/model/remediation.ts';
import { catalogueOf } from '../catalogue.ts';
import { remediations } from '../registry.ts';
import { bashDocument, type CommandDocument } from './document.ts';
import { withoutFunction, withoutUnneeded } from './needed.ts';
import { packed } from './pack.ts';
import { type Part, partsOf } from './parts.ts';
import { sectionsOf, withoutComments } from './sections.ts';

/** A document ready to be deployed. Its name has stack, key and hash: the script that runs is the reviewed one. */
export type BuiltDocument = {
  /** `pause-image-check`, `pause-image-repair`, `pause-image-repair-mirror`, `node-check`. */
  readonly key: string;
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

const HEALTHY = 'finish_healthy';
const NODE_CHECK_TIMEOUT_SECONDS = 60;
/** Between the script's own budget and the agent's limit: time to clean up and to print the result. */
const MARGIN_SECONDS = 20;

const find = (path: string): string | undefined => {
  const url = new URL(`../${path}`, import.meta.url);
  return existsSync(url) ? readFileSync(url, 'utf8') : undefined;
};

const read = (path: string): string => {
  const text = find(path);
  if (text === undefined) throw new Error(`building the documents: ssm-documents/${path} does not exist`);
  return text;
};

const join = (texts: readonly string[]): string => texts.map((text) => text.trim()).join('\n\n');

// The comments of parts stay in the repository: with all of them, no repair would fit into SSM's 64 KB.
const shared = ({ path, text }: Part): string => `# ${path}\n${withoutComments(text)}`;

const inOrder = (parts: readonly Part[]): readonly Part[] => [
  ...new Map(parts.map((part) => [part.path, part])).values(),
];

const isShared = (part: Part): boolean => part.path.startsWith('lib/');

/** The prelude and what it needs, which every document begins with. */
const preludeParts = (): readonly Part[] => {
  const section = sectionsOf(read('lib/base/prelude.sh')).get('');
  return [{ path: 'lib/base/prelude.sh', text: section?.text ?? '' }, ...partsOf(section?.uses ?? [], 'lib', find)];
};

const built = (
  key: string,
  remediation: string,
  action: Action,
  executionTimeoutSeconds: number,
  description: string,
  script: string,
): BuiltDocument => {
  const isDense = key === NODE_CHECK;
  const content = bashDocument({ description, step: key, timeoutSeconds: executionTimeoutSeconds, script, isDense });
  // Compact: every line of a script would cost six bytes of SSM's 64 KB more.
  const json = JSON.stringify(content);
  const sha256 = createHash('sha256').update(json).digest('hex');
  return {
    key,
    sha256,
    content,
    json,
    remediation,
    action,
    executionTimeoutSeconds,
  };
};

const documentsOf = (remediation: Remediation, prelude: readonly Part[]): BuiltDocument[] => {
  const { name, summary, executionTimeoutSeconds } = remediation;
  const sections = sectionsOf(read(`${name}/script.sh`));
  if (!sections.has('check') || !sections.has('repair')) {
    throw new Error(`building ${name}: script.sh needs the lines "#@ section check" and "#@ section repair"`);
  }
  const document = (suffix: string, action: Action, description: string, names: readonly string[]) => {
    const timeout = executionTimeoutSeconds[action];
    const start = [
      `REMEDIATION=${name}`,
      `ACTION=${action}`,
      `BUDGET_SECONDS=${timeout - MARGIN_SECONDS}`,
      'main',
    ].join('\n');
    const chosen = names.flatMap((section) => sections.get(section) ?? []);
    const uses = [...new Set(chosen.flatMap((section) => section.uses))];
    const parts = inOrder([...prelude, ...partsOf(['base/single', ...uses], name, find)]);
    const text = join([
      sections.get('')?.text ?? '',
      ...parts.map(shared),
      ...chosen.map((section) => section.text),
      start,
    ]);
    return built(`${name}-${suffix}`, name, action, timeout, description, text);
  };
  const variants = [...sections.keys()].filter((section) => section.startsWith('repair-'));
  return [
    document('check', 'check', `fleetmend ${name}, check: changes nothing. ${summary}`, ['check']),
    document('repair', 'repair', `fleetmend ${name}, repair. ${summary}`, ['check', 'repair']),
    ...variants.map((variant) =>
      document(variant, 'repair', `fleetmend ${name}, ${variant} (a variant that policy must allow). ${summary}`, [
        'check',
        'repair',
        variant,
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

/** Without what is said of a node that a check is not for: that is in no finding of node-check. */
const wordless = (script: string): string =>
  script.replace(/\b(finish Unsupported [A-Za-z]+) (?:'[^'\n]*'|"[^"\n]*")$/gm, "$1 ''");

/** Without the places that only tests of the scripts set. */
const withoutOverrides = (script: string): string => script.replace(/\$\{FLEETMEND_\w+:-([^}]*)\}/g, '$1');

const nodeCheck = (from: readonly Remediation[], prelude: readonly Part[]): BuiltDocument => {
  const checks = from.map(({ name }) => {
    const section = sectionsOf(read(`${name}/script.sh`)).get('check');
    const parts = partsOf(section?.uses ?? [], name, find);
    // What lies in a remediation's own folder is its own matter: another may have a function of the same name.
    const own = parts.filter((part) => !isShared(part)).map((part) => part.text);
    // What a document says of a healthy node is in no finding, so node-check.sh has a shorter one for all.
    const body = wordless(withoutFunction(withoutComments([...own, section?.text ?? ''].join('\n')), HEALTHY));
    return { name, parts: parts.filter(isShared), body };
  });
  const before = [
    ...prelude.map(shared),
    ...inOrder([...prelude, ...checks.flatMap((check) => check.parts)])
      .slice(prelude.length)
      .map(shared)
      .map(wordless),
  ];
  const needed = withoutUnneeded([
    ...before,
    ...checks.map(({ body }) => body),
    severities(from),
    `NODE_CHECKS=(${from.map((r) => r.name).join(' ')})`,
    shared({ path: 'lib/node-check.sh', text: read('lib/node-check.sh') }),
    `BUDGET_SECONDS=${NODE_CHECK_TIMEOUT_SECONDS - MARGIN_SECONDS}`,
    'node_check "$@"',
  ]);
  const text = join(
    needed.map((script, at) => {
      const number = at - before.length;
      const check = checks[number];
      return check === undefined ? script : `# ${check.name}\ndefine_${number}() {\n${script.trim()}\n}`;
    }),
  );
  const names = from.map((r) => r.name).join(', ');
  return built(
    NODE_CHECK,
    NODE_CHECK,
    'check',
    NODE_CHECK_TIMEOUT_SECONDS,
    `fleetmend, every check in one document (${names}). It changes nothing.`,
    // Every check in one document would not fit into SSM's 64 KB as it was written.
    packed(withoutOverrides(text), ['BUDGET_SECONDS', 'NODE_CHECKS']),
  );
};

/**
 * Every document of the registry, in its order, `node-check` last. Reads the scripts and nothing else, so the same sources
 * always give the same bytes. Throws where a document would not be valid.
 */
export const buildDocuments = (from: readonly Remediation[] = remediations): BuiltDocument[] => {
  const prelude = preludeParts();
  return [...from.flatMap((remediation) => documentsOf(remediation, prelude)), nodeCheck(from, prelude)];
};
