import { NOT_DELIVERED } from '../guards/attempts.ts';
import { EXECUTION_TIMED_OUT } from '../guards/attributable.ts';
import { registryWord } from '../guards/registry.ts';
import { defined } from '../model/defined.ts';
import { hasCutLine, readResult } from '../model/document-result.ts';
import { mayReport, meaningOf, type Outcome, type SkipReason } from '../model/outcome.ts';
import type { CommandRow } from '../state/command-state.ts';
import type { Reading, Tally } from '../state/results.ts';

/** One invocation as `ListCommandInvocations` with details shows it. */
export type Invocation = {
  readonly instanceId: string;
  /** SSM's StatusDetails; the docs write it with spaces, the API without. */
  readonly statusDetails: string;
  /** The first 2,500 characters of stdout and stderr together. */
  readonly output: string;
};

/** SSM's statuses in one spelling: `Delivery Timed Out` and `DeliveryTimedOut` are one, as are `Canceled` and `Cancelled`. */
export const normalizeStatus = (status: string): string => {
  const joined = status.replace(/\s/g, '');
  return joined === 'Canceled' ? 'Cancelled' : joined;
};

const RUNNING: ReadonlySet<string> = new Set(['Pending', 'InProgress', 'Delayed', 'Cancelling']);

/** Whether SSM may still change an invocation or a command of this status. */
export const isRunning = (status: string): boolean => RUNNING.has(normalizeStatus(status));

/** The report of an invocation about its node. It has an end time only if the script reported one. */
export type Read = Omit<Reading, 'endedAt'> & { readonly endedAt?: string };

const unreadable = (message: string): Read => ({ outcome: 'Unknown', reason: 'ResultUnreadable', message });

type Part = Pick<CommandRow, 'part' | 'parts'>;
const partName = ({ part = 1, parts = 1 }: Part): string => `part ${part} of ${parts}`;

const fromDocument = (command: CommandRow, output: string): Read => {
  const reading = readResult(output);
  if (!reading.ok) return unreadable(reading.error);
  const { v, remediation, action, part, parts, ...result } = reading.value;
  if (remediation !== command.remediation || action !== command.action)
    return unreadable(
      `the result answers for ${remediation} ${action}, not for ${command.remediation} ${command.action}`,
    );
  if (partName({ part, parts }) !== partName(command))
    return unreadable(`the result is ${partName({ part, parts })}, not ${partName(command)}`);
  return mayReport(action, result.outcome) ? result : unreadable(`a ${action} cannot end ${result.outcome}`);
};

/** Whether the result of a finished invocation came cut: SSM keeps ten times as much of stdout than it lists. */
export const isCut = ({ statusDetails, output }: Invocation): boolean =>
  ['Success', 'Failed'].includes(normalizeStatus(statusDetails)) && hasCutLine(output);

/**
 * The statuses by which SSM says that it ran the command on no node, or not on this node, and never will (SSM user guide,
 * "Understanding command statuses").
 */
const RAN_NOWHERE: ReadonlySet<string> = new Set(['RateExceeded', 'NoInstancesInTag', 'AccessDenied', 'Terminated']);

/** The reading of a node on which a command of this status did not run; undefined for any other status. */
export const readNotRun = (statusDetails: string): Read | undefined => {
  const status = normalizeStatus(statusDetails);
  if (!RAN_NOWHERE.has(status)) return undefined;
  return {
    outcome: 'Skipped',
    reason: NOT_DELIVERED,
    message: `SSM ended the command as ${status}: it did not run on the node`,
    ranNowhere: true,
  };
};

/**
 * Reads the result of a node from its finished invocation; undefined while it runs. The decision rests on StatusDetails,
 * never on the coarser Status (https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html). The
 * output of the document counts only if the document ran to its end.
 */
export const readInvocation = (command: CommandRow, invocation: Invocation): Read | undefined => {
  const status = normalizeStatus(invocation.statusDetails);
  if (isRunning(status)) return undefined;
  const notRun = readNotRun(status);
  if (notRun !== undefined) return notRun;
  switch (status) {
    case 'Success':
    case 'Failed':
      return fromDocument(command, invocation.output);
    case 'ExecutionTimedOut':
      return {
        outcome: 'TimedOut',
        reason: EXECUTION_TIMED_OUT,
        message:
          'the document did not end within its execution timeout, or was killed: read the SSM agent log on the node',
      };
    case 'DeliveryTimedOut':
    case 'Undeliverable':
      return {
        outcome: 'Unreachable',
        message: `SSM ended the invocation as ${status}: the agent did not answer in time (whether anything ran is not known)`,
      };
    case 'Cancelled':
      return { outcome: 'Skipped', skipReason: 'Cancelled', message: `SSM ended the invocation as ${status}` };
    case 'InvalidPlatform':
      return { outcome: 'Unsupported', message: 'the node is not a Linux node' };
    default:
      return {
        outcome: 'Unknown',
        reason: /^[A-Z][A-Za-z0-9]{1,63}$/.test(status) ? status : 'UnknownStatus',
        message: `SSM ended the invocation as ${status.slice(0, 100)}`,
      };
  }
};

const brokenOf = (remediation: string, outcome: Outcome, reason: string | undefined): [string, string][] =>
  meaningOf(outcome).isFinding && reason !== undefined ? [[remediation, reason]] : [];

/** The temporary reasons for which a document did nothing: the node is checked again later. */
const WAITS: ReadonlySet<SkipReason | undefined> = new Set<SkipReason>(['BlockedBy', 'Busy']);

/** The part of a reading that the run's state machine keeps. */
export const tallyOf = (
  reading: Reading,
  { remediation, action }: Pick<CommandRow, 'remediation' | 'action'>,
): Tally => {
  const findings =
    reading.findings === undefined
      ? brokenOf(remediation, reading.outcome, reading.reason)
      : reading.findings.flatMap((f) => brokenOf(f.remediation, f.outcome, f.reason));
  const all = [reading, ...(reading.findings ?? [])];
  const waits = all.some(({ outcome, skipReason }) => meaningOf(outcome).hasSkipReason && WAITS.has(skipReason));
  const names = all.some(({ outcome, method }) => meaningOf(outcome).isFinding && method !== undefined);
  const registry = registryWord({ ...reading, action });
  const image = reading.image ?? reading.findings?.find((f) => f.image !== undefined)?.image;
  return {
    outcome: reading.outcome,
    at: reading.endedAt,
    ...defined({ ranNowhere: reading.ranNowhere }),
    ...(waits ? { waits } : {}),
    ...defined({ skipReason: reading.skipReason, reason: reading.reason, image }),
    ...(names ? { localMethod: true } : {}),
    ...defined({ registry }),
    ...(findings.length === 0 ? {} : { findings }),
  };
};
