import { adviceOn, clampTimes } from '../guards/attempts.ts';
import { defined } from '../model/defined.ts';
import { meaningOf } from '../model/outcome.ts';
import { type Recorded, recordedOf, type Texts } from '../model/render-message.ts';
import type { CommandRow, ObservationRow } from '../state/command-state.ts';
import type { Reading, ResultRow, Tally } from '../state/results.ts';
import { batchOf } from './batch.ts';
import { type Invocation, normalizeStatus, type Read, readInvocation, tallyOf } from './invocation.ts';
import { mergeParts, type SeverityOf } from './merge-parts.ts';

/** Statuses of a command without a single invocation: it ran nowhere (SSM user guide, "Understanding command statuses"). */
const RAN_NOWHERE: ReadonlySet<string> = new Set(['RateExceeded', 'NoInstancesInTag']);

/** The reading of a node that SSM refused as not in a valid state (SSM API, SendCommand, InvalidInstanceId). */
export const INVALID_INSTANCE = {
  outcome: 'Unreachable',
  message: 'SSM refused the instance as not in a valid state (InvalidInstanceId): is its agent running?',
} as const satisfies Read;

/** The state of a command in SSM: its invocations, or the status of the command itself if it has none. */
export type Shown = { readonly invocations: readonly Invocation[]; readonly status?: string | undefined };

/** The reading of each node of a command; undefined for a node that has not ended. */
export const readNodes = (
  command: CommandRow,
  { invocations, status }: Shown,
  now: string,
): ReadonlyMap<string, Reading | undefined> => {
  const placed = (read: Read): Reading => ({ ...read, ...clampTimes(command, read, now) });
  const ended = invocations.length === 0 && status !== undefined ? normalizeStatus(status) : '';
  const notDelivered: Read = {
    outcome: 'Unreachable',
    reason: 'CommandNotDelivered',
    message: `SSM ended the command as ${ended}: it ran nowhere`,
  };
  const readings = command.instanceIds.map((instanceId): [string, Reading | undefined] => {
    if (RAN_NOWHERE.has(ended)) return [instanceId, placed(notDelivered)];
    // SSM lists invocations later than their command: a missing invocation has not ended.
    const invocation = invocations.find((i) => i.instanceId === instanceId);
    const read = invocation === undefined ? undefined : readInvocation(command, invocation);
    return [instanceId, read === undefined ? undefined : placed(read)];
  });
  const refused = (command.unreachable ?? []).map((id): [string, Reading] => [id, placed(INVALID_INSTANCE)]);
  return new Map([...readings, ...refused]);
};

const isHealthyCheck = (action: ResultRow['action'], reading: Reading): boolean =>
  action === 'check' && meaningOf(reading.outcome).isOmittedByChecks;

type Place = Pick<CommandRow, 'runId' | 'key' | 'part' | 'parts' | 'action'>;

/** An observation of these readings; `standing` is the row that it is to replace. */
const observed = (
  { runId, key, part, parts, action }: Place,
  readings: ReadonlyMap<string, Reading>,
  closing: Pick<ObservationRow, 'commandId' | 'final' | 'closedBy' | 'at'>,
  standing: ObservationRow | undefined,
): ObservationRow => {
  const healthy = [...readings].flatMap(([id, reading]) => (isHealthyCheck(action, reading) ? [id] : []));
  const amended = healthy.filter((id) => standing?.nodes[id] !== undefined || standing?.amended?.includes(id));
  return {
    runId,
    key,
    ...defined({ part, parts }),
    ...closing,
    ...(healthy.length === 0 ? {} : { healthy }),
    ...(amended.length === 0 ? {} : { amended }),
    nodes: Object.fromEntries([...readings].filter(([, reading]) => !isHealthyCheck(action, reading))),
  };
};

/**
 * The observation of a command at this time, or undefined while nodes still run and no deadline has passed. At a deadline
 * the nodes that have not answered are `TimedOut`.
 */
export const observationOf = (
  command: CommandRow,
  readings: ReadonlyMap<string, Reading | undefined>,
  now: string,
  standing: ObservationRow | undefined,
): ObservationRow | undefined => {
  const isOver = [...readings.values()].every((reading) => reading !== undefined);
  const isHard = now >= command.hardDeadlineAt;
  if (!isOver && now < command.softDeadlineAt) return undefined;
  const slow: Reading = {
    outcome: 'TimedOut',
    message: isHard
      ? 'SSM never ended the invocation'
      : 'no answer by the soft deadline; a later one stands beside this',
    endedAt: now,
  };
  const closing = {
    commandId: command.commandId,
    final: isOver || isHard,
    closedBy: isOver ? ('end' as const) : isHard ? ('hard-deadline' as const) : ('soft-deadline' as const),
    at: now,
  };
  const all = new Map([...readings].map(([id, reading]): [string, Reading] => [id, reading ?? slow]));
  return observed(command, all, closing, standing);
};

