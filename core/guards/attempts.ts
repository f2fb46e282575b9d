import { defined } from '../model/defined.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import { afterRepairOf, meaningOf } from '../model/outcome.ts';
import type { Limits } from '../model/policy.ts';
import type { CommandRow } from '../state/command-state.ts';
import type { Attempt, NodeStateRow } from '../state/node-state.ts';
import type { Reading, ResultRow } from '../state/results.ts';
import { EXECUTION_TIMED_OUT } from './attributable.ts';

/** The reason of a failed repair if the registry, the ECR API or S3 does not answer. */
export const REGISTRY_UNREACHABLE = 'RegistryUnreachable';
/** The reason of a result whose command ran nowhere. */
export const NOT_DELIVERED = 'CommandNotDelivered';

const ADVICE_OF_QUARANTINE =
  "the repair has failed repeatedly: replace the node, or correct the node's role, disk or network, then release it";

/**
 * Whether an attempt counts towards quarantine. Silence does not: neither a node that was not reached nor one whose answer
 * is missing has failed. A registry outage does not either: otherwise, an operator would have to release a whole fleet.
 */
export const isFailedAttempt = ({ outcome, reason }: Attempt): boolean => {
  if (outcome === undefined || reason === REGISTRY_UNREACHABLE) return false;
  const { isFailed, attributable } = meaningOf(outcome);
  return isFailed && (attributable !== 'on-execution-timeout' || reason === EXECUTION_TIMED_OUT);
};

/** Whether an attempt answers a symptom that was seen before it. One that did not reach the node does not. */
export const isAnswer = ({ outcome }: Attempt): boolean => outcome === undefined || meaningOf(outcome).isAttempt;

/** What a result changes about the attempt of its run: a check changes nothing. */
export type AttemptChange = { readonly kind: 'amend'; readonly attempt: Attempt } | { readonly kind: 'take-back' };

/**
 * What a result changes about the attempt of its run; undefined for a check. The attempt is taken back if the command ran
 * nowhere, or if the document reports that it tried nothing. A node that SSM did not reach keeps its attempt: without a
 * cool-down, a command would be sent to it again and again.
 */
export const attemptChange = (
  row: Pick<ResultRow, 'action' | 'outcome' | 'skipReason' | 'reason' | 'endedAt' | 'grade'>,
): AttemptChange | undefined => {
  if (row.action === 'check') return undefined;
  const { isAttempt, triedNothing } = meaningOf(row.outcome);
  const ranNowhere = !isAttempt && row.reason === NOT_DELIVERED;
  if (ranNowhere || (triedNothing && row.skipReason !== 'Cancelled')) return { kind: 'take-back' };
  const { endedAt: at, outcome, reason, grade } = row;
  return { kind: 'amend', attempt: { at, outcome, ...defined({ reason, grade }) } };
};

/** Whether an attempt replaces the one that is stored for its run: a result of a lower grade does not. */
export const amends = (next: Attempt, known: Attempt | undefined): boolean =>
  known?.outcome === undefined || (next.grade ?? 0) >= (known.grade ?? 0);

/**
 * Whether a result is read from its own row wherever the attempt matters, and not stored with the attempt: one that is no
 * failure, as nearly all are. Failures are counted, and stored where they are counted.
 */
export const isLeftToResult = ({ outcome }: Attempt): boolean => outcome !== undefined && !meaningOf(outcome).isFailed;

/** Whether the row of the result may know more of an attempt: nothing, or only silence, is stored with it. */
export const isUnanswered = ({ outcome }: Attempt): boolean => outcome === undefined || meaningOf(outcome).isSilence;

/** A node's attempts with what the result of one of their runs says. */
export const withResult = (
  attempts: NodeStateRow['attempts'],
  row: Parameters<typeof attemptChange>[0] & Pick<ResultRow, 'runId'>,
): NodeStateRow['attempts'] => {
  const { [row.runId]: known, ...others } = attempts;
  const change = attemptChange(row);
  if (known === undefined || change === undefined) return attempts;
  if (change.kind === 'take-back') return others;
  return amends(change.attempt, known) ? { ...attempts, [row.runId]: change.attempt } : attempts;
};

