const SECTION = /^#@ section ([a-z][a-z-]*)$/;
/** The variables of other files that a file sets: the contract tests read it (test/contract/globals.test.ts). */
const SETS = /^#@ sets [A-Z][A-Z0-9_]*(?: [A-Z][A-Z0-9_]*)*$/;
const USE = /^#@ use ((?:\.\/|[a-z]+\/)?[a-z][a-z-]*)$/;

/** A piece of a script: its text, and the parts that its lines `#@ use <part>` name, in their order. */
export type Section = { readonly uses: readonly string[]; readonly text: string };

/**
 * A script cut at its lines `#@ section <name>`; the text before the first one has the name ''. The lines `#@ use <part>`
 * and `#@ sets <NAME>…` are removed from the text. It throws for a section or a part that is named twice, and for every other
 * line with `#@`, so that a typing error cannot remove code from a document.
 */
export const sectionsOf = (script: string): ReadonlyMap<string, Section> => {
  const sections = new Map<string, { uses: string[]; lines: string[] }>();
  const open = (name: string) => {
    if (sections.has(name)) throw new Error(`reading a script: the section ${name} stands there twice`);
    const section = { uses: [], lines: [] };
    sections.set(name, section);
    return section;
  };
  let current: { uses: string[]; lines: string[] } = open('');
  for (const line of script.split('\n')) {
    const [, section] = SECTION.exec(line) ?? [];
    const [, part] = USE.exec(line) ?? [];
    if (section !== undefined) current = open(section);
    else if (SETS.test(line)) continue;
    else if (part === undefined && line.trimStart().startsWith('#@'))
      throw new Error(
        `reading a script: "${line}" is none of "#@ section <name>", "#@ use <part>" and "#@ sets <NAME>…"`,
      );
    else if (part === undefined) current.lines.push(line);
    else if (current.uses.includes(part)) throw new Error(`reading a script: the part ${part} is named twice`);
    else current.uses.push(part);
  }
  return new Map([...sections].map(([name, { uses, lines }]) => [name, { uses, text: lines.join('\n') }]));
};

/**
 * A script without its comment lines. Scripts have no here-documents, and the contract tests refuse such a line inside of a
 * text, so it is never data. Blank lines stay.
 */
export const withoutComments = (script: string): string =>
  script
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n');
