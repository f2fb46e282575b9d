import type { CommandRow } from '../state/command-state.ts';

/** Whether a person waits for a check: its nodes are shown as they answer. */
export const isAwaited = ({ action, because }: Pick<CommandRow, 'action' | 'because'>): boolean =>
  action === 'check' && because?.kind === 'operator';
