import { spawnSync } from 'node:child_process';

/** The language of a shell text, as shfmt calls it. */
export type Language = 'bash' | 'posix' | 'bats';

/** A node of shfmt's syntax tree (https://pkg.go.dev/mvdan.cc/sh/v3/syntax/typedjson). */
export type SyntaxNode = Readonly<Record<string, unknown>>;

export const isNode = (value: unknown): value is SyntaxNode => typeof value === 'object' && value !== null;

/**
 * The syntax tree of a shell text.
 *
 * @throws Error where shfmt is missing or can't parse the text
 */
export const parseShell = (text: string, language: Language): SyntaxNode => {
  const { status, stdout, stderr, error } = spawnSync('shfmt', ['-ln', language, '--to-json'], {
    input: text,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`shfmt could not parse a ${language} text: ${error?.message ?? stderr.trim()}`);
  const tree: unknown = JSON.parse(stdout);
  if (!isNode(tree)) throw new Error('shfmt printed no syntax tree');
  return tree;
};

/** The nodes directly below one. */
export const childrenOf = (node: SyntaxNode): SyntaxNode[] =>
  Object.entries(node).flatMap(([key, value]) => (key !== 'Pos' && key !== 'End' && isNode(value) ? [value] : []));

const numberAt = (node: SyntaxNode, place: 'Pos' | 'End', field: 'Line' | 'Offset'): number => {
  const position = node[place];
  return isNode(position) ? Number(position[field]) : 0;
};

/** The first line of a node, counted from 1. */
export const lineOf = (node: SyntaxNode): number => numberAt(node, 'Pos', 'Line');

/** The source of a node. Offsets count bytes. */
export const sourceOf = (node: SyntaxNode, text: string): string =>
  Buffer.from(text)
    .subarray(numberAt(node, 'Pos', 'Offset'), numberAt(node, 'End', 'Offset'))
    .toString();

/** The text of a word where it has no expansion. */
export const textOf = (word: unknown): string | undefined => {
  if (!isNode(word)) return undefined;
  if (Array.isArray(word.Parts)) {
    const parts = word.Parts.map(textOf);
    return parts.includes(undefined) ? undefined : parts.join('');
  }
  return typeof word.Value === 'string' ? word.Value : undefined;
};

/** A function at the top level of a text, with its first and its last line. */
export type FunctionSpan = { readonly name: string; readonly first: number; readonly last: number };

export const functionSpansOf = (tree: SyntaxNode): FunctionSpan[] =>
  (Array.isArray(tree.Stmts) ? tree.Stmts : []).flatMap((statement) => {
    const command: unknown = isNode(statement) ? statement.Cmd : undefined;
    if (!isNode(command) || command.Type !== 'FuncDecl' || !isNode(command.Name)) return [];
    return [{ name: String(command.Name.Value), first: lineOf(command), last: numberAt(command, 'End', 'Line') }];
  });

const isAwk = (node: SyntaxNode): boolean =>
  (Array.isArray(node.Args) && node.Args.some((word) => textOf(word) === 'awk')) ||
  ('Value' in node && textOf(node.Name)?.endsWith('_AWK') === true);

/** The lines at which comments begin: the shell's, and all lines of programs for awk, which has the same comments. */
export const commentLinesOf = (tree: SyntaxNode): number[] =>
  isAwk(tree)
    ? quotedLinesOf(tree)
    : [...(isNode(tree.Hash) ? [lineOf(tree)] : []), ...childrenOf(tree).flatMap(commentLinesOf)];

const quotedLinesOf = (node: SyntaxNode): number[] => {
  if (node.Type !== 'SglQuoted') return childrenOf(node).flatMap(quotedLinesOf);
  const first = lineOf(node);
  return Array.from({ length: numberAt(node, 'End', 'Line') - first + 1 }, (_, at) => first + at);
};
