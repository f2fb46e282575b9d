import { MAX_SAMPLE_LENGTH, sampleOf } from '../model/because.ts';
import { isoTime } from '../model/ids.ts';
import type { Fault } from '../model/log-lines.ts';
import { createBlockReader } from './blocks.ts';
import type { Classify } from './classify/classify.ts';
import { MAX_TEXT_LENGTH } from './classify/text.ts';
import type { PhraseLook } from './phrases.ts';
import { type LogLine, readLogRecord } from './record.ts';

/** A node as a symptom names it, with the fields of a `Node Symptom`: an instance id, or else a private DNS name. */
type Named =
  | { readonly instanceId: string; readonly node?: never }
  | { readonly node: string; readonly instanceId?: never };

/** One reason on one node, from many lines. */
export type Symptom = Named & {
  readonly cluster: string;
  readonly reason: string;
  readonly image?: string;
  readonly hint?: true;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
  readonly count: number;
  readonly evidence: string;
};

/** The symptoms in the lines of a payload. */
export type SymptomReading = {
  /** In the order of node and reason. */
  readonly symptoms: readonly Symptom[];
  /** Lines that show a fault but name no node: Fluent Bit's `aws` filter is missing, and their host has another name than EC2's. */
  readonly withoutInstance: number;
  /** Lines of programs that are no components of the node, and lines inside a value that a component quotes. */
  readonly foreign: number;
  /** Lines that name two nodes, or another node than their stream. */
  readonly disputed: number;
  /** Lines that were not read, or not to their end, since they are too long or too many. */
  readonly cut: number;
};

/** How lines become symptoms. */
export type SymptomRules = {
  readonly classify: Classify;
  /** Whether the message of a record can show a fault. It is asked before the text is cleaned, which costs more. */
  readonly mayShow: PhraseLook;
  /** Whether the deployed catalogue has a reason. */
  readonly knows: (reason: string) => boolean;
  /** Whether so many more characters of the stream are read. */
  readonly mayRead: (characters: number) => boolean;
};

type Tally = Fault &
  Named & { readonly evidence: string } & {
    first: number;
    last: number;
    count: number;
  };

// A registry token may stand in a log, since sudo writes command lines to the journal (awslabs/amazon-eks-ami#1633).
const LONG_SECRET = /[A-Za-z0-9+/=_-]{80,}/g;

const evidenceOf = (message: string): string =>
  sampleOf(message.slice(0, MAX_SAMPLE_LENGTH * 10).replace(LONG_SECRET, '[cut]'));

/** Names a reason on a node. A hint and a fault have different keys, so that a hint cannot suppress the fault. */
export const symptomKey = (s: Pick<Symptom, 'cluster' | 'instanceId' | 'node' | 'reason' | 'hint'>): string =>
  `${s.cluster}/${s.instanceId ?? s.node}/${s.reason}${s.hint === true ? '/hint' : ''}`;

type LogEvent = { readonly timestamp: number; readonly message: string };

type Counts = { withoutInstance: number; foreign: number; disputed: number; cut: number };

/** A fault that one event shows on an instance. */
type Seen = Fault & Named & { readonly message: string };

const namedBy = ({ instanceId, privateDnsName }: LogLine): Named | undefined => {
  if (instanceId !== undefined) return { instanceId };
  return privateDnsName === undefined ? undefined : { node: privateDnsName };
};

/** Whether an event is read; counts it where it is not, or not to its end. */
const isRead = (text: string, mayRead: SymptomRules['mayRead'], counts: Counts): boolean => {
  const isAllowed = mayRead(text.length);
  if (!isAllowed || text.length > MAX_TEXT_LENGTH) counts.cut++;
  return isAllowed;
};

type Believed = { readonly line: LogLine; readonly isDoubtful: boolean };

/** Reads the records of one stream in their order; undefined for those that show nothing, which it counts. */
const createRecordReader = (logStream: string, counts: Counts): ((event: LogEvent) => Believed | undefined) => {
  const placeOf = createBlockReader();
  return ({ message, timestamp }) => {
    const line = readLogRecord(message, logStream);
    if (line.is === 'none') return undefined;
    if (line.is === 'disputed') {
      counts.disputed++;
      return undefined;
    }
    const place = line.is === 'foreign' ? 'inside' : placeOf(line.kind, line.message, timestamp);
    if (line.is === 'line' && place !== 'inside') return { line, isDoubtful: place === 'doubtful' };
    counts.foreign++;
    return undefined;
  };
};

const createReader = (logStream: string, rules: SymptomRules, counts: Counts) => {
  const read = createRecordReader(logStream, counts);
  const faultIn = (text: string, { message, kind }: LogLine): Fault | undefined => {
    // Not in the whole record: the name of a unit, which every record has, is a phrase of systemd's lines.
    const fault = rules.mayShow(message) ? rules.classify(text, kind) : null;
    return fault === null || !rules.knows(fault.reason) ? undefined : fault;
  };
  return (event: LogEvent): Seen | undefined => {
    const believed = isRead(event.message, rules.mayRead, counts) ? read(event) : undefined;
    if (believed === undefined) return undefined;
    const { message } = believed.line;
    const fault = faultIn(event.message, believed.line);
    if (fault === undefined) return undefined;
    const named = namedBy(believed.line);
    if (named !== undefined) {
      return { ...fault, ...(believed.isDoubtful ? { hint: true as const } : {}), ...named, message };
    }
    counts.withoutInstance++;
    return undefined;
  };
};

/**
 * Reads the log events of one stream into at most one symptom per node and reason. Pure. A time later than `nowMs` counts
 * as now.
 */
export const readSymptoms = (
  cluster: string,
  logStream: string,
  events: readonly LogEvent[],
  nowMs: number,
  rules: SymptomRules,
): SymptomReading => {
  const found = new Map<string, Tally>();
  const counts: Counts = { withoutInstance: 0, foreign: 0, disputed: 0, cut: 0 };
  const read = createReader(logStream, rules, counts);
  for (const event of events) {
    const seen = read(event);
    if (seen === undefined) continue;
    const { message, ...fault } = seen;
    const at = Math.min(event.timestamp, nowMs);
    const key = symptomKey({ cluster, ...fault });
    const before = found.get(key);
    if (before === undefined) {
      found.set(key, { ...fault, first: at, last: at, count: 1, evidence: evidenceOf(message) });
    } else {
      before.first = Math.min(before.first, at);
      before.last = Math.max(before.last, at);
      before.count++;
    }
  }
  const symptoms = [...found]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { first, last, ...rest }]) => ({
      cluster,
      ...rest,
      firstSeenAt: isoTime(first),
      lastSeenAt: isoTime(last),
    }));
  return { symptoms, ...counts };
};