/** The observation of a command that ran on no node, or is lost: every node has the same reading. */
export const unsentObservation = (
  place: Place,
  told: Pick<Reading, 'outcome' | 'skipReason' | 'reason' | 'message'>,
  nodes: { readonly instanceIds: readonly string[]; readonly unreachable?: readonly string[] | undefined },
  at: string,
): ObservationRow => {
  const readings = new Map([
    ...nodes.instanceIds.map((id): [string, Reading] => [id, { ...told, endedAt: at }]),
    ...(nodes.unreachable ?? []).map((id): [string, Reading] => [id, { ...INVALID_INSTANCE, endedAt: at }]),
  ]);
  return observed(place, readings, { final: true, closedBy: 'not-sent', at }, undefined);
};

const GRADES: Readonly<Record<ObservationRow['closedBy'], number>> = {
  'soft-deadline': 0,
  'not-sent': 1,
  'hard-deadline': 1,
  end: 2,
};

/** Whether an observation replaces the stored one: only an observation with more information does. */
export const supersedes = (next: ObservationRow, standing: ObservationRow | undefined): boolean =>
  standing === undefined || GRADES[next.closedBy] > GRADES[standing.closedBy];

/** The total information in the observations of a batch; it grows with each replacement. */
export const gradeOf = (parts: readonly ObservationRow[]): number =>
  parts.reduce((sum, { closedBy }) => sum + GRADES[closedBy], 0);

/** Whether no observation of a batch can be replaced any more. */
export const isSettled = (parts: readonly ObservationRow[]): boolean =>
  parts.every(({ closedBy }) => GRADES[closedBy] === GRADES.end);

const readingIn = (part: ObservationRow, instanceId: string): Reading | undefined =>
  part.healthy?.includes(instanceId) === true ? { outcome: 'Healthy', endedAt: part.at } : part.nodes[instanceId];

/** One reading for each node of a batch, merged from the observations of its parts, in the order of the parts. */
export const batchReadings = (
  parts: readonly ObservationRow[],
  severityOf: SeverityOf,
): ReadonlyMap<string, Reading> => {
  const at =
    parts
      .map((part) => part.at)
      .toSorted()
      .at(-1) ?? '';
  const ids = new Set(parts.flatMap((part) => [...(part.healthy ?? []), ...Object.keys(part.nodes)]));
  return new Map(
    [...ids].map((id) => {
      const readings = parts.map((part) => readingIn(part, id));
      return [id, mergeParts(readings, severityOf, at)];
    }),
  );
};

/** The tally of each node of a batch, by which the run counts and decides. */
export const batchTallies = (
  parts: readonly ObservationRow[],
  of: Pick<CommandRow, 'remediation' | 'action'>,
): Readonly<Record<string, Tally>> =>
  Object.fromEntries([...batchReadings(parts, () => undefined)].map(([id, reading]) => [id, tallyOf(reading, of)]));

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
 * The result rows of a batch whose observations are all stored. A healthy node of a check has none, unless an earlier row
 * reports a different outcome. The same observations always give the same rows.
 */
export const batchResults = (
  run: Pick<ResultRow, 'runId' | 'cluster' | 'remediation' | 'action'>,
  parts: readonly ObservationRow[],
  texts: Texts,
): readonly ResultRow[] => {
  const { runId, cluster, remediation, action } = run;
  const at =
    parts
      .map((part) => part.at)
      .toSorted()
      .at(-1) ?? '';
  return [...batchReadings(parts, (reason) => texts.reasons.get(reason)?.severity)].flatMap(
    ([instanceId, reading]): ResultRow[] => {
      const isAmended = parts.some((part) => part.amended?.includes(instanceId) === true);
      if (isHealthyCheck(action, reading) && !isAmended) return [];
      const commandId = decisive(parts, instanceId, reading)?.commandId;
      const advice = adviceOn(reading, (reason) => texts.reasons.get(reason)?.advice);
      const { relapseOf, findings, message, ...facts } = reading;
      return [
        {
          runId,
          cluster,
          instanceId,
          remediation,
          action,
          ...facts,
          ...sentencesOf(texts, remediation, reading),
          ...defined({ commandId, advice }),
          grade: gradeOf(parts),
          at,
        },
      ];
    },
  );
};

/** The nodes that every part of a check found healthy, over all complete batches of a run: they have no result row. */
export const healthyNodes = (observations: readonly ObservationRow[]): readonly string[] =>
  [...Map.groupBy(observations, ({ key }) => batchOf(key)).values()].flatMap((parts) => {
    if (parts.length < (parts[0]?.parts ?? 1)) return [];
    return [...batchReadings(parts, () => undefined)].flatMap(([id, { outcome }]) =>
      meaningOf(outcome).isOmittedByChecks ? [id] : [],
    );
  });
