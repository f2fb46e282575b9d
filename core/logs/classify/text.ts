import { defined } from '../../model/defined.ts';
import type { LineKind, Segment } from '../../model/log-lines.ts';
import { unwrap } from './envelope.ts';
import { type Unquoted, unquote } from './quotes.ts';

/** The number of characters of a message that are read. Faults appear much earlier. */
export const MAX_TEXT_LENGTH = 32_768;
/** The longest text that is opened as JSON: CloudWatch Logs accepts events of 1 MB. */
const MAX_RECORD_LENGTH = 1_048_576;

/** A phrase as {@link Segment.lower} spells it. */
export const phrase = (text: string): string => text.toLowerCase().replaceAll(/\s+/g, '');
/** Several of them. */
export const phrases = (...texts: readonly string[]): readonly string[] => texts.map(phrase);

/** Whether a segment contains any of the phrases. */
export const says = ({ lower }: Segment, any: readonly string[]): boolean => any.some((it) => lower.includes(it));

/** How often {@link saysThen} looks behind a phrase. */
const MAX_PLACES = 8;

/** Whether a segment contains one phrase and so many characters behind it at most another. Looks at the first places only. */
export const saysThen = ({ lower }: Segment, first: string, then: string, within: number): boolean => {
  let at = lower.indexOf(first);
  for (let seen = 0; at >= 0 && seen < MAX_PLACES; seen++) {
    const from = at + first.length;
    if (lower.slice(from, from + within + then.length).includes(then)) return true;
    at = lower.indexOf(first, from);
  }
  return false;
};

