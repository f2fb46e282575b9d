const ONE_LINE = /^([A-Za-z]\w*)\(\) \{.*\}$/;
const START = /^([A-Za-z]\w*)\(\) \{$/;
const NAME = /[A-Za-z]\w*/g;
// `repair_$reason` or `${format}_run`: a name that is put together when the script runs.
const COMPOSED_START = /([A-Za-z]\w*_)\$/g;
const COMPOSED_END = /\$\{[^}]*\}(_\w+)/g;

type Piece = { readonly name: string | undefined; readonly lines: string[] };

/** A script cut at its functions: what stands between them has no name. */
const piecesOf = (script: string): Piece[] => {
  const pieces: Piece[] = [];
  let inside = false;
  for (const line of script.split('\n')) {
    const single: string | undefined = inside ? undefined : ONE_LINE.exec(line)?.[1];
    const started: string | undefined = inside ? undefined : START.exec(line)?.[1];
    const last = pieces.at(-1);
    if (inside) {
      last?.lines.push(line);
      inside = line !== '}';
    } else if (single !== undefined || started !== undefined) {
      pieces.push({ name: single ?? started, lines: [line] });
      inside = started !== undefined;
    } else if (last !== undefined && last.name === undefined) last.lines.push(line);
    else pieces.push({ name: undefined, lines: [line] });
  }
  return pieces;
};

/** A script without its function of that name, for one that gets another. Wants what `withoutUnneeded` wants. */
export const withoutFunction = (script: string, name: string): string =>
  piecesOf(script)
    .filter((piece) => piece.name !== name)
    .flatMap((piece) => piece.lines)
    .join('\n');

/**
 * Scripts without the functions that nothing in any of them names, so that a document of checks has no function that only a
 * repair calls. A word in a text or a comment counts as a use, and so does a name that is put together at run time: it keeps
 * rather too much. Wants indented scripts, whose functions end with a `}` at the beginning of a line.
 */
export const withoutUnneeded = (scripts: readonly string[]): string[] => {
  const cut = scripts.map(piecesOf);
  const all = cut.flat();
  const used = new Set<string>();
  const composed: ((name: string) => boolean)[] = [];
  const use = (piece: Piece): void => {
    const text = piece.lines.slice(piece.name === undefined || piece.lines.length === 1 ? 0 : 1).join('\n');
    for (const [name] of text.matchAll(NAME)) used.add(name);
    for (const [, start = ''] of text.matchAll(COMPOSED_START)) composed.push((name) => name.startsWith(start));
    for (const [, end = ''] of text.matchAll(COMPOSED_END)) composed.push((name) => name.endsWith(end));
  };
  const isNeeded = ({ name }: Piece): boolean =>
    name === undefined || used.has(name) || composed.some((fits) => fits(name));
  const kept = new Set<Piece>();
  for (let before = -1; before < kept.size; ) {
    before = kept.size;
    for (const piece of all) {
      if (kept.has(piece) || !isNeeded(piece)) continue;
      kept.add(piece);
      use(piece);
    }
  }
  return cut.map((pieces) =>
    pieces
      .filter((piece) => kept.has(piece))
      .flatMap((piece) => piece.lines)
      .join('\n'),
  );
};
