import { adviceOn } from '../guards/attempts.ts';
import { defined } from '../model/defined.ts';
import { meaningOf } from '../model/outcome.ts';
import { type Recorded, recordedOf, type Texts } from '../model/render-message.ts';
import type { CommandRow, ObservationRow } from '../state/command-state.ts';
import type { Reading, ResultRow, Tally } from '../state/results.ts';
import { batchOf } from './batch.ts';
import { tallyOf } from './invocation.ts';
import { mergeParts, type SeverityOf } from './merge-parts.ts';
import { isHealthyCheck, nodeGrade, readingIn } from './observation.ts';

/**
 * One reading for each node of a batch, merged from the observations of its parts, in the order of the parts. That of a node
 * that is open is provisional.
 */
export const batchReadings = (
  parts: readonly ObservationRow[],
  severityOf: SeverityOf,
): ReadonlyMap<string, Reading> => {
  const at =
    parts
      .map((part) => part.at)
      .toSorted()
      .at(-1) ?? '';
  const ids = new Set(parts.flatMap((part) => [...(part.healthy ?? []), ...Object.keys(part.nodes), ...part.open]));
  return new Map(
    [...ids].map((id) => {
      const readings = parts.map((part) => readingIn(part, id));
      return [id, mergeParts(readings, severityOf, at)];
    }),
  );
};

/** The tally of each node of a batch, by which the run counts and decides. It says where a node is open. */
export const batchTallies = (
  parts: readonly ObservationRow[],
  of: Pick<CommandRow, 'remediation' | 'action'>,
): Readonly<Record<string, Tally>> =>
  Object.fromEntries(
    [...batchReadings(parts, () => undefined)].map(([id, reading]): [string, Tally] => [
      id,
      { ...tallyOf(reading, of), ...(nodeGrade(parts, id) === undefined ? { open: true } : {}) },
    ]),
  );

const MAX_MESSAGE = 900;

/** The sentences of a row. That of a relapse begins with the earlier repair; the rest is that of a repair. */
const sentencesOf = (texts: Texts, remediation: string, reading: Reading): Recorded => {
  const { relapseOf } = reading;
  if (relapseOf === undefined) return recordedOf(texts, remediation, reading);
  const told = recordedOf(texts, remediation, { ...reading, outcome: 'Repaired' });
  const before = `repaired again: the repair at ${relapseOf.at} (run ${relapseOf.runId}) did not last.`;
  return { ...told, message: `${before} ${told.message}`.slice(0, MAX_MESSAGE) };
};

/** The part whose command a node's outcome comes from. */
const decisive = (parts: readonly ObservationRow[], instanceId: string, reading: Reading): ObservationRow | undefined =>
  parts.find((part) => {
    const own = readingIn(part, instanceId);
    return own?.outcome === reading.outcome && own.reason === reading.reason;
  }) ?? parts[0];

/**
 * The result rows of a batch whose observations are all stored, one for each node with a final reading. A healthy node of a
 * check has none, unless its assumed reading has one. The same observations always give the same rows.
 */
export const batchResults = (
  run: Pick<CommandRow, 'runId' | 'cluster' | 'remediation' | 'action' | 'requestId' | 'because' | 'becauses'>,
  parts: readonly ObservationRow[],
  texts: Texts,
): readonly ResultRow[] => {
  const { runId, cluster, remediation, action, requestId, becauses } = run;
  const at =
    parts
      .map((part) => part.at)
      .toSorted()
      .at(-1) ?? '';
  return [...batchReadings(parts, (reason) => texts.reasons.get(reason)?.severity)].flatMap(
    ([instanceId, reading]): ResultRow[] => {
      const grade = nodeGrade(parts, instanceId);
      if (grade === undefined) return [];
      const isAmended = parts.some((part) => part.amended?.includes(instanceId) === true);
      if (isHealthyCheck(action, reading) && !isAmended) return [];
      const commandId = decisive(parts, instanceId, reading)?.commandId;
      const advice = adviceOn(reading, (reason) => texts.reasons.get(reason)?.advice);
      const { relapseOf, ranNowhere, since, detectedWithinSeconds, findings, message, ...facts } = reading;
      return [
        {
          runId,
          cluster,
          instanceId,
          remediation,
          action,
          ...defined({ requestId, because: becauses?.[instanceId] ?? run.because }),
          ...facts,
          ...sentencesOf(texts, remediation, reading),
          ...defined({ commandId, advice }),
          grade,
          at,
        },
      ];
    },
  );
};

/** The nodes without a final reading, over all observations of a run: they have no result row. */
export const openNodes = (observations: readonly ObservationRow[]): readonly string[] => [
  ...new Set(observations.flatMap(({ open }) => open)),
];

/** The nodes about which a check knows: those that every part found healthy, and those with another answer. Silence is none. */
export const checkedNodes = (
  observations: readonly ObservationRow[],
): { readonly healthy: ReadonlySet<string>; readonly ailing: ReadonlySet<string> } => {
  const healthy = new Set<string>();
  const ailing = new Set<string>();
  for (const parts of Map.groupBy(observations, ({ key }) => batchOf(key)).values()) {
    if (parts.length < (parts[0]?.parts ?? 1)) continue;
    for (const [id, { outcome }] of batchReadings(parts, () => undefined)) {
      const { isOmittedByChecks, isSilence } = meaningOf(outcome);
      if (isOmittedByChecks) healthy.add(id);
      else if (!isSilence) ailing.add(id);
    }
  }
  return { healthy, ailing };
};

/** The nodes that every part of a check found healthy, over all complete batches of a run: they have no result row. */
export const healthyNodes = (observations: readonly ObservationRow[]): readonly string[] => [
  ...checkedNodes(observations).healthy,
];
