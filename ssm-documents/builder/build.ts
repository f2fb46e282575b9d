import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { Action, Remediation } from '../../core/model/remediation.ts';
import { catalogueOf } from '../catalogue.ts';
import { remediations } from '../remediations.ts';
import { bashDocument, type CommandDocument, validateDocument } from './document.ts';
import { withoutUncalled } from './needed.ts';
import { type Part, partsOf } from './parts.ts';
import { type Block, largestOf, scriptOf } from './script.ts';
import { type Section, sectionsOf, withoutComments } from './sections.ts';
import { TABLES } from './tables.ts';

/** A document ready to be deployed. Its name has stack, key and hash: the script that runs is the reviewed one. */
export type BuiltDocument = {
  /** `pause-image-check`, `pause-image-repair`, `pause-image-repair-mirror`, `node-check-1`. */
  readonly key: string;
  /** Of `json`, in hex. */
  readonly sha256: string;
  readonly content: CommandDocument;
  readonly json: string;
  /** The remediation's name; `node-check` for the documents of every check. */
  readonly remediation: string;
  readonly action: Action;
  readonly executionTimeoutSeconds: number;
  /** The remediations whose checks the document runs: its own, or those in this part of `node-check`. */
  readonly checks: readonly string[];
};

/** The value of `remediation` for the documents that run every check. */
export const NODE_CHECK = 'node-check';

/**
 * The maximum size of a document in bytes. SSM accepts 65,536 (API model, CreateDocument). The rest is a reserve for urgent
 * changes.
 */
export const MAX_BUILT_BYTES = 60_000;

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

/** The code of one process of a document: its own blocks, beside those that all processes share. */
type Process = { readonly name: string; readonly blocks: readonly Block[] };

type Recipe = {
  readonly key: string;
  readonly remediation: string;
  readonly action: Action;
  readonly executionTimeoutSeconds: number;
  readonly description: string;
  readonly checks: readonly string[];
  /** Folders below `ssm-documents/` that the script is built from. */
  readonly folders: readonly string[];
  readonly shared: readonly Block[];
  /** In `node-check`: the code that each check runs in its own process. */
  readonly own: readonly Process[];
  readonly end: readonly Block[];
  /** Those whose reasons the document can report. */
  readonly remediations: readonly Remediation[];
};

const added = (...lines: readonly string[]): Block => ({ path: undefined, text: lines.join('\n') });
const isShared = ({ path }: Part): boolean => path.startsWith('lib/');
const unique = (parts: readonly Part[]): Part[] => [...new Map(parts.map((part) => [part.path, part])).values()];
const sourceBlock = (path: string, text: string): Block => ({ path, text: withoutComments(text) });
const partBlock = ({ path, text }: Part): Block => sourceBlock(path, text);

/** The prelude and what it needs, which every document begins with. */
const preludeParts = (): readonly Part[] => {
  const section = sectionsOf(read('lib/base/prelude.sh')).get('');
  return [{ path: 'lib/base/prelude.sh', text: section?.text ?? '' }, ...partsOf(section?.uses ?? [], 'lib', find)];
};

/** The tables that some scripts call, with the reasons that they name. */
const tablesFor = (scripts: readonly string[], from: readonly Remediation[]): Block[] => {
  const words = new Set(scripts.flatMap((script) => script.match(/\w+/g) ?? []));
  const reasons = [...catalogueOf(from).values()].filter(({ name }) => words.has(name));
  return TABLES.filter(({ name }) => words.has(name)).map(({ render }) => added(render(reasons)));
};

/** Puts a check's functions into one function that its process calls, because other checks have functions of the same names. */
const wrapped = ({ name, blocks }: Process): Block[] => [
  added(`define_${name.replaceAll('-', '_')}() {`),
  ...blocks,
  added('}'),
];

