const ONE_LINE = /^([A-Za-z_]\w*)\(\) \{.*\}$/;
const START = /^([A-Za-z_]\w*)\(\) \{$/;
const WORD = /[A-Za-z_]\w*/g;

/** A run of lines: a whole function, or the lines between two functions, without a name. */
type Piece = { readonly name: string | undefined; readonly lines: string[] };

/** A script cut at its functions. Each must end with a `}` at the start of a line, as shfmt writes it. */
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

/** The names of the functions at the top level of a script, in their order. */
export const functionsOf = (script: string): string[] => piecesOf(script).flatMap(({ name }) => name ?? []);

/** The pieces that run or can be called: all without a name, and each function that one of these names. */
const reached = (pieces: readonly Piece[]): ReadonlySet<Piece> => {
  const used = new Set<string>();
  const starts: string[] = [];
  const ends: string[] = [];
  const use = ({ name, lines }: Piece): void => {
    const body = name === undefined || lines.length === 1 ? lines : lines.slice(1);
    for (const [word] of body.join('\n').matchAll(WORD)) {
      used.add(word);
      // `method_$method` and `${format}_run` are names that are composed when the script runs.
      if (word.length > 1 && word.endsWith('_')) starts.push(word);
      if (word.length > 1 && word.startsWith('_')) ends.push(word);
    }
  };
  const isReached = ({ name }: Piece): boolean =>
    name === undefined ||
    used.has(name) ||
    starts.some((start) => name.startsWith(start)) ||
    ends.some((end) => name.endsWith(end));
  const kept = new Set<Piece>();
  for (let before = -1; before < kept.size; ) {
    before = kept.size;
    for (const piece of pieces) {
      if (kept.has(piece) || !isReached(piece)) continue;
      kept.add(piece);
      use(piece);
    }
  }
  return kept;
};

/** The scripts of one process, and the additional scripts of each process that it starts. */
export type Scripts = { readonly shared: readonly string[]; readonly own: readonly (readonly string[])[] };

/**
 * Scripts without the functions that nothing names. A word counts as a use at every place: as a command, in a text, in a
 * trap or as an argument of `at_exit`. So does a name that is composed at run time from a constant part and a variable.
 * Therefore nothing calls a function that is left out; some functions that nothing calls may remain.
 */
export const withoutUncalled = ({ shared, own }: Scripts): Scripts => {
  const common = shared.map(piecesOf);
  const each = own.map((scripts) => scripts.map(piecesOf));
  const kept = new Set(
    (each.length === 0 ? [[]] : each).flatMap((scripts) => [...reached([...common, ...scripts].flat())]),
  );
  const join = (pieces: readonly Piece[]): string =>
    pieces
      .filter((piece) => kept.has(piece))
      .flatMap(({ lines }) => lines)
      .join('\n');
  return { shared: common.map(join), own: each.map((scripts) => scripts.map(join)) };
};
