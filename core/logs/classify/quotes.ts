/** A text without escapes, and the places in it that lie inside quotation marks. */
export type Unquoted = {
  readonly text: string;
  /** Whether a place of {@link Unquoted.text} lies in a quotation that is closed later. */
  readonly isQuoted: (at: number) => boolean;
};

// Words and keys before a quotation that holds what a user chose: a command, the user of an image, a label, the output of a
// probe. Errors and messages of a component are quoted after `err=`, `msg=` and `Error:` instead.
const CHOSEN_BY_USERS =
  /(?:\b(?:output|cmd|command|execCommand|args?|env|labels?|annotations?|value|userAgent|stdout|stderr|profile|user|hook\w{0,20}|volume\w{0,20}|mountPath)=|\b(?:user|profile|label|annotation|env|variable|command|args?|image tag|image name|image reference|volume|volumeMount|subPath|hostname|sysctl):? )$/i;
// The same for what is often a file of the node: it stays where it looks like one.
const PATHS = /(?:\b(?:exec|stat|lstat|open|mkdir|mount|file|path|at|from|to):? |\bpath=)$/i;
const LOOKS_LIKE_A_PATH = /^[\w./:@+~-]{0,256}$/;
const LOOKBACK = 24;
/** Deeper quotations are read as part of the one around them. */
const MAX_DEPTH = 32;
const LEFT_OUT = '…';

/** No record of a component has more: the rest of such a text is not read. */
const MAX_QUOTATION_MARKS = 4000;

/** A quotation that is left out: how deep it is, and the piece of the text that is its first. */
type Opaque = { readonly depth: number; readonly from: number; readonly keepsPaths: boolean };

// Translation tools and text editors produce curly and corner quotes, Markdown uses backticks, HTML and JSON write entities.
// They are read as quotation marks, but a component writes none of them: no quotation of its own begins or ends there.
const OTHER_MARKS = /[“”„‟«»「」『』″`]|&quot;|&#34;|u0022/g;

// Quotation marks with the backslashes before them, other escapes, and the line ends of other systems.
const TOKENS = /(\\*)"|\\+([nrt])?|\r\n?|[\u2028\u2029]/g;

const opaqueAfter = (before: string, depth: number, from: number): Opaque | undefined => {
  if (!before.endsWith(' ') && !before.endsWith('=')) return undefined;
  const keepsPaths = PATHS.test(before);
  return keepsPaths || CHOSEN_BY_USERS.test(before) ? { depth, from, keepsPaths } : undefined;
};

/** Collects the pieces of a text and knows which quotations are open. */
class Reader {
  readonly #pieces: string[] = [];
  readonly #levels: number[] = [];
  readonly #ranges: (readonly [number, number])[] = [];
  #length = 0;
  #opened = 0;
  #opaque: Opaque | undefined;

  add(piece: string): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
  }

  /** Reads a quotation mark with so many backslashes before it. */
  quote(level: number, before: string): void {
    while ((this.#levels.at(-1) ?? -1) > level) this.#close();
    if (this.#levels.at(-1) === level) {
      this.#close();
      this.add('"');
      return;
    }
    this.add('"');
    if (this.#levels.length >= MAX_DEPTH) return;
    if (this.#levels.length === 0) this.#opened = this.#length;
    this.#levels.push(level);
    this.#opaque ??= opaqueAfter(before, this.#levels.length, this.#pieces.length);
  }

  #close(): void {
    this.#levels.pop();
    const opaque = this.#opaque;
    if (opaque !== undefined && this.#levels.length < opaque.depth) {
      this.#opaque = undefined;
      this.#leaveOut(opaque);
    }
    if (this.#levels.length === 0) this.#ranges.push([this.#opened, this.#length]);
  }

  #leaveOut({ from, keepsPaths }: Opaque): void {
    const content = this.#pieces.splice(from).join('');
    const kept = keepsPaths && LOOKS_LIKE_A_PATH.test(content) ? content : LEFT_OUT;
    this.#length -= content.length;
    this.add(kept);
  }

  read(): Unquoted {
    const text = this.#pieces.join('');
    const quoted = new Uint8Array(text.length);
    for (const [from, to] of this.#ranges) quoted.fill(1, from, to);
    return { text, isQuoted: (at) => quoted[at] === 1 };
  }
}

/**
 * Undoes escapes and leaves out quotations of what users chose. Nested quotations are told apart by the number of their
 * backslashes, so that no text in a quotation can end it. An escaped line end becomes a blank: only a real one can separate
 * records. Linear in the length of the text.
 */
export const unquote = (raw: string): Unquoted => {
  const reader = new Reader();
  let marks = 0;
  let last = 0;
  for (const match of raw.matchAll(TOKENS)) {
    const [token, backslashes, escaped] = match;
    reader.add(raw.slice(last, match.index).replace(OTHER_MARKS, '"'));
    last = match.index + token.length;
    if (backslashes !== undefined) {
      marks += 1;
      if (marks > MAX_QUOTATION_MARKS) return reader.read();
      reader.quote(backslashes.length, raw.slice(Math.max(0, match.index - LOOKBACK), match.index));
    } else if (token.startsWith('\\')) reader.add(escaped === undefined ? '' : ' ');
    else reader.add('\n');
  }
  reader.add(raw.slice(last).replace(OTHER_MARKS, '"'));
  return reader.read();
};