const blocksOf = ({ shared, own, end, remediations: from }: Recipe): Block[] => {
  const common = [...shared, ...end];
  const kept = withoutUncalled({
    shared: common.map(({ text }) => text),
    own: own.map(({ blocks }) => blocks.map(({ text }) => text)),
  });
  const withText = (blocks: readonly Block[], texts: readonly string[]): Block[] =>
    blocks.map(({ path }, at) => ({ path, text: texts[at] ?? '' }));
  const keptCommon = withText(common, kept.shared);
  const processes = own.map(({ name, blocks }, at) => ({ name, blocks: withText(blocks, kept.own[at] ?? []) }));
  return [
    ...keptCommon.slice(0, shared.length),
    ...processes.flatMap(wrapped),
    ...tablesFor([...kept.shared, ...kept.own.flat()], from),
    ...keptCommon.slice(shared.length),
  ];
};

const contentOf = (recipe: Recipe): { readonly content: CommandDocument; readonly blocks: readonly Block[] } => {
  const { key, executionTimeoutSeconds, description, folders } = recipe;
  const blocks = blocksOf(recipe);
  const script = scriptOf(folders, blocks);
  const content = bashDocument({ description, step: key, timeoutSeconds: executionTimeoutSeconds, script });
  return { content, blocks };
};

// Compact: indentation would cost six bytes for each line of a script.
const bytesOf = (recipe: Recipe): number => Buffer.byteLength(JSON.stringify(contentOf(recipe).content));

const built = (recipe: Recipe): BuiltDocument => {
  const { key, remediation, action, executionTimeoutSeconds, checks } = recipe;
  const { content, blocks } = contentOf(recipe);
  const json = JSON.stringify(content);
  const bytes = Buffer.byteLength(json);
  if (bytes > MAX_BUILT_BYTES) {
    throw new Error(
      `building the document ${key}: it has ${bytes} bytes, ${bytes - MAX_BUILT_BYTES} more than the ${MAX_BUILT_BYTES} that a document may have; make its scripts smaller. Its largest parts, in bytes: ${largestOf(blocks)}`,
    );
  }
  const problems = validateDocument(content);
  if (problems.length > 0) throw new Error(`building the document ${key}: ${problems.join('; ')}`);
  const sha256 = createHash('sha256').update(json).digest('hex');
  return { key, sha256, content, json, remediation, action, executionTimeoutSeconds, checks };
};

type Prepared = { readonly sections: ReadonlyMap<string, Section>; readonly head: Block };

/** A section of a script for a repair, in which nothing calls the function `check`. */
const withoutCheck = (text: string): string => text.replace(/^check\(\) \{\n(?:.*\n)*?\}\n/m, '');

const scriptSections = (name: string): Prepared => {
  const path = `${name}/script.sh`;
  const sections = sectionsOf(read(path));
  if (!sections.has('check') || !sections.has('repair')) {
    throw new Error(`building ${name}: script.sh needs the lines "#@ section check" and "#@ section repair"`);
  }
  return { sections, head: sourceBlock(path, sections.get('')?.text ?? '') };
};

