import type { Segment } from '../../model/log-lines.ts';
import { unwrap } from './envelope.ts';

/** The number of characters that are read. CloudWatch Logs accepts events of up to 1 MB; faults appear much earlier. */
export const MAX_TEXT_LENGTH = 65_536;

/** A phrase as {@link Segment.lower} spells it. */
export const phrase = (text: string): string => text.toLowerCase().replaceAll(/\s+/g, '');
/** Several of them. */
export const phrases = (...texts: readonly string[]): readonly string[] => texts.map(phrase);

/** Whether a segment contains any of the phrases. */
export const says = ({ lower }: Segment, any: readonly string[]): boolean => any.some((it) => lower.includes(it));

// Translation tools and text editors produce curly and corner quotes; Markdown uses backticks.
const QUOTES = /[“”„‟«»「」『』″`]|&quot;|&#34;|u0022/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals colour with the escape character
const COLOURS = /(?:\u001b|#033)\[[0-9;]{0,20}m/g;
const INVISIBLE = /[\u200b-\u200f\u2060\ufeff\u00ad]/g;
// Terminal tools such as k9s draw these characters at the ends of lines.
const BOXES = /[│┃║▕▏]/g;

/** Removes quoting, colours and full-width forms; escaped line ends become line ends. Linear. */
const clean = (text: string): string =>
  text
    .normalize('NFKC')
    // One character may stand for eighteen.
    .slice(0, 2 * MAX_TEXT_LENGTH)
    .replace(COLOURS, '')
    .replace(INVISIBLE, '')
    .replace(BOXES, ' ')
    .replace(/\\[nr]|\r\n?|\u2028|\u2029/g, '\n')
    .replace(/\\t/g, ' ')
    .replace(/\\/g, '')
    .replace(QUOTES, '"')
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

/** Cuts text where another record begins. A line that begins no record continues the previous one, unless a blank line separates them. */
const cut = (text: string): readonly string[] => {
  const records: string[][] = [];
  let isApart = true;
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    if (trimmed === '') {
      isApart = true;
      continue;
    }
    if (isApart || startsRecord(trimmed)) records.push([trimmed]);
    else records.at(-1)?.push(trimmed);
    isApart = false;
  }
  return records.flatMap((lines) => {
    const whole = lines.join('\n');
    const starts = [...whole.matchAll(INNER_START)].map((match) => match.index).filter((at) => at > MAX_PREFIX_LENGTH);
    return [0, ...starts].map((at, i) => whole.slice(at, starts[i] ?? whole.length));
  });
};

const lowered = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

/**
 * Reads a log line, or several in one text, into segments: opens the JSON of Fluent Bit, the journal and the Kubernetes
 * API, and undoes escapes and full-width forms. Undefined where the text is the log of an application. Linear in the
 * length of the text; reads the first {@link MAX_TEXT_LENGTH} characters.
 */
export const readText = (raw: string): readonly Segment[] | undefined => {
  const opened = unwrap(raw.slice(0, MAX_TEXT_LENGTH));
  if (opened === undefined) return undefined;
  const records = opened.flatMap((text) => cut(clean(text)));
  return records.map((text) => {
    const compact = text.replace(/\s+/g, '');
    return { text, compact, lower: lowered(compact) };
  });
};
