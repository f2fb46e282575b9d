import { outputOf, stderrOf } from '../agent-output.ts';
import { type Command, type Invocation, viewAt } from './ssm-commands.ts';
import { coarseStatus, isTerminal } from './ssm-status.ts';

const seconds = (ms: number): number => ms / 1000;

/** A command as ListCommands and SendCommand answer it, as it was at a moment. */
export const commandJson = (command: Command, atMs: number): Record<string, unknown> => {
  const view = viewAt(command.history, atMs) ?? command.history[0];
  const details = view?.statusDetails ?? 'Pending';
  const statuses = command.invocations.map((i) => viewAt(i.history, atMs)?.statusDetails ?? 'Pending');
  const count = (...wanted: readonly string[]): number => statuses.filter((s) => wanted.includes(s)).length;
  return {
    CommandId: command.commandId,
    DocumentName: command.document.name,
    DocumentVersion: '$DEFAULT',
    Comment: command.comment,
    ExpiresAfter: seconds(command.expiresAt),
    Parameters: {},
    InstanceIds: command.invocations.map((i) => i.instanceId),
    Targets: [],
    RequestedDateTime: seconds(command.requestedAt),
    Status: coarseStatus(details),
    StatusDetails: details,
    MaxConcurrency: command.maxConcurrency,
    MaxErrors: command.maxErrors,
    TargetCount: command.invocations.length,
    CompletedCount: statuses.filter(isTerminal).length,
    ErrorCount: count('Failed', 'ExecutionTimedOut'),
    DeliveryTimedOutCount: count('DeliveryTimedOut'),
    TimeoutSeconds: command.timeoutSeconds,
  };
};

/** An invocation as ListCommandInvocations answers it, as it was at a moment. */
export const invocationJson = (
  command: Command,
  invocation: Invocation,
  atMs: number,
  details: boolean,
): Record<string, unknown> => {
  const view = viewAt(invocation.history, atMs);
  const statusDetails = view?.statusDetails ?? 'Pending';
  const step = command.document.content.mainSteps[0];
  const plugin = {
    Name: step?.name ?? 'step',
    Status: coarseStatus(statusDetails),
    StatusDetails: statusDetails,
    ResponseCode: view?.reply?.exitCode ?? -1,
    ...(view?.startedAt === undefined ? {} : { ResponseStartDateTime: seconds(view.startedAt) }),
    ...(view?.endedAt === undefined ? {} : { ResponseFinishDateTime: seconds(view.endedAt) }),
    Output: view?.reply === undefined ? '' : outputOf(view.reply.stdout, stderrOf(view.reply)),
  };
  return {
    CommandId: command.commandId,
    InstanceId: invocation.instanceId,
    InstanceName: '',
    Comment: command.comment,
    DocumentName: command.document.name,
    DocumentVersion: '$DEFAULT',
    RequestedDateTime: seconds(command.requestedAt),
    Status: coarseStatus(statusDetails),
    StatusDetails: statusDetails,
    TraceOutput: '',
    ...(details ? { CommandPlugins: [plugin] } : {}),
  };
};
