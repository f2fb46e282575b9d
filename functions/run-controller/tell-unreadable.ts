import type { RunControllerPorts } from './ports.ts';

/** Reports a row that cannot be read: the log says which one and why, and a metric counts it. */
export const tellUnreadable = (
  deps: Pick<RunControllerPorts, 'log' | 'count'>,
  done: string,
  fields: Readonly<Record<string, unknown>>,
): void => {
  deps.log.error('going on without a row that cannot be read', { done, ...fields });
  deps.count('UnreadableRow');
};
