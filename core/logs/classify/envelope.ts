import { defined } from '../../model/defined.ts';
import type { LineKind } from '../../model/log-lines.ts';
import type { Speaker } from './speaker.ts';
import { isObject, type Json, textOf, writerOf } from './writer.ts';

/** A text that was inside an envelope. */
export type Opened = {
  readonly text: string;
  /** Whether a shipper, the journal or the Kubernetes API delimited it as one record: no other begins in it. */
  readonly isRecord: boolean;
  /** The program that wrote it, where its record says so. */
  readonly kind?: LineKind;
};

/** How many nested objects are opened, such as a record of Fluent Bit, the `log` in it, and the event in that. */
const MAX_DEPTH = 6;
/** The longest message that is opened as JSON: no more is read of any. Parsing costs many times what the text in it does. */
const MAX_INNER_LENGTH = 32_768;
/** How many items of a list, or lines of a text, are read, such as those of `kubectl get events -o json`. */
const MAX_ITEMS = 200;

// The fields in which shippers and loggers put the message, and in which loggers of node components put its error.
const MESSAGE_KEYS = [
  'log',
  'message',
  'MESSAGE',
  '@message',
  'msg',
  'note',
  'line',
  'short_message',
  'body',
  'stringValue',
  'err',
  'error',
];
// The fields of records that wrap a record: exporters, `kubectl get --watch -o json`, search engines, the agent of Google Cloud.
const RECORD_KEYS = ['object', 'event', '_source', 'record', 'jsonPayload', 'body', 'data'];
const ERROR_KEYS = ['err', 'error'];
// Lists of records: `kubectl get -o json`, a subscription message of CloudWatch Logs, search results.
const LIST_KEYS = ['items', 'logEvents', 'events', 'records', 'hits', 'streams', 'result'];

const parse = (text: string): unknown => {
  const trimmed = text.trim();
  if (!/^[{[]/.test(trimmed) || !/[}\]]$/.test(trimmed)) return undefined;
  try {
    return JSON.parse(trimmed);
  } catch {
    return undefined;
  }
};
const isRecord = (json: unknown): boolean => isObject(json) || (Array.isArray(json) && json.some(isObject));

/** A script says in its lines less than who it is: its name stands before them, as the journal prints it. */
const withSpeaker = (text: string, speaker: Speaker): Opened => {
  if (speaker === undefined || speaker === 'stranger') return { text, isRecord: true };
  const { name, kind } = speaker;
  const isScript = kind === 'other' && !text.includes(name);
  return { text: isScript ? `${name}: ${text}` : text, isRecord: true, kind };
};

/** A Kubernetes Event (v1 or events.k8s.io/v1) as `kubectl describe` would print it. */
const eventText = (json: Json): string | undefined => {
  if (!isObject(json.involvedObject) && !isObject(json.regarding) && json.kind !== 'Event') return undefined;
  return `${textOf(json.type)} ${textOf(json.reason)} ${textOf(json.message)}${textOf(json.note)}`.trim();
};

/** Opens several records without those of applications; undefined if every record is one. */
const openAll = (records: readonly unknown[], depth: number): readonly Opened[] | undefined => {
  const opened = records.slice(0, MAX_ITEMS).map((record) => (isObject(record) ? openRecord(record, depth) : []));
  return opened.length > 0 && opened.every((it) => it === undefined) ? undefined : opened.flatMap((it) => it ?? []);
};

/** The list of records that a record holds. */
const listIn = (json: Json): readonly unknown[] | undefined => {
  for (const key of LIST_KEYS) {
    const list = json[key];
    const records = isObject(list) ? list.hits : list;
    if (Array.isArray(records)) return records;
  }
  return undefined;
};

/** The message of a record and the error that belongs to it; undefined where an application wrote the message. */
const messageParts = (json: Json, depth: number): readonly Opened[] | undefined => {
  const parts: Opened[] = [];
  for (const key of MESSAGE_KEYS) {
    const value = textOf(json[key]);
    const opened = value === '' ? [] : open(value, depth + 1);
    if (opened === undefined) return undefined;
    parts.push(...opened);
  }
  const errors = ERROR_KEYS.map((key) => json[key]).filter(isObject);
  return [...parts, ...errors.flatMap((error) => openRecord(error, depth + 1) ?? [])];
};

const openRecord = (json: Json, depth: number): readonly Opened[] | undefined => {
  if (depth >= MAX_DEPTH) return [];
  const writer = writerOf(json);
  if (writer === 'stranger') return undefined;
  const event = eventText(json);
  if (event !== undefined) return [{ text: event, isRecord: true, kind: 'event' }];
  const list = listIn(json);
  if (list !== undefined) return openAll(list, depth + 1);
  const parts = messageParts(json, depth);
  if (parts === undefined) return undefined;
  // The lines of Loki: pairs of time and text.
  if (parts.length === 0 && Array.isArray(json.values)) {
    return openAll(
      json.values.map((pair: unknown) => (Array.isArray(pair) ? { line: pair[1] } : {})),
      depth + 1,
    );
  }
  // The message of a logger and its error are one statement.
  const [first] = parts;
  if (first !== undefined) {
    const inner = parts.find(({ kind }) => kind !== undefined);
    const joined = withSpeaker(parts.map(({ text }) => text).join(' '), writer);
    return [{ ...joined, ...defined({ kind: joined.kind ?? inner?.kind }) }];
  }
  for (const key of RECORD_KEYS) {
    const inner = json[key];
    if (isObject(inner)) return openRecord(inner, depth + 1);
  }
  // A record without a message shows no fault.
  return [];
};

const open = (text: string, depth: number): readonly Opened[] | undefined => {
  if (depth > 0 && text.length > MAX_INNER_LENGTH && /^\s*[{[]/.test(text)) return [];
  const json = depth < MAX_DEPTH ? parse(text) : undefined;
  if (isObject(json)) return openRecord(json, depth);
  return Array.isArray(json) && json.some(isObject) ? openAll(json, depth) : [{ text, isRecord: false }];
};

/**
 * The messages inside a JSON record: `message` or `log` of Fluent Bit, `MESSAGE` of the journal, `msg` with `error` of
 * logrus, zap and klog, a Kubernetes Event or a list of them. Text that is not JSON is returned as it is. Undefined for a
 * line of an application's container or of another program of the host, which may contain any text.
 */
export const unwrap = (text: string): readonly Opened[] | undefined => {
  // Most lines are no JSON, and a long one is not split for nothing.
  if (!/^[{[]/.test(text.trimStart().slice(0, 1))) return [{ text, isRecord: false }];
  const lines = text.split('\n', MAX_ITEMS).filter((line) => line.trim() !== '');
  if (!lines.every((line) => isRecord(parse(line)))) return open(text, 0);
  const opened = lines.map((line) => open(line, 0));
  return opened.every((it) => it === undefined) ? undefined : opened.flatMap((it) => it ?? []);
};
