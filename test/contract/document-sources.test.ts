import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type BuiltDocument, buildDocuments, NODE_CHECK } from '../../ssm-documents/builder/build.ts';
import { functionsOf } from '../../ssm-documents/builder/needed.ts';
import { ADDED_MARK, SOURCE_MARK } from '../../ssm-documents/builder/script.ts';
import { withoutComments } from '../../ssm-documents/builder/sections.ts';
import { TABLES } from '../../ssm-documents/builder/tables.ts';
import { catalogueOf } from '../../ssm-documents/catalogue.ts';
import { remediations } from '../../ssm-documents/remediations.ts';
import { programsOf, readShell } from '../machine/command-words.ts';
import { missingPrograms } from '../machine/debian.ts';
import { commentLinesOf, functionSpansOf, parseShell, type SyntaxNode } from '../machine/shell-tree.ts';
import { sampleOf } from '../support/sample.ts';

const folder = new URL('../../ssm-documents/', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, folder), 'utf8');
const documents = buildDocuments();
const linesOf = ({ content }: BuiltDocument): string[] => content.mainSteps.flatMap(({ inputs }) => inputs.runCommand);
/** The syntax tree of each source: many documents hold the same one. */
const trees = new Map<string, SyntaxNode>();
const treeOf = (path: string): SyntaxNode => {
  const tree = trees.get(path) ?? parseShell(read(path), 'bash');
  trees.set(path, tree);
  return tree;
};
const isCode = (line: string): boolean => line.trim() !== '' && !/^\s*#/.test(line);

type Block = { readonly path: string | undefined; readonly lines: readonly string[] };

/** The lines above the first mark, and the blocks below the marks. */
const cut = (document: BuiltDocument): { readonly top: readonly string[]; readonly blocks: readonly Block[] } => {
  const lines = linesOf(document);
  const marks = lines.flatMap((line, at) => (line.startsWith(SOURCE_MARK) || line === ADDED_MARK ? [at] : []));
  const blocks = marks.map((start, i) => {
    const mark = lines[start] ?? '';
    const path = mark === ADDED_MARK ? undefined : mark.slice(SOURCE_MARK.length);
    return { path, lines: lines.slice(start + 1, marks[i + 1]).filter((line) => line !== '') };
  });
  return { top: lines.slice(0, marks[0]), blocks };
};

/** What the builder may write by itself: the start of a script, the frame of a check in node-check, and the tables. */
const ADDED = [
  /^REMEDIATION=[a-z-]+\nACTION=(?:check|repair)\nBUDGET_SECONDS=\d+\nmain$/,
  /^NODE_CHECKS=\([a-z -]+\)\nPART=\d PARTS=\d$/,
  /^BUDGET_SECONDS=\d+\nnode_check "\$@"$/,
  /^define_[a-z_]+\(\) \{$/,
  /^\}$/,
];
const isTable = (text: string, document: BuiltDocument): boolean => {
  const names = document.remediation === NODE_CHECK ? document.checks : [document.remediation];
  const chosen = remediations.filter(({ name }) => names.includes(name));
  const rest = linesOf(document).join('\n').replace(text, '');
  const reported = [...catalogueOf(chosen).values()].filter(({ name }) => new RegExp(`\\b${name}\\b`).test(rest));
  return TABLES.some((table) => rest.includes(table.name) && table.render(reported) === text);
};

/** The first of some lines that a text does not have in their order; undefined if it has them all. */
const missingLine = (lines: readonly string[], text: string): string | undefined => {
  const source = text.split('\n');
  let at = 0;
  return lines.find((line) => {
    at = source.indexOf(line, at) + 1;
    return at === 0;
  });
};

