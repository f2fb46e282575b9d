import { defined } from '../model/defined.ts';
import { meaningOf, Outcome } from '../model/outcome.ts';
import type { Severity } from '../model/reasons.ts';
import type { Reading } from '../state/results.ts';

/** The severity of a reason by the catalogue; undefined for a reason that the catalogue does not have. */
export type SeverityOf = (reason: string) => Severity | undefined;

type Found = NonNullable<Reading['findings']>[number];

/**
 * The outcomes, the worst first. `Unsupported` comes after `Healthy`: nothing in the part applies to this kind of node, so
 * the outcome of another part takes precedence.
 */
const WORST_FIRST = Outcome.options;
/** From here on, the outcomes mean that the part found nothing. */
const NOTHING_FOUND = WORST_FIRST.findIndex((outcome) => meaningOf(outcome).isOmittedByChecks);
const foundNothing = (outcome: Outcome): boolean => WORST_FIRST.indexOf(outcome) >= NOTHING_FOUND;
const SEVERE_FIRST: readonly (Severity | undefined)[] = ['Fatal', 'Warning', undefined, 'Info'];

/** Most findings that a result keeps; each is at most about 1 KB. */
export const MAX_FINDINGS = 24;

type Ranked = { readonly outcome: Outcome; readonly reason?: string | undefined };

const byRank =
  (severityOf: SeverityOf) =>
  (a: Ranked, b: Ranked): number => {
    const severity = ({ reason }: Ranked): number =>
      SEVERE_FIRST.indexOf(reason === undefined ? undefined : severityOf(reason));
    return WORST_FIRST.indexOf(a.outcome) - WORST_FIRST.indexOf(b.outcome) || severity(a) - severity(b);
  };

const missing = (part: number, parts: number, at: string): Reading => ({
  outcome: 'TimedOut',
  message: `part ${part} of ${parts} of the check gave no result`,
  endedAt: at,
});

/** The findings of a part, or the part itself if it could not run its checks. */
const findingsOf = (reading: Reading, part: number): readonly Found[] => {
  if (foundNothing(reading.outcome)) return [];
  if (reading.findings !== undefined && reading.findings.length > 0) return reading.findings;
  const { startedAt, endedAt, findings, cut, relapseOf, title, message, ...rest } = reading;
  const { since, detectedWithinSeconds, nodegroup, ami, ...found } = rest;
  return [
    {
      ...found,
      remediation: `node-check-${part}`,
      title: title ?? `Part ${part} of the check gave no result`,
      ...defined({ message }),
    },
  ];
};

/**
 * The times of a node's result: from the first start of a part to the last end of one that found something. A healthy part is
 * stored without its times, and has that of its row, which is written again until the last node of its command has ended.
 */
const timesOf = (readings: readonly Reading[]): Pick<Reading, 'startedAt' | 'endedAt'> => {
  const startedAt = readings.flatMap((reading) => reading.startedAt ?? []).toSorted()[0];
  const telling = readings.filter(({ outcome }) => !foundNothing(outcome));
  const last = (telling.length === 0 ? readings : telling).reduce((latest, reading) =>
    reading.endedAt > latest.endedAt ? reading : latest,
  );
  return { ...defined({ startedAt }), endedAt: last.endedAt };
};

/**
 * One node's result of a check, made from the reports of its parts, in their order. It is `Healthy` only if at
 * least one part reported Healthy and every other part reported Healthy or does not apply to this kind of node. Otherwise
 * it is the worst outcome, with the findings of all parts listed. A missing part counts as `TimedOut` at the time `at`.
 */
export const mergeParts = (parts: readonly (Reading | undefined)[], severityOf: SeverityOf, at: string): Reading => {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const readings = parts.map((reading, i) => reading ?? missing(i + 1, parts.length, at));
  const rank = byRank(severityOf);
  const worst = readings.reduce((a, b) => (rank(b, a) < 0 ? b : a));
  const times = timesOf(readings);
  if (foundNothing(worst.outcome)) return { ...worst, ...times };
  const found = readings.flatMap((reading, i) => findingsOf(reading, i + 1)).toSorted(rank);
  const kept = found.slice(0, MAX_FINDINGS);
  const cut = found.length - kept.length + readings.reduce((sum, reading) => sum + (reading.cut ?? 0), 0);
  const { findings, cut: own, ...result } = worst;
  return { ...result, ...times, findings: kept, ...(cut === 0 ? {} : { cut }) };
};
