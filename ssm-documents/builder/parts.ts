import { sectionsOf } from './sections.ts';

/** A shell file that other scripts include with `#@ use <room>/<part>`. */
export type Part = {
  /** Its path below `ssm-documents/`: `lib/ecr/ecr.sh`, `pause-image/state.sh`. */
  readonly path: string;
  readonly text: string;
};

/** The text of a file below `ssm-documents/`; undefined where there is none. */
export type ReadSource = (path: string) => string | undefined;

// The builder adds these itself, each at its place.
const RESERVED = ['base/prelude', 'node-check'];

const pathOf = (name: string, folder: string, user: string): string => {
  if (!name.startsWith('./')) return `lib/${name}.sh`;
  if (folder === 'lib')
    throw new Error(`joining scripts: ${user} names ${name}; a shared part has no folder to look in`);
  return `${folder}/${name.slice(2)}.sh`;
};

/**
 * The parts that `uses` names, and those that they name, each once and after the parts that it needs. `ecr/ecr` is
 * `lib/ecr/ecr.sh`; `./state` is `state.sh` in the folder of the script that names it. Throws for a part that does not
 * exist, that has sections, or that needs itself.
 */
export const partsOf = (uses: readonly string[], folder: string, read: ReadSource): readonly Part[] => {
  const done = new Map<string, Part>();
  const visit = (name: string, from: string, chain: readonly string[]): void => {
    const user = chain.at(-1) ?? `${from}/script.sh`;
    const path = pathOf(name, from, user);
    if (chain.includes(path)) throw new Error(`joining scripts: ${[...chain, path].join(' needs ')}; break the circle`);
    if (done.has(path)) return;
    const source = RESERVED.includes(name) ? undefined : read(path);
    if (source === undefined) {
      throw new Error(`joining scripts: ${user} says "#@ use ${name}", but ${path} is no part; is the name right?`);
    }
    const sections = sectionsOf(source);
    const head = sections.get('');
    if (head === undefined || sections.size > 1) throw new Error(`joining scripts: the part ${path} has sections`);
    for (const needed of head.uses) visit(needed, path.split('/', 1)[0] ?? '', [...chain, path]);
    done.set(path, { path, text: head.text });
  };
  for (const name of uses) visit(name, folder, []);
  return [...done.values()];
};
