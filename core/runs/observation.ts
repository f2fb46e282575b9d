import { clampTimes } from '../guards/attempts.ts';
import { defined } from '../model/defined.ts';
import { meaningOf } from '../model/outcome.ts';
import type { CommandRow, ObservationRow } from '../state/command-state.ts';
import type { Reading, ResultRow } from '../state/results.ts';
import { isAwaited } from './awaited.ts';
import { type Invocation, type Read, readInvocation, readNotRun } from './invocation.ts';

/** The reading of a node that SSM refused as not in a valid state (SSM API, SendCommand, InvalidInstanceId). */
export const INVALID_INSTANCE = {
  outcome: 'Unreachable',
  message: 'SSM refused the instance as not in a valid state (InvalidInstanceId): is its agent running?',
} as const satisfies Read;

/** The state of a command in SSM: its invocations, or the status of the command itself if it has none. */
export type Shown = { readonly invocations: readonly Invocation[]; readonly status?: string | undefined };

/** Why a node is in a command, and where it comes from, as summaries need it. */
const originOf = (
  { because, becauses, places }: CommandRow,
  instanceId: string,
): Pick<Reading, 'since' | 'detectedWithinSeconds' | 'nodegroup' | 'ami'> => {
  const own = becauses?.[instanceId] ?? because;
  const { nodegroup, ami } = places?.[instanceId] ?? {};
  return defined({
    since: own?.firstSeenAt,
    detectedWithinSeconds: own?.detectedWithinSeconds,
    nodegroup,
    ami,
  });
};

/** The reading of each node of a command; undefined for a node that has not ended. */
export const readNodes = (
  command: CommandRow,
  { invocations, status }: Shown,
  now: string,
): ReadonlyMap<string, Reading | undefined> => {
  const placed = (read: Read, instanceId: string): Reading => ({
    ...read,
    ...clampTimes(command, read, now),
    ...originOf(command, instanceId),
  });
  const ended = invocations.length === 0 && status !== undefined ? readNotRun(status) : undefined;
  const readings = command.instanceIds.map((instanceId): [string, Reading | undefined] => {
    if (ended !== undefined) return [instanceId, placed(ended, instanceId)];
    // SSM lists invocations later than their command: a missing invocation has not ended.
    const invocation = invocations.find((i) => i.instanceId === instanceId);
    const read = invocation === undefined ? undefined : readInvocation(command, invocation);
    return [instanceId, read === undefined ? undefined : placed(read, instanceId)];
  });
  const refused = (command.unreachable ?? []).map((id): [string, Reading] => [id, placed(INVALID_INSTANCE, id)]);
  return new Map([...readings, ...refused]);
};

/** Whether a reading is that of a healthy node of a check, which has no row. */
export const isHealthyCheck = (action: ResultRow['action'], reading: Reading): boolean =>
  action === 'check' && meaningOf(reading.outcome).isOmittedByChecks;

/** How sure a node's reading is: it has none yet, fleetmend assumed it, or SSM reported it. */
const GRADE = { open: 0, assumed: 1, reported: 2 } as const;
type Grade = (typeof GRADE)[keyof typeof GRADE];

/** The present knowledge of a node: its reading, absent while the node is open. */
type Known = { readonly grade: Grade; readonly reading?: Reading };

/** How sure the reading of a node in a row is; undefined for a node that the row does not have. */
const gradeIn = (row: ObservationRow, instanceId: string): Grade | undefined => {
  if (row.open.includes(instanceId)) return GRADE.open;
  const isKnown = row.nodes[instanceId] !== undefined || row.healthy?.includes(instanceId) === true;
  if (!isKnown) return undefined;
  return row.assumed?.includes(instanceId) === true ? GRADE.assumed : GRADE.reported;
};

/** The final reading of a node in a row. That of a healthy node of a check is not stored. */
const finalIn = (row: ObservationRow, instanceId: string): Reading | undefined =>
  row.healthy?.includes(instanceId) === true ? { outcome: 'Healthy', endedAt: row.at } : row.nodes[instanceId];

/** The reading of a node in a row; provisional for a node that is open. */
export const readingIn = (row: ObservationRow, instanceId: string): Reading | undefined =>
  row.open.includes(instanceId)
    ? { outcome: 'TimedOut', message: 'no answer yet: the document still runs on the node', endedAt: row.at }
    : finalIn(row, instanceId);

type Place = Pick<CommandRow, 'runId' | 'key' | 'part' | 'parts' | 'action'>;
type Closing = Pick<ObservationRow, 'commandId' | 'closedBy' | 'at'>;

