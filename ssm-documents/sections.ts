const MARK = /^#@ section ([a-z][a-z-]*)$/;

/**
 * A script cut at its lines `#@ section <name>`; what stands before the first one has the name ''. A section that is
 * named twice throws: one of the two would be lost.
 */
export const sectionsOf = (script: string): ReadonlyMap<string, string> => {
  const sections = new Map<string, string[]>([['', []]]);
  let current = '';
  for (const line of script.split('\n')) {
    const name = MARK.exec(line)?.[1];
    if (name === undefined) {
      if (line.startsWith('#@')) throw new Error(`reading a script: "${line}" is not a "#@ section <name>" line`);
      sections.get(current)?.push(line);
      continue;
    }
    if (sections.has(name)) throw new Error(`reading a script: the section ${name} stands there twice`);
    sections.set(name, []);
    current = name;
  }
  return new Map([...sections].map(([name, lines]) => [name, lines.join('\n')]));
};

/** A script without its comment lines and empty lines. Scripts have no here-documents, so such a line is never data. */
export const withoutComments = (script: string): string =>
  script
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join('\n');
