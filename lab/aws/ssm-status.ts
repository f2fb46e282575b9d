/**
 * SSM's status model. Details from the SSM user guide (monitor-commands); the coarse status of Undeliverable,
 * Terminated and Incomplete is not documented, and the lab uses Failed: decide by StatusDetails.
 */
const COARSE: Readonly<Record<string, string>> = {
  Pending: 'Pending',
  InProgress: 'InProgress',
  Delayed: 'Delayed',
  Cancelling: 'Cancelling',
  Success: 'Success',
  Cancelled: 'Cancelled',
  DeliveryTimedOut: 'TimedOut',
  ExecutionTimedOut: 'TimedOut',
};

/** The coarse Status of a StatusDetails. */
export const coarseStatus = (statusDetails: string): string => COARSE[statusDetails] ?? 'Failed';

/** Whether a StatusDetails is an end. */
export const isTerminal = (statusDetails: string): boolean =>
  !['Pending', 'InProgress', 'Delayed', 'Cancelling'].includes(statusDetails);

/** The command's StatusDetails once every invocation has ended. */
export const commandEnd = (statuses: readonly string[], allowedErrors: number): string => {
  const count = (...wanted: readonly string[]): number => statuses.filter((s) => wanted.includes(s)).length;
  if (count('Success') === statuses.length) return 'Success';
  if (count('Failed', 'ExecutionTimedOut') > allowedErrors) return 'Failed';
  if (count('Cancelled') > 0) return 'Cancelled';
  if (count('DeliveryTimedOut') === statuses.length) return 'DeliveryTimedOut';
  if (count('ExecutionTimedOut') === statuses.length) return 'ExecutionTimedOut';
  if (count('Undeliverable') === statuses.length) return 'Failed';
  return 'Incomplete';
};

const cutBytes = (text: string, bytes: number): string => {
  const all = Buffer.from(text, 'utf8');
  return all.length <= bytes ? text : all.subarray(0, bytes).toString('utf8');
};

/** What GetCommandInvocation returns: 24,000 characters of stdout, 8,000 of stderr. */
export const contentOf = (stdout: string, stderr: string): { readonly stdout: string; readonly stderr: string } => ({
  stdout: cutBytes(stdout, 24_000),
  stderr: cutBytes(stderr, 8000),
});