// Characters that a compatible form writes as a quotation mark or a backslash. No program escapes them, so that they must not
// begin or end a quotation.
const WIDE_QUOTE = /\uff02/g;
const WIDE_BACKSLASH = /[\uff3c\ufe68]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals colour with the escape character
const COLOURS = /(?:\u001b|#033)\[[0-9;]{0,20}m/g;
const INVISIBLE = /[\u200b-\u200f\u2060\ufeff\u00ad]/g;
// Terminal tools such as k9s draw these characters at the ends of lines.
const BOXES = /[│┃║▕▏]/g;

/** Removes colours, frames and full-width forms. Linear. */
const straighten = (text: string): string =>
  text
    .replace(WIDE_QUOTE, '”')
    .replace(WIDE_BACKSLASH, '')
    .normalize('NFKC')
    // One character may stand for eighteen.
    .slice(0, MAX_TEXT_LENGTH)
    .replace(COLOURS, '')
    .replace(INVISIBLE, '')
    .replace(BOXES, ' ')
    .replace(/&gt;/g, '>')
    .replace(/&lt;/g, '<')
    .replace(/&amp;/g, '&');

const AGE = '(?:<invalid>|<unknown>|[0-9]{1,6}[smhd][0-9smhd]{0,8})';
// How the lines of node components, of the journal and of `kubectl` begin. Each alternative is bounded.
const RECORD_START = new RegExp(
  [
    '[IWEF][0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}', // klog
    'time="?[0-9]{4}-', // logrus
    '(?:INFO|WARN|ERRO|FATA|DEBU)\\[', // logrus on a terminal
    'level=',
    '\\{',
    '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:', // a container's log, many applications
    '[A-Za-zé.]{3,5} {1,2}[0-9]{1,2} [0-9]{2}:[0-9]{2}:[0-9]{2}', // the journal
    '[0-9]{1,2}月 {0,2}[0-9]{1,2} [0-9]{2}:', // the journal in Chinese and Japanese
    '(?:Warning|Normal) {1,40}[A-Z][A-Za-z]{2,40} ', // kubectl describe
    `${AGE}(?: \\(x[0-9]{1,6} over ${AGE}\\))? {1,40}(?:Warning|Normal) `, // kubectl get events
  ].join('|'),
  'y',
);
// The same within a line, for lines that were joined with blanks.
const INNER_START = new RegExp(
  [
    '[IWEF][0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{1,9} {1,12}[0-9]{1,8} [A-Za-z0-9_]{1,60}\\.go:[0-9]{1,6}\\]',
    'time="[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,20}[^" ]{0,8}" level=',
    `(?:Warning|Normal) {1,40}[A-Z][A-Za-z]{2,40} {1,40}${AGE} `,
  ].join('|'),
  'g',
);

/** The prefix of the journal before a record: host, program, process. */
const MAX_PREFIX_LENGTH = 120;

const startsRecord = (line: string): boolean => {
  RECORD_START.lastIndex = 0;
  return RECORD_START.test(line);
};

/** How klog ends a line before a value of several lines. */
export const BLOCK_START = /=<$/;
/** How klog begins the line behind such a value. The lines between them are the value. */
export const BLOCK_END = /^ ?>/;

/** Text and where its lines begin; the lines of a value of klog are left out, since a program may write anything there. */
type Line = { readonly text: string; readonly at: number };
const linesOf = (text: string): readonly Line[] => {
  const lines: Line[] = [];
  let at = 0;
  let isInBlock = false;
  for (const line of text.split('\n')) {
    if (isInBlock) isInBlock = !BLOCK_END.test(line);
    if (!isInBlock) lines.push({ text: line.trim(), at });
    isInBlock ||= BLOCK_START.test(line.trimEnd());
    at += line.length + 1;
  }
  return lines;
};

/** More records of one text than this are not read. */
const MAX_RECORDS = 100;

/** A record of a text of several; `follows`: no blank line is between it and the one before. */
type Cut = { readonly record: string; readonly follows: boolean };

/** Cuts a record where another one begins that was joined to it with a blank. */
const cutInside = ({ record, follows }: Cut, isQuoted: (at: number) => boolean): readonly Cut[] => {
  const starts = [...record.matchAll(INNER_START)]
    .map((match) => match.index)
    .filter((at) => at > MAX_PREFIX_LENGTH && !isQuoted(at))
    .slice(0, MAX_RECORDS);
  return [0, ...starts].map((at, i) => ({
    record: record.slice(at, starts[i] ?? record.length),
    follows: follows || i > 0,
  }));
};

/** Cuts text where another record begins. A line that begins no record continues the previous one, unless a blank line separates them. */
const cut = ({ text, isQuoted }: Unquoted): readonly Cut[] => {
  const records: { readonly lines: Line[]; readonly at: number; readonly follows: boolean }[] = [];
  let isApart = true;
  for (const line of linesOf(text)) {
    if (line.text === '') {
      isApart = true;
      continue;
    }
    const begins = records.length === 0 || ((isApart || startsRecord(line.text)) && !isQuoted(line.at));
    if (begins) records.push({ lines: [line], at: line.at, follows: !isApart });
    else records.at(-1)?.lines.push(line);
    isApart = false;
  }
  return records.slice(0, MAX_RECORDS).flatMap(({ lines, at, follows }) => {
    const record = lines.map((line) => line.text).join('\n');
    // Where a line was trimmed or left out, the places of the record are no longer those of the text.
    const isAsWritten = text.startsWith(record, at);
    return cutInside({ record, follows }, isAsWritten ? (place) => isQuoted(at + place) : unquote(record).isQuoted);
  });
};

/** A record as its shipper delimited it. Nothing in it begins another one. */
const whole = ({ text }: Unquoted): string =>
  linesOf(text)
    .map((line) => line.text)
    .filter((line) => line !== '')
    .join('\n');

const lowered = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

const segmentOf = ({ record, follows }: Cut, kind: LineKind | undefined): Segment => {
  const compact = record.replace(/\s+/g, '');
  return {
    text: record,
    compact,
    lower: lowered(compact),
    ...defined({ kind, follows: follows ? (true as const) : undefined }),
  };
};

/**
 * Reads a log line, or several in one text, into segments: opens the JSON of shippers, the journal and the Kubernetes API,
 * and undoes escapes and full-width forms. Undefined where the text is the log of an application. Linear in the length of
 * the text; reads the first {@link MAX_TEXT_LENGTH} characters of each message.
 */
export const readText = (raw: string): readonly Segment[] | undefined => {
  const opened = unwrap(raw.slice(0, MAX_RECORD_LENGTH));
  if (opened === undefined) return undefined;
  return opened.flatMap(({ text, isRecord, kind }) => {
    const unquoted = unquote(straighten(text.slice(0, MAX_TEXT_LENGTH)));
    const records = isRecord ? [{ record: whole(unquoted), follows: false }] : cut(unquoted);
    return records.map((record) => segmentOf(record, kind));
  });
};
