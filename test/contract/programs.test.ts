import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildDocuments } from '../../ssm-documents/builder/build.ts';
import { TABLES } from '../../ssm-documents/builder/tables.ts';
import { BATS_WORDS, BUILTINS } from '../machine/builtins.ts';
import { programsOf, readShell, type ShellCommands } from '../machine/command-words.ts';
import { isDebian, missingPrograms } from '../machine/debian.ts';
import { basePackages, fileOf, packagesOf } from '../machine/debian-packages.ts';
import { NODE_PROGRAMS } from '../machine/node-programs.ts';
import { PROGRAMS } from '../machine/programs.ts';
import type { Language } from '../machine/shell-tree.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
/** The programs that run the repository are there before the list is read. */
const NODE = new Set(['node', 'npm']);
const baseName = (program: string): string => program.slice(program.lastIndexOf('/') + 1);
type ShellFile = ShellCommands & { readonly path: string; readonly text: string };
const languageOf = (path: string, text: string): Language => {
  if (path.endsWith('.bats')) return 'bats';
  return text.startsWith('#!/bin/sh') ? 'posix' : 'bash';
};

const isOfDocuments = (path: string): boolean => /^ssm-documents\/(?!.*\/test\/).*\.sh$/.test(path);

const readShellFiles = () => {
  const paths = [...globSync('{ssm-documents,test,infra,cli,lab,docs}/**/*.{sh,bats}', { cwd: root }), '.ci/run'];
  const files = paths.map((path): ShellFile => {
    const text = read(path);
    return { path, text, ...readShell(text, languageOf(path, text)) };
  });
  // The lines that the builder adds to the files are in every document.
  const { key, content } = buildDocuments().at(-1) ?? {};
  const script = content?.mainSteps.flatMap(({ inputs }) => inputs.runCommand).join('\n') ?? '';
  const { commands, functions } = readShell(script, 'bash');
  const built: ShellFile = {
    path: key ?? '',
    text: script,
    commands,
    functions: [...functions, ...TABLES.map(({ name }) => name)],
  };
  return { files, built, ofDocuments: [...files.filter(({ path }) => isOfDocuments(path)), built] };
};

/** The programs that some files start, none of which is a function of one of `all`. */
const programsIn = (some: readonly ShellFile[], all: readonly ShellFile[]): [program: string, path: string][] => {
  const functions = new Set(all.flatMap((file) => file.functions));
  return some.flatMap(({ path, commands }) =>
    commands
      .flatMap(programsOf)
      .filter((name) => !functions.has(name) && !BUILTINS.has(name))
      .map((name): [string, string] => [name, path]),
  );
};

describe('the list of programs', () => {
  it('has each program once', () => {
    expect(new Set(PROGRAMS.map(({ name }) => name)).size).toBe(PROGRAMS.length);
  });

  it('names the starter of each program that the tests do not start themselves', () => {
    for (const { name, file, use } of PROGRAMS) {
      if (use === 'started') continue;
      if ('startedBy' in use) expect(PROGRAMS.map((program) => program.name)).toContain(use.startedBy);
      else expect([name, [name, file].some((word) => read(use.namedIn).includes(word))]).toEqual([name, true]);
    }
  });
});

const lacking = [...missingPrograms(['shell lint']).map(({ name }) => name), ...(isDebian() ? [] : ['Debian'])];
const notRun = lacking.length === 0 ? '' : ` (not run: needs ${lacking.join(', ')})`;
describe.runIf(lacking.length === 0)(`the shell files${notRun}`, () => {
  /** Read only where the tests are run: without shfmt nothing can be. */
  let shell: ReturnType<typeof readShellFiles> | undefined;
  const shellFiles = () => {
    shell ??= readShellFiles();
    return shell;
  };

  it('are all read', () => {
    const { files, ofDocuments } = shellFiles();
    expect(ofDocuments.length).toBeGreaterThan(40);
    expect(files.length).toBeGreaterThan(80);
  });

  it('of the documents start only programs that a node has', () => {
    const { ofDocuments } = shellFiles();
    const known = new Set(NODE_PROGRAMS.map(({ name }) => name));
    expect(programsIn(ofDocuments, ofDocuments).filter(([name]) => !known.has(baseName(name)))).toEqual([]);
  });

  it('of the documents start every program of the list of nodes, and check first for programs that may be missing', () => {
    const { ofDocuments } = shellFiles();
    const started = new Set(programsIn(ofDocuments, ofDocuments).map(([name]) => baseName(name)));
    expect(NODE_PROGRAMS.filter(({ name }) => !started.has(name))).toEqual([]);
    const optional = NODE_PROGRAMS.filter(({ mayBeMissing }) => mayBeMissing).map(({ name }) => name);
    const text = ofDocuments.map((file) => file.text).join('\n');
    expect(optional.filter((name) => !text.includes(`command -v ${name} `))).toEqual([]);
  });

  it('of the tests, the lab and the scripts start only programs of every Debian or of the list', () => {
    const { files, built } = shellFiles();
    const listed = new Set(PROGRAMS.map(({ name }) => name));
    const base = basePackages();
    const programs = new Map(
      programsIn(
        files.filter(({ path }) => !isOfDocuments(path)),
        [...files, built],
      ),
    );
    const isNamed = (program: string): boolean =>
      BATS_WORDS.has(program) || listed.has(baseName(program)) || NODE.has(program);
    const others = [...programs].filter(([name]) => !isNamed(name));
    const packages = packagesOf(others.flatMap(([name]) => fileOf(name) ?? []));
    expect(others.filter(([name]) => !base.has(packages.get(fileOf(name) ?? '') ?? ''))).toEqual([]);
  });
});