describe.each(documents.map((d) => [d.key, d] as const))('%s', (_, document) => {
  const { top, blocks } = cut(document);

  it('says in its first comment what it was built from', () => {
    expect(top).toEqual([
      '#!/bin/bash',
      'set -o errexit -o nounset -o pipefail',
      expect.stringMatching(
        /^# Built by fleetmend from ssm-documents\/[a-z-]+(?:,? (?:and )?ssm-documents\/[a-z-]+)+; comments, blank lines and functions that nothing calls are left out\.$/,
      ),
      '',
    ]);
    const folders = [...(top[2] ?? '').matchAll(/ssm-documents\/([a-z-]+)/g)].map(([, name]) => name);
    const used = blocks.flatMap(({ path }) => path?.split('/', 1) ?? []);
    expect(folders.toSorted()).toEqual([...new Set(used)].toSorted());
  });

  it('has every line as it stands in its source, in the order of the source', () => {
    const changed = blocks.flatMap(({ path, lines }) => {
      const line = path === undefined ? undefined : missingLine(lines, read(path));
      return line === undefined ? [] : [`${path}: ${line}`];
    });
    expect(changed).toEqual([]);
    expect(blocks.filter(({ path }) => path !== undefined).length).toBeGreaterThan(2);
  });

  it('has nothing else but what the builder is known to add', () => {
    const texts = blocks.filter(({ path }) => path === undefined).map(({ lines }) => lines.join('\n'));
    expect(texts.filter((text) => !ADDED.some((known) => known.test(text)) && !isTable(text, document))).toEqual([]);
  });

  it('has each file once for each process, and script.sh once for each section', () => {
    let process = 0;
    const places = blocks.flatMap(({ path, lines }) => {
      if (lines[0]?.startsWith('define_')) process++;
      return path === undefined || path.endsWith('/script.sh') ? [] : [`${process} ${path}`];
    });
    expect(places).toEqual([...new Set(places)]);
  });
});

const lacking = missingPrograms(['shell lint']).map(({ name }) => name);
const notRun = lacking.length === 0 ? '' : ` (not run: needs ${lacking.join(', ')})`;
const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.sh') && !path.startsWith('lib/testing/'))
  .toSorted();

describe.runIf(lacking.length === 0)(`the syntax of the sources${notRun}`, () => {
  it.each(sources)(
    '%s has no line in a text that looks like a comment, and functions that the builder finds',
    (path) => {
      const text = read(path);
      const tree = treeOf(path);
      const hashes = text.split('\n').flatMap((line, at) => (/^\s*#/.test(line) ? [at + 1] : []));
      const comments = new Set(commentLinesOf(tree));
      expect(hashes.filter((line) => !comments.has(line))).toEqual([]);
      expect(functionsOf(withoutComments(text))).toEqual(functionSpansOf(tree).map(({ name }) => name));
    },
  );

  it.each(documents.map((d) => [d.key, d] as const))('%s leaves out nothing but whole functions', (_, document) => {
    for (const { path, lines } of cut(document).blocks) {
      // Of script.sh a document has some sections only, which its own test looks at.
      if (path === undefined || path.endsWith('/script.sh')) continue;
      const text = read(path);
      const kept = new Set(functionsOf(lines.join('\n')));
      const spans = functionSpansOf(treeOf(path)).filter(({ name }) => !kept.has(name));
      const rest = text
        .split('\n')
        .filter((line, at) => isCode(line) && !spans.some(({ first, last }) => at + 1 >= first && at + 1 <= last));
      expect(lines, path).toEqual(rest);
    }
  });

  // To parse a whole document takes long, and each is put together by the same rules.
  const parsed = sampleOf('documents that are parsed', documents, 4);
  it.each(parsed.map((d) => [d.key, d] as const))('%s defines every function that it calls', (_, document) => {
    const { commands, functions } = readShell(linesOf(document).join('\n'), 'bash');
    const known = new Set(functions);
    const all = new Set(sources.flatMap((path) => functionSpansOf(treeOf(path)).map(({ name }) => name)));
    const called = commands.flatMap((words) => [...programsOf(words), ...(words[0] === 'at_exit' ? words : [])]);
    expect([...new Set(called)].filter((word) => all.has(word ?? '') && !known.has(word ?? ''))).toEqual([]);
  });

  it.each(documents.map((d) => [d.key, d] as const))(
    '%s has no two functions of one name in a process',
    (_, document) => {
      let process = 'all';
      const seen = cut(document).blocks.flatMap(({ path, lines }) => {
        if (path === undefined) process = /^define_(\w+)/.exec(lines[0] ?? '')?.[1] ?? 'all';
        return functionsOf(lines.join('\n')).map((name) => `${process} ${name}`);
      });
      expect(seen.filter((name, at) => seen.indexOf(name) !== at)).toEqual([]);
    },
  );
});
