/** Whether a log line passes a subscription filter. */
export type LogFilter = (message: string) => boolean;

/**
 * Compiles a CloudWatch Logs filter pattern of unstructured terms: `a "b c"` all of them, `?a ?"b"` any of them, `-a`
 * none; terms are case-sensitive. JSON and space-delimited patterns are refused: fleetmend uses none.
 */
export const compileLogFilter = (pattern: string): LogFilter => {
  const text = pattern.trim();
  if (text === '') return () => true;
  if (/^[{[]/.test(text) || text.includes('%'))
    throw new Error(`reading the log filter ${pattern}: the lab supports terms only`);
  const required: string[] = [];
  const optional: string[] = [];
  const excluded: string[] = [];
  const token = /([?-]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))\s*/gy;
  let at = 0;
  while (at < text.length) {
    token.lastIndex = at;
    const match = token.exec(text);
    if (match === null) throw new Error(`reading the log filter ${pattern}: cannot read it at character ${at}`);
    at = token.lastIndex;
    const [, sign, quoted, bare] = match;
    const term = quoted === undefined ? (bare ?? '') : quoted.replace(/\\(.)/g, '$1');
    if (bare !== undefined && !/^\w+$/.test(bare))
      throw new Error(`reading the log filter ${pattern}: the term ${bare} needs quotes`);
    (sign === '?' ? optional : sign === '-' ? excluded : required).push(term);
  }
  // AWS ignores the optional terms when there are required ones beside them (filter pattern syntax, "match any term").
  return (message) =>
    required.every((t) => message.includes(t)) &&
    !excluded.some((t) => message.includes(t)) &&
    (required.length > 0 || optional.length === 0 || optional.some((t) => message.includes(t)));
};
