import { isoTime } from '../model/ids.ts';
import { type Classified, classify } from './classify/classify.ts';
import { readLogRecord } from './record.ts';

/** One node and one reason, out of many lines. */
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

/** What a payload's lines say. */
export type SymptomReading = {
  /** In the order of node and reason. */
  readonly symptoms: readonly Symptom[];
  /** Lines that show a fault but name no instance: Fluent Bit's `aws` filter is missing. */
  readonly withoutInstance: number;
};

const MAX_EVIDENCE_LENGTH = 300;
// A registry token in a log (sudo writes command lines to the journal, amazon-eks-ami issue 1633) goes no further.
const LONG_SECRET = /[A-Za-z0-9+/=_-]{80,}/g;

const attributableFailuresOf = (message: string): string =>
  message
    .slice(0, MAX_EVIDENCE_LENGTH * 10)
    .replace(LONG_SECRET, '[cut]')
    .slice(0, MAX_EVIDENCE_LENGTH);

/** Names a (node, reason) pair; a hint is no substitute for the proof. */
export const symptomKey = (s: Pick<Symptom, 'cluster' | 'instanceId' | 'reason' | 'hint'>): string =>
  `${s.cluster}/${s.instanceId}/${s.reason}${s.hint === true ? '/hint' : ''}`;

/**
 * Reads the log events of one stream into at most one symptom per node and reason. Pure; times later than `nowMs` are
 * taken as now. `knows` says whether the deployed catalogue has a reason.
 */
export const readSymptoms = (
  cluster: string,
  logStream: string,
  events: readonly { readonly timestamp: number; readonly message: string }[],
  nowMs: number,
  knows: (reason: string) => boolean,
): SymptomReading => {
  const found = new Map<
    string,
    { first: number; last: number; count: number; evidence: string } & Classified & { instanceId: string }
  >();
  let withoutInstance = 0;
  for (const event of events) {
    const line = readLogRecord(event.message, logStream);
    const fault = line === undefined ? null : classify(line.message, line.kind);
    if (line === undefined || fault === null || !knows(fault.reason)) continue;
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
        evidence: attributableFailuresOf(line.message),
      });
    } else {
      before.first = Math.min(before.first, at);
      before.last = Math.max(before.last, at);
      before.count++;
    }
  }
  const symptoms = [...found.keys()].toSorted().flatMap((key) => {
    const it = found.get(key);
    if (it === undefined) return [];
    const { first, last, ...rest } = it;
    return [{ cluster, ...rest, firstSeenAt: isoTime(first), lastSeenAt: isoTime(last) }];
  });
  return { symptoms, withoutInstance };
};
