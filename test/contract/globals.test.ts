import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type GlobalAssignment, globalAssignmentsOf } from '../machine/assignments.ts';
import { missingPrograms } from '../machine/debian.ts';

/** The files of the documents with their paths below `ssm-documents/`. */
type Sources = ReadonlyMap<string, string>;

const RESULT = 'lib/base/result.sh';
/** What functions answer with (lib/base/prelude.sh): whoever calls one expects them to change. */
const ANSWERS = new Set(['REPLY', 'RC', 'OUT', 'ERR']);
/** What the builder sets at the end of a document. */
const STARTED_WITH = new Set(['REMEDIATION', 'ACTION', 'BUDGET_SECONDS', 'NODE_CHECKS', 'PART', 'PARTS']);

const setsLineOf = (text: string): ReadonlySet<string> =>
  new Set([...text.matchAll(/^#@ sets (.+)$/gm)].flatMap(([, names = '']) => names.split(' ')));
const folderOf = (path: string): string => path.split('/', 1)[0] ?? '';

/**
 * What is wrong with the global variables of some files, a sentence each. Each variable has one home, the file that declares
 * it outside of its functions. Only this file sets it, and those that say so in a line `#@ sets NAME…`. Everybody may set
 * what a result holds and what functions answer with. Two remediations never share a process, so each may have its own
 * variable of a name, but none may have one of the name of a variable of lib/.
 */
const breachesOf = (sources: Sources): string[] => {
  const all = new Map([...sources].map(([path, text]) => [path, globalAssignmentsOf(text)]));
  const homesOf = (name: string, folder: string): string[] =>
    [...all].flatMap(([path, assignments]) =>
      ['lib', folder].includes(folderOf(path)) && assignments.some((a) => a.name === name && a.within === undefined)
        ? [path]
        : [],
    );
  const breach = (path: string, { name, line, within }: GlobalAssignment): string[] => {
    const at = `${path}, line ${line}:`;
    const homes = homesOf(name, folderOf(path));
    if (within === undefined)
      return homes.length === 1 ? [] : [`${at} ${name} is declared in ${homes.join(' and ')}; rename one of them`];
    const isFree = homes.includes(path) || homes.includes(RESULT) || ANSWERS.has(name);
    if (isFree || setsLineOf(sources.get(path) ?? '').has(name)) return [];
    const [home = STARTED_WITH.has(name) ? 'the builder' : undefined] = homes;
    return home === undefined
      ? [`${at} ${within} sets ${name}, which is neither local nor declared outside of the functions; do one of them`]
      : [`${at} ${within} sets ${name}, which belongs to ${home}; rename it, or add the line "#@ sets ${name}"`];
  };
  return [...all].flatMap(([path, assignments]) => [
    ...assignments.flatMap((assignment) => breach(path, assignment)),
    ...[...setsLineOf(sources.get(path) ?? '')]
      .filter((name) => !assignments.some((a) => a.name === name && a.within !== undefined))
      .map((name) => `${path}: its line "#@ sets" names ${name}, which it does not set; remove the name`),
  ]);
};

const lacking = missingPrograms(['shell lint']).map(({ name }) => name);
const notRun = lacking.length === 0 ? '' : ` (not run: needs ${lacking.join(', ')})`;

describe.runIf(lacking.length === 0)(`the global variables of the documents${notRun}`, () => {
  const folder = new URL('../../ssm-documents/', import.meta.url);

  it('are set by the file that declares them, and by files that say so', () => {
    const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.sh') && !path.startsWith('lib/testing/'))
      .toSorted();
    expect(paths.length).toBeGreaterThan(30);
    expect(breachesOf(new Map(paths.map((path) => [path, readFileSync(new URL(path, folder), 'utf8')])))).toEqual([]);
  });

  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: shell
  it.each<[string, string]>([
    ['a plain assignment', 'f() {\n  FOREIGN=1\n}'],
    ['an addition to it', 'f() {\n  FOREIGN+=1\n}'],
    ['an element of it', 'f() {\n  FOREIGN[1]=1\n}'],
    ['a loop', 'f() {\n  for FOREIGN in 1 2; do :; done\n}'],
    ['read', 'f() {\n  read -r FOREIGN < file\n}'],
    ['read -a', 'f() {\n  IFS=, read -ra FOREIGN < file\n}'],
    ['mapfile', 'f() {\n  mapfile -t FOREIGN < file\n}'],
    ['printf -v', "f() {\n  printf -v FOREIGN '%s' 1\n}"],
    ['arithmetic', 'f() {\n  ((FOREIGN = 1))\n}'],
    ['an increment', 'f() {\n  : $((FOREIGN++))\n}'],
    ['a default value', 'f() {\n  : "${FOREIGN:=1}"\n}'],
    ['readonly', 'f() {\n  readonly FOREIGN=1\n}'],
    ['declare -g', 'f() {\n  declare -g FOREIGN=1\n}'],
    ['a subshell', 'f() {\n  (FOREIGN=1)\n}'],
    ['a command substitution', 'f() {\n  echo "$(FOREIGN=1)"\n}'],
  ])('breach the rule by %s', (_, text) => {
    const home = ['lib/node/home.sh', "FOREIGN=''"] as const;
    expect(breachesOf(new Map([home, ['one/script.sh', text]]))).toEqual([
      'one/script.sh, line 2: f sets FOREIGN, which belongs to lib/node/home.sh; rename it, or add the line "#@ sets FOREIGN"',
    ]);
    expect(breachesOf(new Map([home, ['one/script.sh', `#@ sets FOREIGN\n${text}`]]))).toEqual([]);
    expect(breachesOf(new Map([['one/script.sh', text]]))).toEqual([
      'one/script.sh, line 2: f sets FOREIGN, which is neither local nor declared outside of the functions; do one of them',
    ]);
    expect(breachesOf(new Map([['one/script.sh', `FOREIGN=''\n${text}`]]))).toEqual([]);
  });

  it.each([
    ['a local variable', 'f() {\n  local own\n  own=1\n}'],
    ['the environment of a command', 'f() {\n  FOREIGN=1 env\n}'],
    ['a comparison', 'f() {\n  ((FOREIGN == 1 || FOREIGN <= 2))\n  [[ $FOREIGN == 1 ]]\n}'],
    ['the value of an option of read', 'f() {\n  local own\n  read -r -u FOREIGN own\n}'],
    ['an answer', 'f() {\n  REPLY=1 RC=2\n}'],
  ])('do not breach it by %s', (_, text) => {
    expect(breachesOf(new Map([['one/script.sh', text]]))).toEqual([]);
  });
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: shell

  it('breach the rule by two homes in one process, and not in two remediations', () => {
    const text = 'LIMIT=1';
    expect(breachesOf(new Map([...['one/a.sh', 'one/b.sh'].map((path) => [path, text] as const)]))).toEqual([
      'one/a.sh, line 1: LIMIT is declared in one/a.sh and one/b.sh; rename one of them',
      'one/b.sh, line 1: LIMIT is declared in one/a.sh and one/b.sh; rename one of them',
    ]);
    expect(breachesOf(new Map([...['one/a.sh', 'two/b.sh'].map((path) => [path, text] as const)]))).toEqual([]);
  });

  it('breach the rule by a line "#@ sets" with a name that the file does not set', () => {
    expect(breachesOf(new Map([['one/a.sh', '#@ sets OTHER\nf() {\n  :\n}']]))).toEqual([
      'one/a.sh: its line "#@ sets" names OTHER, which it does not set; remove the name',
    ]);
  });
});
