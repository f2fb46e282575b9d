import { isAbsolute, join } from 'node:path';
import { BUILTINS } from './builtins.ts';
import { programsOf } from './command-words.ts';
import { basePackages, fileOf, packagesOf } from './debian-packages.ts';
import { PROGRAMS } from './programs.ts';

const root = join(import.meta.dirname, '../..');

/** Programs that a node of the lab has and the machine need not have: they lie in the node's own root. */
const ON_LAB_NODES: ReadonlySet<string> = new Set([
  'docker',
  'dockerd',
  'kubelet',
  'ecr-credential-provider',
  '_script.sh',
]);

const baseName = (program: string): string => program.slice(program.lastIndexOf('/') + 1);
/** A file of the repository, of its npm packages, or one that a test has made. */
const isOwn = (program: string): boolean =>
  program.startsWith(root) || program.startsWith('./') || program.startsWith(process.env.TMPDIR ?? '/tmp');
const NODE = new Set(['node', 'npm', 'npx']);

/**
 * Holds the command lines that a run has started against the list of programs.
 *
 * @param lines those that the recorder wrote, a JSON list of words each
 * @param isWhole whether all suites were run with everything that they need: then a program of the list that nothing
 * started is a problem too
 * @returns a sentence for each problem
 */
export const problemsOf = (lines: readonly string[], isWhole: boolean): string[] => {
  const commands = lines.map((line): string[] => JSON.parse(line));
  const started = new Map(commands.flatMap((words) => programsOf(words).map((name) => [name, words] as const)));
  const listed = new Map(PROGRAMS.map((program) => [program.name, program]));
  const isKnown = (name: string): boolean =>
    BUILTINS.has(name) || listed.has(baseName(name)) || NODE.has(baseName(name)) || isOwn(name) || isBin(name);
  const others = [...started.keys()].filter((name) => !isKnown(name) && !ON_LAB_NODES.has(baseName(name)));
  const packages = packagesOf(others.flatMap((name) => fileOf(name) ?? []));
  const base = new Set([...basePackages(), ...PROGRAMS.map(({ debianPackage }) => debianPackage)]);
  const strangers = others.flatMap((name) => {
    const found = packages.get(fileOf(name) ?? '');
    if (found !== undefined && base.has(found)) return [];
    const of = found === undefined ? 'is in no Debian package of this machine' : `is of the Debian package ${found}`;
    const line = (started.get(name) ?? []).join(' ').slice(0, 200);
    return [`${name} was started (${line}), ${of}, and is not in test/machine/programs.ts: add it there`];
  });
  if (!isWhole) return strangers;
  const names = new Set([...started.keys()].map(baseName));
  const unused = PROGRAMS.filter(({ name, use }) => use === 'started' && !names.has(name)).map(
    ({ name }) => `${name} is in test/machine/programs.ts as started, but nothing started it: remove it there`,
  );
  return [...strangers, ...unused];
};

/** A program of the npm packages, which npm scripts find by its name. */
const isBin = (name: string): boolean =>
  !isAbsolute(name) && fileOf(join(root, 'node_modules/.bin', name)) !== undefined;