const documentsOf = (remediation: Remediation, prelude: readonly Part[]): BuiltDocument[] => {
  const { name, summary, executionTimeoutSeconds } = remediation;
  const { sections, head } = scriptSections(name);
  const document = (suffix: string, action: Action, description: string, names: readonly string[]) => {
    const timeout = executionTimeoutSeconds[action];
    const chosen = names.flatMap((section) => sections.get(section) ?? []);
    const uses = [...new Set(chosen.flatMap((section) => section.uses))];
    const parts = unique([...prelude, ...partsOf(['base/single', ...uses], name, find)]);
    return built({
      key: `${name}-${suffix}`,
      remediation: name,
      action,
      executionTimeoutSeconds: timeout,
      description,
      checks: action === 'check' ? [name] : [],
      folders: [name, 'lib'],
      shared: [
        head,
        ...parts.map(partBlock),
        ...chosen.map(({ text }) => sourceBlock(`${name}/script.sh`, action === 'check' ? text : withoutCheck(text))),
      ],
      own: [],
      remediations: [remediation],
      end: [added(`REMEDIATION=${name}`, `ACTION=${action}`, `BUDGET_SECONDS=${timeout - MARGIN_SECONDS}`, 'main')],
    });
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

/**
 * The document of `node-check` that runs the checks of `chosen`. One of the documents has the net beneath all checks as well
 * (lib/node/pods.sh).
 */
const nodeCheckPart = (
  chosen: readonly Remediation[],
  { part, parts, hasNet }: { readonly part: number; readonly parts: number; readonly hasNet: boolean },
  prelude: readonly Part[],
): Recipe => {
  const checks = chosen.map(({ name }) => {
    const { sections, head } = scriptSections(name);
    const section = sections.get('check');
    const uses = partsOf(section?.uses ?? [], name, find);
    const own = uses.filter((each) => !isShared(each)).map(partBlock);
    return {
      shared: uses.filter(isShared),
      process: { name, blocks: [head, ...own, sourceBlock(`${name}/script.sh`, section?.text ?? '')] },
    };
  });
  const names = chosen.map(({ name }) => name);
  return {
    key: `${NODE_CHECK}-${part}`,
    remediation: NODE_CHECK,
    action: 'check',
    executionTimeoutSeconds: NODE_CHECK_TIMEOUT_SECONDS,
    description: `fleetmend, all checks, part ${part} of ${parts}: ${names.join(', ')}. It changes nothing.`,
    checks: names,
    folders: [...names, 'lib'],
    shared: unique([
      ...prelude,
      ...checks.flatMap(({ shared }) => shared),
      ...(hasNet ? partsOf(['node/pods'], 'lib', find) : []),
    ]).map(partBlock),
    own: checks.map(({ process }) => process),
    remediations: chosen,
    end: [
      added(`NODE_CHECKS=(${names.join(' ')})`, `PART=${part} PARTS=${parts}`),
      sourceBlock('lib/node-check.sh', read('lib/node-check.sh')),
      added(`BUDGET_SECONDS=${NODE_CHECK_TIMEOUT_SECONDS - MARGIN_SECONDS}`, 'node_check "$@"'),
    ],
  };
};

type Packed = { readonly chosen: readonly Remediation[]; readonly hasNet: boolean };

/**
 * First fit decreasing: the largest check first, each into the first document with enough space; the net goes with the
 * smallest. The documents, and the checks in each of them, keep the order of the registry.
 */
const packedChecks = (from: readonly Remediation[], prelude: readonly Part[]): Packed[] => {
  // Numbers with the maximum of digits, so that the final ones need no more space.
  const widest = { part: 99, parts: 99 };
  const bytesWith = (chosen: readonly Remediation[], hasNet: boolean): number =>
    bytesOf(nodeCheckPart(chosen, { ...widest, hasNet }, prelude));
  const inRegistryOrder = (chosen: readonly Remediation[]): Remediation[] => from.filter((one) => chosen.includes(one));
  const bytesAlone = new Map(from.map((one) => [one, bytesWith([one], false)]));
  const groups: Remediation[][] = [];
  const largestFirst = from.toSorted((a, b) => (bytesAlone.get(b) ?? 0) - (bytesAlone.get(a) ?? 0));
  const smallest = largestFirst.at(-1);
  for (const one of largestFirst) {
    const at = groups.findIndex(
      (others) => bytesWith(inRegistryOrder([...others, one]), one === smallest) <= MAX_BUILT_BYTES,
    );
    if (at === -1) groups.push([one]);
    else groups[at] = inRegistryOrder([...(groups[at] ?? []), one]);
  }
  const placeOf = ([first]: readonly Remediation[]): number => (first === undefined ? 0 : from.indexOf(first));
  return groups
    .toSorted((a, b) => placeOf(a) - placeOf(b))
    .map((chosen) => ({ chosen, hasNet: chosen.some((one) => one === smallest) }));
};

/**
 * Every document of the registry, in its order, and then the parts of `node-check`. Reads the scripts and nothing else, so
 * the same sources always give the same bytes.
 *
 * @throws Error where a document would not be valid or has more than {@link MAX_BUILT_BYTES}
 */
export const buildDocuments = (from: readonly Remediation[] = remediations): BuiltDocument[] => {
  const prelude = preludeParts();
  const groups = packedChecks(from, prelude);
  return [
    ...from.flatMap((remediation) => documentsOf(remediation, prelude)),
    ...groups.map(({ chosen, hasNet }, at) =>
      built(nodeCheckPart(chosen, { part: at + 1, parts: groups.length, hasNet }, prelude)),
    ),
  ];
};
