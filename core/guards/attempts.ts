import { defined } from '../model/defined.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import { afterRepairOf, meaningOf } from '../model/outcome.ts';
import type { Limits } from '../model/policy.ts';
import type { CommandRow } from '../state/command-state.ts';
import type { Attempt, NodeStateRow } from '../state/node-state.ts';
import type { Reading, ResultRow } from '../state/results.ts';

const ADVICE_OF_QUARANTINE =
  "the repair has failed repeatedly: replace the node, or correct the node's role, disk or network, then release it";

/**
 * Whether an attempt counts towards quarantine. An unreachable node had no attempt. A registry outage does not count:
 * otherwise, an operator would have to release a whole fleet by hand.
 */
export const isFailedAttempt = (attempt: Attempt): boolean =>
  meaningOf(attempt.outcome).isFailed && attempt.reason !== 'RegistryUnreachable';

/** The attempt that a result represents; undefined for a check, or for a repair that tried nothing. */
export const attemptOf = (row: Pick<ResultRow, 'action' | 'outcome' | 'reason' | 'endedAt'>): Attempt | undefined =>
  row.action === 'check' || !meaningOf(row.outcome).isAttempt
    ? undefined
    : { at: row.endedAt, outcome: row.outcome, ...defined({ reason: row.reason }) };

/** The earlier repair that did not last: it ended before this one, and no longer ago than the relapse time. */
const relapseOf = (
  row: Pick<ResultRow, 'runId' | 'endedAt'>,
  attempts: NodeStateRow['attempts'],
  limits: Pick<Limits, 'relapseSeconds'>,
): readonly [runId: string, attempt: Attempt] | undefined =>
  Object.entries(attempts).find(([runId, attempt]) => {
    const agoMs = epochMs(row.endedAt) - epochMs(attempt.at);
    return (
      runId !== row.runId && meaningOf(attempt.outcome).isRepaired && agoMs > 0 && agoMs <= limits.relapseSeconds * 1000
    );
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

/**
 * The advice for a node that is quarantined after a result; undefined if it is not quarantined. A node is quarantined if it
 * has failed too often, the result is final (a slow node may still succeed), and it is not quarantined yet.
 */
export const quarantineAdvice = (
  node: Pick<NodeStateRow, 'attempts' | 'quarantinedAt'>,
  result: { readonly isFinal: boolean; readonly advice?: string | undefined },
  limits: Pick<Limits, 'quarantineAttempts'>,
): string | undefined => {
  if (!result.isFinal || node.quarantinedAt !== undefined) return undefined;
  const failed = Object.values(node.attempts).filter(isFailedAttempt).length;
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
