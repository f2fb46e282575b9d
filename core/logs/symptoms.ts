import { isoTime } from '../model/ids.ts';
import type { Fault } from '../model/log-lines.ts';
import type { Classify } from './classify/classify.ts';
import { readLogRecord } from './record.ts';

/** One reason on one node, from many lines. */
export type Symptom = {
  readonly cluster: string;
  readonly instanceId: string;
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
  /** Lines that show a fault but name no instance: Fluent Bit's `aws` filter is missing. */
  readonly withoutInstance: number;
};

/** How lines become symptoms. */
export type SymptomRules = {
  readonly classify: Classify;
  /** Whether the deployed catalogue has a reason. */
  readonly knows: (reason: string) => boolean;
};

type Tally = Fault & { readonly instanceId: string; readonly evidence: string } & {
  first: number;
  last: number;
  count: number;
};

const MAX_EVIDENCE_LENGTH = 300;
// A registry token may stand in a log, since sudo writes command lines to the journal (awslabs/amazon-eks-ami#1633).
const LONG_SECRET = /[A-Za-z0-9+/=_-]{80,}/g;

const evidenceOf = (message: string): string =>
  message
    .slice(0, MAX_EVIDENCE_LENGTH * 10)
    .replace(LONG_SECRET, '[cut]')
    .slice(0, MAX_EVIDENCE_LENGTH);

/** Names a reason on a node. A hint and a fault have different keys, so that a hint cannot suppress the fault. */
export const symptomKey = (s: Pick<Symptom, 'cluster' | 'instanceId' | 'reason' | 'hint'>): string =>
  `${s.cluster}/${s.instanceId}/${s.reason}${s.hint === true ? '/hint' : ''}`;

/**
 * Reads the log events of one stream into at most one symptom per node and reason. Pure. A time later than `nowMs` counts
 * as now.
 */
export const readSymptoms = (
  cluster: string,
  logStream: string,
  events: readonly { readonly timestamp: number; readonly message: string }[],
  nowMs: number,
  { classify, knows }: SymptomRules,
): SymptomReading => {
  const found = new Map<string, Tally>();
  let withoutInstance = 0;
  for (const event of events) {
    const line = readLogRecord(event.message, logStream);
    if (line === undefined) continue;
    const fault = classify(line.message, line.kind);
    if (fault === null || !knows(fault.reason)) continue;
    const { instanceId } = line;
    if (instanceId === undefined) {
      withoutInstance++;
      continue;
    }
    const at = Math.min(event.timestamp, nowMs);
    const key = symptomKey({ cluster, instanceId, ...fault });
    const before = found.get(key);
    if (before === undefined) {
      found.set(key, {
        ...fault,
        instanceId,
        first: at,
        last: at,
        count: 1,
        evidence: evidenceOf(line.message),
      });
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
  return { symptoms, withoutInstance };
};