/** The row of these nodes; `standing` is the row that it is to replace. */
const rowOf = (
  { runId, key, part, parts, action }: Place,
  known: ReadonlyMap<string, Known>,
  closing: Closing,
  standing: ObservationRow | undefined,
): ObservationRow => {
  const idsOf = (grade: Grade): string[] => [...known].flatMap(([id, node]) => (node.grade === grade ? [id] : []));
  const readings = [...known].flatMap(([id, { reading }]): [string, Reading][] =>
    reading === undefined ? [] : [[id, reading]],
  );
  const healthy = readings.flatMap(([id, reading]) => (isHealthyCheck(action, reading) ? [id] : []));
  const amended = healthy.filter((id) => standing?.nodes[id] !== undefined || standing?.amended?.includes(id));
  const [open, assumed] = [idsOf(GRADE.open), idsOf(GRADE.assumed)];
  const total = [...known.values()].reduce((sum, { grade }) => sum + grade, 0);
  return {
    runId,
    key,
    ...defined({ part, parts }),
    ...closing,
    final: open.length === 0,
    // A soft deadline adds less than a node does, so that its row replaces a look, and every new reading replaces both.
    grade: 2 * total + (closing.closedBy === 'soft-deadline' ? 1 : 0),
    open,
    ...(assumed.length === 0 ? {} : { assumed }),
    ...(healthy.length === 0 ? {} : { healthy }),
    ...(amended.length === 0 ? {} : { amended }),
    nodes: Object.fromEntries(readings.filter(([, reading]) => !isHealthyCheck(action, reading))),
  };
};

/** The knowledge of a node after a read: the stored reading, unless the new one is surer. */
const knownOf = (
  instanceId: string,
  reading: Reading | undefined,
  standing: ObservationRow | undefined,
  slow: Reading | undefined,
): Known => {
  const before = standing === undefined ? undefined : gradeIn(standing, instanceId);
  const seen = reading ?? slow;
  const grade = reading !== undefined ? GRADE.reported : slow !== undefined ? GRADE.assumed : GRADE.open;
  if (standing === undefined || before === undefined || before < grade) return { grade, ...defined({ reading: seen }) };
  return { grade: before, ...defined({ reading: finalIn(standing, instanceId) }) };
};

const closingOf = (
  command: CommandRow,
  known: ReadonlyMap<string, Known>,
  standing: ObservationRow | undefined,
  now: string,
): ObservationRow['closedBy'] => {
  const grades = new Set([...known.values()].map(({ grade }) => grade));
  if (grades.has(GRADE.open)) {
    const isSoft = now >= command.softDeadlineAt || standing?.closedBy === 'soft-deadline';
    return isSoft ? 'soft-deadline' : 'look';
  }
  return grades.has(GRADE.assumed) ? 'hard-deadline' : 'end';
};

/**
 * The observation of a command at this time: what the stored row knows, and what was read since. At the hard deadline the
 * nodes that have not answered are `TimedOut`. Undefined while no node has ended and no deadline has passed.
 */
export const observationOf = (
  command: CommandRow,
  readings: ReadonlyMap<string, Reading | undefined>,
  now: string,
  standing: ObservationRow | undefined,
): ObservationRow | undefined => {
  const slow: Reading | undefined =
    now >= command.hardDeadlineAt
      ? { outcome: 'TimedOut', message: 'SSM never ended the invocation', endedAt: now }
      : undefined;
  const known = new Map(
    [...readings].map(([id, reading]): [string, Known] => [id, knownOf(id, reading, standing, slow)]),
  );
  const closedBy = closingOf(command, known, standing, now);
  // A run can do nothing with some nodes of one part: where nobody waits, a check's command of several parts is read as a whole.
  const isWhole = command.parts !== undefined && !isAwaited(command);
  const isNothing = closedBy === 'look' && (isWhole || [...known.values()].every(({ grade }) => grade === GRADE.open));
  return isNothing ? undefined : rowOf(command, known, { commandId: command.commandId, closedBy, at: now }, standing);
};

/** The observation of a command that ran on no node, or is lost: every node has the same reading. */
export const unsentObservation = (
  place: Place,
  told: Pick<Reading, 'outcome' | 'skipReason' | 'reason' | 'message'>,
  nodes: { readonly instanceIds: readonly string[]; readonly unreachable?: readonly string[] | undefined },
  at: string,
): ObservationRow => {
  const known = new Map([
    ...nodes.instanceIds.map((id): [string, Known] => [
      id,
      { grade: GRADE.assumed, reading: { ...told, endedAt: at } },
    ]),
    ...(nodes.unreachable ?? []).map((id): [string, Known] => [
      id,
      { grade: GRADE.reported, reading: { ...INVALID_INSTANCE, endedAt: at } },
    ]),
  ]);
  return rowOf(place, known, { closedBy: 'not-sent', at }, undefined);
};

/** Whether an observation replaces the stored one: only an observation with more information does. */
export const supersedes = (next: ObservationRow, standing: ObservationRow | undefined): boolean =>
  standing === undefined || next.grade > standing.grade;

/** The total information in the observations of a batch; it grows with each replacement. */
export const gradeOf = (parts: readonly ObservationRow[]): number => parts.reduce((sum, { grade }) => sum + grade, 0);

/** Whether no observation of a batch can be replaced any more. */
export const isSettled = (parts: readonly ObservationRow[]): boolean =>
  parts.every(({ final, assumed }) => final && assumed === undefined);

/** How sure the reading of a node in a batch is, over all parts; undefined while the node is open in one of them. */
export const nodeGrade = (parts: readonly ObservationRow[], instanceId: string): number | undefined => {
  const grades = parts.map((part) => gradeIn(part, instanceId) ?? GRADE.assumed);
  return grades.includes(GRADE.open) ? undefined : grades.reduce<number>((sum, grade) => sum + grade, 0);
};
