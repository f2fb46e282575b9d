import { childrenOf, isNode, lineOf, parseShell, type SyntaxNode, sourceOf, textOf } from './shell-tree.ts';

/** A variable that a line of a shell text sets and that is no local variable of its function. */
export type GlobalAssignment = {
  readonly name: string;
  readonly line: number;
  /** The function in which the line stands; undefined at the top level. */
  readonly within: string | undefined;
};

const NAME = /^[A-Za-z_]\w*$/;
const DECLARES_LOCALS = new Set(['local', 'declare', 'typeset']);
/** Builtins that set the variables that they are given, and their options that take a value. */
const READERS: Readonly<Record<string, string>> = { read: 'adinNptu', mapfile: 'dnOsucC', readarray: 'dnOsucC' };
const ARITHMETIC = /([A-Za-z_]\w*)(?:\[[^\]]*\])?\s*(?:(?:[-+*/%&|^]|<<|>>)?=(?!=)|\+\+|--)|(?:\+\+|--)([A-Za-z_]\w*)/g;

const nodesOf = (value: unknown): SyntaxNode[] => (Array.isArray(value) ? value.filter(isNode) : []);
const nameOf = (node: SyntaxNode): string => textOf(node.Name) ?? '';

/** The variables that `read -r -a list`, `mapfile list` or `printf -v text` set. */
const setByBuiltin = (words: readonly (string | undefined)[]): string[] => {
  const [command = '', ...rest] = words;
  if (command === 'printf') return rest[0] === '-v' ? [rest[1] ?? ''] : [];
  if (command === 'getopts') return [rest[1] ?? '', 'OPTIND', 'OPTARG'];
  const valued = READERS[command];
  if (valued === undefined) return [];
  const names: string[] = [];
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at] ?? '';
    if (!word.startsWith('-')) names.push(word);
    else if (command === 'read' && word.endsWith('a')) names.push(rest[++at] ?? '');
    else if (valued.includes(word.at(-1) ?? '')) at++;
  }
  return names;
};

const setBy = (node: SyntaxNode, text: string): string[] => {
  switch (node.Type) {
    case 'CallExpr': {
      const words = nodesOf(node.Args);
      // Before a command an assignment is in that command's environment only.
      return words.length === 0 ? nodesOf(node.Assigns).map(nameOf) : setByBuiltin(words.map(textOf));
    }
    case 'DeclClause':
      // An exported variable is for the programs that are started.
      return declaresLocals(node) || textOf(node.Variant) === 'export' ? [] : nodesOf(node.Args).map(nameOf);
    case 'WordIter':
      return [nameOf(node)];
    case 'ArithmCmd':
    case 'ArithmExp':
    case 'CStyleLoop':
      return [...sourceOf(node, text).matchAll(ARITHMETIC)].map(([, after, before]) => after ?? before ?? '');
    case 'ParamExp': {
      const [, name = ''] = /^\$\{(\w+)(?:\[[^\]]*\])?:?=/.exec(sourceOf(node, text)) ?? [];
      return [name];
    }
    default:
      return [];
  }
};

const declaresLocals = (node: SyntaxNode): boolean =>
  DECLARES_LOCALS.has(textOf(node.Variant) ?? '') &&
  !nodesOf(node.Args).some((word) => /^-[a-zA-Z]*g/.test(textOf(word.Value) ?? ''));

const localsOf = (node: SyntaxNode): string[] => [
  ...(node.Type === 'DeclClause' && declaresLocals(node) ? nodesOf(node.Args).map(nameOf) : []),
  ...childrenOf(node).flatMap(localsOf),
];

/**
 * Every assignment of a bash text to a variable that is not local in its function. What a subshell sets counts too: it is
 * rarely meant.
 */
export const globalAssignmentsOf = (text: string): GlobalAssignment[] => {
  const visit = (node: SyntaxNode, within: string | undefined, locals: ReadonlySet<string>): GlobalAssignment[] => {
    if (node.Type === 'FuncDecl') {
      const own = new Set(localsOf(node));
      return childrenOf(node).flatMap((child) => visit(child, nameOf(node), own));
    }
    const names = setBy(node, text).filter((name) => NAME.test(name) && name !== '_' && !locals.has(name));
    return [
      ...names.map((name) => ({ name, line: lineOf(node), within })),
      ...childrenOf(node).flatMap((child) => visit(child, within, locals)),
    ];
  };
  return visit(parseShell(text, 'bash'), undefined, new Set());
};
