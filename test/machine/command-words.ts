import { spawnSync } from 'node:child_process';

/** A word of a command line; undefined where only a running shell knows it (`"$program"`). */
export type Word = string | undefined;

/** How a program that starts another one is called: options that take a value, and words before the command line. */
type Wrapper = { readonly valued?: readonly string[]; readonly positionals?: number };

const WRAPPERS: Readonly<Record<string, Wrapper>> = {
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
/** `command -v ctr` asks for a program and does not start it. */
const ASKS = new Set(['-v', '-V']);
const SHELLS = new Set(['sh', 'bash', 'dash']);
const ASSIGNMENT = /^[A-Za-z_]\w*=/;

/** The language of a shell text, as shfmt calls it. */
export type Language = 'bash' | 'posix' | 'bats';

/** The commands of a shell text, and the names of the functions that it defines. */
export type ShellCommands = { readonly commands: readonly Word[][]; readonly functions: readonly string[] };

/**
 * Reads a shell text with shfmt.
 *
 * @throws Error where shfmt is missing or can't parse the text
 */
export const readShell = (text: string, language: Language): ShellCommands => {
  const { status, stdout, stderr, error } = spawnSync('shfmt', ['-ln', language, '--to-json'], {
    input: text,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`shfmt could not parse a ${language} text: ${error?.message ?? stderr.trim()}`);
  const commands: Word[][] = [];
  const functions: string[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (!isNode(node)) return;
    if (node.Type === 'CallExpr' && Array.isArray(node.Args)) commands.push(node.Args.map(textOf));
    if (node.Type === 'FuncDecl' && isNode(node.Name)) functions.push(String(node.Name.Value));
    for (const [key, value] of Object.entries(node)) if (key !== 'Pos' && key !== 'End') visit(value);
  };
  visit(JSON.parse(stdout));
  return { commands, functions };
};

type SyntaxNode = Readonly<Record<string, unknown>>;
const isNode = (value: unknown): value is SyntaxNode => typeof value === 'object' && value !== null;

/** The text of a word where it has no expansion. */
const textOf = (word: unknown): Word => {
  if (!isNode(word)) return undefined;
  if (Array.isArray(word.Parts)) {
    const parts = word.Parts.map(textOf);
    return parts.includes(undefined) ? undefined : parts.join('');
  }
  return typeof word.Value === 'string' ? word.Value : undefined;
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
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at];
    if (word === '--') return words.slice(at + 1 + positionals);
    if (word === undefined || !(word.startsWith('-') || ASSIGNMENT.test(word))) break;
    if (valued.includes(word)) at++;
  }
  return words.slice(at + positionals);
};

/** `bash -o pipefail -euc TEXT NAME…`: the programs of the text, and what stands after it where that runs `"$@"`. */
const programsOfShell = (name: string, words: readonly Word[]): string[] => {
  const at = words.findIndex((word) => word !== undefined && /^-\w*c$/.test(word));
  const text = at === -1 ? undefined : words.slice(at + 1).find((word) => word === undefined || !/^[-+]/.test(word));
  if (text === undefined) return [];
  const { commands, functions } = readShell(text, name === 'bash' ? 'bash' : 'posix');
  const own = commands.flatMap(programsOf).filter((program) => !functions.includes(program));
  const dashes = words.indexOf('--', at);
  return [...own, ...(text.includes('"$@"') && dashes !== -1 ? programsOf(words.slice(dashes + 1)) : [])];
};
