import { plainText } from '../model/because.ts';

/** What a notice asks for: to look now, to look today, or nothing. */
export const SEVERITIES = ['critical', 'warning', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** `firing`: something begins. `resolved`: what began under the same `dedupKey` is over. `told`: neither. */
export type NoticeStatus = 'firing' | 'resolved' | 'told';

/** Text from outside in a sentence: it is shown, and never read as markup or as a line of its own. */
type Datum = { readonly datum: string };

/** A line of a notice: fleetmend's own words, and what comes from outside. */
export type Line = readonly (string | Datum)[];

const MAX_DATUM = 300;

/** A line from a template. Every value in it is text from outside. */
export const line = (words: TemplateStringsArray, ...data: readonly (string | number)[]): Line =>
  words.flatMap((word, i) => (i < data.length ? [word, { datum: String(data[i]) }] : [word]));

/** A message to people about one thing that has changed. */
export type Notice = {
  /** The event's id: a message that comes twice has the same. */
  readonly id: string;
  /** In kebab case, such as `breaker-opened`. */
  readonly kind: string;
  readonly severity: Severity;
  readonly status: NoticeStatus;
  readonly cluster?: string;
  /** The same for all messages about one thing: a chat puts them into one thread, an incident tool into one incident. */
  readonly dedupKey: string;
  readonly title: Line;
  readonly text: readonly Line[];
  /** What to do next: commands to copy, or sentences. */
  readonly next: readonly Line[];
};

/** Which notices are sent: those of problems and their ends, those of every change, or also those of runs that changed nothing. */
export const SENDS = ['problems', 'changes', 'all'] as const;
export type Send = (typeof SENDS)[number];

/** A line as plain text. */
export const textOf = (parts: Line): string =>
  parts.map((part) => (typeof part === 'string' ? part : plainText(part.datum, MAX_DATUM))).join('');

/** SNS takes up to 100 characters of ASCII in a subject, without control characters, and the first is no space. Source: Publish. */
const MAX_SUBJECT = 99;

/** The subject of the mail: status, place and title. */
export const subjectOf = ({ status, severity, title }: Notice): string => {
  const mark =
    status === 'told' ? '' : status === 'resolved' ? 'Resolved: ' : severity === 'critical' ? 'CRITICAL: ' : '';
  return `fleetmend: ${mark}${textOf(title)}`.replace(/[^\x20-\x7e]/gu, '?').slice(0, MAX_SUBJECT);
};

/** The text of the mail. */
export const bodyOf = (notice: Notice, stackName: string): string =>
  [
    textOf(notice.title),
    '',
    ...notice.text.map(textOf),
    ...(notice.next.length === 0 ? [] : ['', 'Next', ...notice.next.map((parts) => `  ${textOf(parts)}`)]),
    '',
    `stack ${stackName} · ${notice.severity} · ${notice.status} · ${plainText(notice.dedupKey, MAX_DATUM)}`,
  ].join('\n');

/** The message attributes, by which a subscription filters. An attribute without a value is left out: SNS refuses an empty one. */
export const attributesOf = ({
  id,
  kind,
  severity,
  status,
  cluster = '',
  dedupKey,
}: Notice): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries({ id, kind, severity, status, cluster, dedupKey })
      .map(([name, value]) => [name, plainText(value, MAX_DATUM)] as const)
      .filter(([, value]) => value !== ''),
  );
