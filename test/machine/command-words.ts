import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { childrenOf, type Language, parseShell, type SyntaxNode, textOf } from './shell-tree.ts';

/** A word of a command line; undefined where only a running shell knows it (`"$program"`). */
export type Word = string | undefined;

/** How a program that starts another one is called: options that take a value, and words before the command line. */
type Wrapper = { readonly valued?: readonly string[]; readonly positionals?: number };

const WRAPPERS: Readonly<Record<string, Wrapper>> = {
  // Functions of the documents (ssm-documents/lib/base/prelude.sh, network.sh) that run the rest of their arguments.
  bounded: { positionals: 1 },
  capture: { positionals: 1 },
  capture_shared: { positionals: 2 },
  run_tool: { positionals: 2 },
  with_network: {},
  builtin: {},
  chroot: { positionals: 1 },
  command: {},
  env: { valued: ['-u', '--unset', '-C', '--chdir'] },
  exec: { valued: ['-a'] },
  flock: { positionals: 1 },
  nice: { valued: ['-n'] },
  nohup: {},
  nsenter: { valued: ['-t', '--target'] },
  run: {},
  setpriv: {},
  setsid: {},
  strace: { valued: ['-e', '-o', '-p', '-s'] },
  timeout: { valued: ['-k', '-s'], positionals: 1 },
  unshare: { valued: ['--propagation'] },
  xargs: { valued: ['-I', '-n', '-P', '-d'] },
};
/** `command -v ctr` looks a program up and does not start it. */
const ASKS = new Set(['-v', '-V']);
const SHELLS = new Set(['sh', 'bash', 'dash']);
const ASSIGNMENT = /^[A-Za-z_]\w*=/;

/** The commands of a shell text, and the names of the functions that it defines. */
export type ShellCommands = { readonly commands: readonly Word[][]; readonly functions: readonly string[] };

/** What was read, by language and text: scripts source the same files again and again. */
const known = new Map<string, ShellCommands>();

/**
 * Reads a shell text with shfmt.
 *
 * @throws Error where shfmt is missing or can't parse the text
 */
export const readShell = (text: string, language: Language): ShellCommands => {
  const key = `${language} ${text}`;
  const found = known.get(key) ?? commandsOf(parseShell(text, language));
  known.set(key, found);
  return found;
};

const commandsOf = (tree: SyntaxNode): ShellCommands => {
  const commands: Word[][] = [];
  const functions: string[] = [];
  const visit = (node: SyntaxNode): void => {
    if (node.Type === 'CallExpr' && Array.isArray(node.Args)) commands.push(node.Args.map(textOf));
    if (node.Type === 'FuncDecl') functions.push(textOf(node.Name) ?? '');
    for (const child of childrenOf(node)) visit(child);
  };
  visit(tree);
  return { commands, functions };
};

/**
 * Every program that a command line starts: its own and, where that one starts another (`env`, `timeout`, `nsenter`,
 * `sh -c`), the others too.
 */
export const programsOf = ([first, ...words]: readonly Word[]): string[] => {
  if (first === undefined) return [];
  const name = first.slice(first.lastIndexOf('/') + 1);
  if (SHELLS.has(name)) return [first, ...programsOfShell(name, words)];
  const wrapper = WRAPPERS[name];
  if (wrapper === undefined) return [first];
  if (words.some((word) => word !== undefined && ASKS.has(word)) && name === 'command') return [first];
  return [first, ...programsOf(afterOptions(words, wrapper))];
};

const afterOptions = (words: readonly Word[], { valued = [], positionals = 0 }: Wrapper): readonly Word[] => {
  let left = positionals;
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at];
    if (word === '--') return words.slice(at + 1 + left);
    if (word !== undefined && (/^[-!]/.test(word) || ASSIGNMENT.test(word))) {
      if (valued.includes(word)) at++;
      continue;
    }
    if (left === 0) break;
    left--;
  }
  return words.slice(at);
};

/**
 * `bash -o pipefail -euc TEXT NAME…`: the programs of the text, and the words after `--` where the text runs `"$@"`;
 * `bash FILE…`: those of the file, where it is one of the repository's own.
 */
const programsOfShell = (name: string, words: readonly Word[]): string[] => {
  const at = words.findIndex((word) => word !== undefined && /^-\w*c$/.test(word));
  const rest = words.slice(at + 1);
  const text = at === -1 ? ownFile(words[0]) : rest.find((word) => word === undefined || !/^[-+]/.test(word));
  if (text === undefined) return [];
  const language = name === 'bash' ? 'bash' : 'posix';
  const sourced = at === -1 ? sourcedBeside(words[0], text) : [];
  const shells = [text, ...sourced].map((each) => readShell(each, language));
  const functions = new Set(shells.flatMap((shell) => shell.functions));
  const own = shells
    .flatMap(({ commands }) => commands.flatMap(programsOf))
    .filter((program) => !functions.has(program));
  const dashes = rest.indexOf('--');
  return [...own, ...(text.includes('"$@"') && dashes !== -1 ? programsOf(rest.slice(dashes + 1)) : [])];
};

/** The texts of the files in a script's folder that it names, and those that they name: what it sources. */
const sourcedBeside = (path: Word, text: string): readonly string[] => {
  const folder = dirname(resolve(root, path ?? ''));
  const others = readdirSync(folder).filter((file) => file.endsWith('.sh') && file !== basename(path ?? ''));
  const found = new Map<string, string>();
  const visit = (from: string): void => {
    for (const file of others.filter((other) => !found.has(other) && from.includes(`/${other}`))) {
      const own = readFileSync(join(folder, file), 'utf8');
      found.set(file, own);
      visit(own);
    }
  };
  visit(text);
  return [...found.values()];
};

const root = join(import.meta.dirname, '../..');
const ownFile = (path: Word): string | undefined => {
  if (path === undefined || !path.endsWith('.sh') || path.includes('node_modules')) return undefined;
  const file = resolve(root, path);
  return file.startsWith(root) && existsSync(file) ? readFileSync(file, 'utf8') : undefined;
};
