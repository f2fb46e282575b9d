/** The length of a secret's prefix that identifies it, also in a text that was cut. */
const MARK_CHARACTERS = 40;

/** Texts that reveal a secret: its prefix, plain and in the encoding of HTTP Basic authorization. */
export const tokenMarks = (secrets: readonly string[]): readonly string[] =>
  secrets.flatMap((secret) => [
    secret.slice(0, MARK_CHARACTERS),
    Buffer.from(secret).toString('base64').slice(0, MARK_CHARACTERS),
    Buffer.from(`AWS:${secret}`).toString('base64').slice(0, MARK_CHARACTERS),
  ]);

/** Where a mark was found in a text: the place's name and what stands before the mark; never the secret itself. */
export const findTokens = (place: string, text: string, marks: readonly string[]): readonly string[] =>
  marks.flatMap((mark) => {
    const at = text.indexOf(mark);
    return at < 0 ? [] : [`${place}: ${text.slice(Math.max(0, at - 80), at)}…`];
  });
