import { readFileSync } from 'node:fs';
import type { Guide, Remediation } from '../../core/model/remediation.ts';
import { type CatalogueEntry, catalogueOf } from '../catalogue.ts';
import { remediations } from '../remediations.ts';
import { type BuiltDocument, buildDocuments, NODE_CHECK } from './build.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

// Aligned as formatters of Markdown do it, so that one that runs over the docs changes nothing.
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const texts = [head, ...rows].map((cells) => cells.map(cell));
  const widths = head.map((_, column) => Math.max(3, ...texts.map((cells) => cells[column]?.length ?? 0)));
  const lines = texts.map((cells) => `| ${cells.map((text, i) => text.padEnd(widths[i] ?? 0)).join(' | ')} |`);
  return [lines[0], `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...lines.slice(1)].join('\n');
};

export const code = (text: string): string => `\`${text}\``;

/** A README with its headings one level lower; a `#` inside a code block is no heading. */
const demoted = (readme: string): string => {
  let isCode = false;
  const lines = readme.trim().split('\n');
  return lines
    .map((line) => {
      if (line.startsWith('```')) isCode = !isCode;
      return !isCode && /^#+ /.test(line) ? `#${line}` : line;
    })
    .join('\n');
};

const overview = (from: readonly Remediation[], documents: readonly BuiltDocument[]): string =>
  table(
    ['remediation', 'order', 'what it does', 'restarts something', 'documents (seconds they may run)'],
    from.map((r) => [
      code(r.name),
      String(r.order),
      r.summary,
      r.disruptive ? 'yes' : 'no',
      documents
        .filter((d) => d.remediation === r.name)
        .map((d) => `${code(d.key)} (${d.executionTimeoutSeconds})`)
        .join(', '),
    ]),
  );

const nodeChecks = (documents: readonly BuiltDocument[]): string =>
  table(
    ['document', 'checks'],
    documents
      .filter(({ remediation }) => remediation === NODE_CHECK)
      .map(({ key, checks }) => [code(key), checks.map(code).join(', ')]),
  );

const troubleOf = ({ scope }: CatalogueEntry): string =>
  scope === 'node-local' ? "the node's own" : 'counts against the repair';

const reasonsTable = (entries: readonly CatalogueEntry[]): string =>
  table(
    ['reason', 'severity', 'whose trouble', 'in a few words', 'remediations'],
    entries.map((entry) => [
      `[${code(entry.name)}](#${entry.name.toLowerCase()})`,
      entry.severity,
      troubleOf(entry),
      entry.title,
      entry.remediations.map(code).join(', '),
    ]),
  );

/** A text of the guides of a reason, once where all of its remediations have the same. */
const fromGuides = (entry: CatalogueEntry, from: readonly Remediation[], field: keyof Guide): string => {
  const texts = from
    .filter(({ name }) => entry.remediations.includes(name))
    .map(({ name, guide }) => ({ name, text: guide[entry.name]?.[field] ?? '' }));
  const [first] = texts;
  if (first === undefined || texts.every(({ text }) => text === first.text)) return first?.text ?? '';
  return texts.map(({ name, text }) => `With ${code(name)}: ${text}`).join(' ');
};

/** What a person reads about one reason: what is wrong and where, why, the next step, and how to undo the repair. */
const reasonSection = (entry: CatalogueEntry, from: readonly Remediation[]): string =>
  [
    `### ${entry.name}`,
    [
      `- **What:** ${entry.title}.`,
      `- **Where:** ${fromGuides(entry, from, 'where')}`,
      `- **Why:** ${entry.cause}`,
      `- **Next step:** ${entry.advice}`,
      `- **How to undo it:** ${fromGuides(entry, from, 'undo')}`,
    ].join('\n'),
  ].join('\n\n');

/** The text of docs/remediations.md: an overview, the catalogue of reasons by name, and each README. Pure but for the files. */
export const renderRemediations = (from: readonly Remediation[] = remediations): string => {
  const entries = [...catalogueOf(from).values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const documents = buildDocuments(from);
  const readmes = from.map(({ name }) =>
    demoted(readFileSync(new URL(`../${name}/README.md`, import.meta.url), 'utf8')),
  );
  return `${[
    '<!-- Written by `node ssm-documents/builder/render-docs.ts`. Change the READMEs and reasons below ssm-documents/ instead. -->',
    '# Remediations',
    'The problems of a node that fleetmend can find and repair. `node-check` runs every check at once, in these documents:',
    nodeChecks(documents),
    overview(from, documents),
    '## Reasons',
    'A failed repair whose reason "counts against the repair" is evidence that the repair itself is wrong: two of them stop it in that cluster for a while. The node\'s own trouble (its role, its disk, its network) is not.',
    'The message of a result has the facts of its node: the path, the unit, the last error line. Below, `evidence.NAME` is the fact of that name in its result.',
    reasonsTable(entries),
    ...entries.map((entry) => reasonSection(entry, from)),
    ...readmes,
  ].join('\n\n')}\n`;
};