/** When the cool-down after the node's attempts ends, booked ones included; undefined without an attempt. */
export const coolDownEnd = (
  node: Pick<NodeStateRow, 'attempts'> | undefined,
  limits: Pick<Limits, 'coolDownSeconds'>,
): string | undefined => {
  const times = Object.values(node?.attempts ?? {}).map(({ at }) => epochMs(at));
  return times.length === 0 ? undefined : isoTime(Math.max(...times) + limits.coolDownSeconds * 1000);
};

const isRepair = ({ outcome }: Attempt): boolean => outcome !== undefined && meaningOf(outcome).isRepaired;

/** The earlier repair that did not last: it ended before this one, and no longer ago than the relapse time. */
export const relapseOf = (
  row: Pick<ResultRow, 'runId' | 'endedAt'>,
  attempts: NodeStateRow['attempts'],
  limits: Pick<Limits, 'relapseSeconds'>,
): readonly [runId: string, attempt: Attempt] | undefined =>
  Object.entries(attempts).find(([runId, attempt]) => {
    const agoMs = epochMs(row.endedAt) - epochMs(attempt.at);
    return runId !== row.runId && isRepair(attempt) && agoMs > 0 && agoMs <= limits.relapseSeconds * 1000;
  });

/** Adjusts a reading by the node's earlier attempts: a repair soon after another one is `Relapsed`. */
export const withHistory = (
  reading: Reading,
  { runId, action }: Pick<ResultRow, 'runId' | 'action'>,
  attempts: NodeStateRow['attempts'],
  limits: Pick<Limits, 'relapseSeconds'>,
): Reading => {
  const outcome = action === 'check' ? undefined : afterRepairOf(reading.outcome);
  if (outcome === undefined) return reading;
  const before = relapseOf({ runId, endedAt: reading.endedAt }, attempts, limits);
  if (before === undefined) return reading;
  const [earlier, { at }] = before;
  return { ...reading, outcome, relapseOf: { runId: earlier, at } };
};

/** How many of a node's attempts have failed and still count at `now`; older ones may be kept for a relapse. */
export const countedFailures = (
  attempts: NodeStateRow['attempts'],
  now: string,
  limits: Pick<Limits, 'attemptWindowSeconds'>,
): number => {
  const oldestMs = epochMs(now) - limits.attemptWindowSeconds * 1000;
  return Object.values(attempts).filter((attempt) => epochMs(attempt.at) > oldestMs && isFailedAttempt(attempt)).length;
};

/**
 * The advice for a node that is quarantined after a result; undefined if it is not quarantined. A node is quarantined if it
 * has failed too often, the result is final (a slow node may still succeed), and it is not quarantined yet.
 */
export const quarantineAdvice = (
  node: Pick<NodeStateRow, 'attempts' | 'quarantinedAt'>,
  result: { readonly isFinal: boolean; readonly endedAt: string; readonly advice?: string | undefined },
  limits: Pick<Limits, 'quarantineAttempts' | 'attemptWindowSeconds'>,
): string | undefined => {
  if (!result.isFinal || node.quarantinedAt !== undefined) return undefined;
  const failed = countedFailures(node.attempts, result.endedAt, limits);
  return failed >= limits.quarantineAttempts ? (result.advice ?? ADVICE_OF_QUARANTINE) : undefined;
};

/**
 * The script's times, limited to the time between the sending of its command and now: a node's clock may be wrong, and
 * cool-downs and relapses are measured from these times. Without a reported end, the script ended now.
 */
export const clampTimes = (
  command: Pick<CommandRow, 'sentAt'>,
  script: { readonly startedAt?: string | undefined; readonly endedAt?: string | undefined },
  now: string,
): Pick<ResultRow, 'startedAt' | 'endedAt'> => {
  const clamped = (time: string): string =>
    isoTime(Math.min(epochMs(now), Math.max(epochMs(command.sentAt), epochMs(time))));
  return {
    ...(script.startedAt === undefined ? {} : { startedAt: clamped(script.startedAt) }),
    endedAt: clamped(script.endedAt ?? now),
  };
};

/** The advice on a result: about the fault, or about its cause if the fault itself is repaired. */
export const adviceOn = (
  result: Pick<ResultRow, 'outcome' | 'reason' | 'cause'>,
  adviceOf: (reason: string) => string | undefined,
): string | undefined => {
  const subject = meaningOf(result.outcome).isWorking ? result.cause : result.reason;
  return subject === undefined ? undefined : adviceOf(subject);
};
