import { defined, without } from '../model/defined.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import type { PlannedRun, RunningRun, RunState } from '../state/run-state.ts';
import type { SendReport } from './command.ts';

const FIRST_WAIT_SECONDS = 15;
const MAX_WAIT_SECONDS = 900;

/**
 * The refusal of a run after one more of its commands was refused. Nothing ran, so the nodes stay with the run, which tries
 * again later: while a stack is deployed, the role and the documents change one after the other.
 */
export const refusalAfter = (
  { refusal }: Pick<RunningRun, 'refusal'>,
  message: string,
  now: string,
): NonNullable<RunningRun['refusal']> => {
  const count = (refusal?.count ?? 0) + 1;
  const seconds = Math.min(MAX_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (count - 1));
  return {
    firstAt: refusal?.firstAt ?? now,
    count,
    notBefore: isoTime(epochMs(now) + seconds * 1000),
    message: message.slice(0, 600),
  };
};

const messageOf = (report: SendReport, before: RunState): string | undefined => {
  if (report.kind === 'document-refused') return report.message;
  if (report.kind === 'refused') return `SSM refused the command: ${report.message}`;
  // The command of a repair goes on with fewer nodes at once.
  if (report.kind !== 'invalid-ids' || before.action === 'repair') return undefined;
  const command = before.commands.find(({ key }) => key === report.key);
  return command?.instanceIds.some((id) => report.instanceIds.includes(id)) !== true
    ? 'SSM refused the command: InvalidInstanceId without an id of its nodes'
    : undefined;
};

/** The state after SSM's answers to its commands: one that it took ends a refusal, one that it refused goes on with it. */
export const withAnswers = <Run extends PlannedRun>(
  state: Run,
  before: RunState,
  reports: readonly SendReport[],
  now: string,
): Run => {
  const message = reports.map((report) => messageOf(report, before)).find((text) => text !== undefined);
  if (message !== undefined) return { ...state, refusal: refusalAfter(state, message, now) };
  if (state.refusal === undefined || !reports.some((r) => r.kind === 'sent' || r.kind === 'found')) return state;
  return without(state, 'refusal');
};

/** Whether a report proves that the command did not run. */
export const isUnsent = ({ kind }: SendReport): boolean => kind !== 'sent' && kind !== 'found' && kind !== 'not-found';

/** The nodes of a run for which a report proves that nothing ran: their booked attempts are taken back. */
export const takenBackOf = (before: RunState, reports: readonly SendReport[]): readonly string[] => {
  if (before.action === 'check') return [];
  const keys = new Set(reports.filter(isUnsent).map(({ key }) => key));
  return before.commands.flatMap((c) => (c.status === 'sending' && keys.has(c.key) ? c.instanceIds : []));
};

/** The notice that a run was stopped because the document at SSM is not the one that was built. */
export const documentNotice = (
  { runId, cluster, remediation, action, refusal }: RunningRun,
  at: string,
): OutboxEntry => ({
  kind: 'notice',
  id: `${runId}/document`,
  at,
  detailType: 'Document Refused',
  detail: { runId, cluster, remediation, action, ...defined({ message: refusal?.message }) },
});
