import type { CommandRow } from '../state/command-state.ts';

/**
 * Whether somebody waits for the answers of a check: a person, who is shown its nodes as they answer, or the lane of repairs
 * whose nodes are checked first. A sweep is read when its commands end.
 */
export const isAwaited = ({
  action,
  because,
  becauses = {},
}: Pick<CommandRow, 'action' | 'because' | 'becauses'>): boolean =>
  action === 'check' &&
  [because, ...Object.values(becauses)].some((own) => own?.kind === 'operator' || own?.kind === 'log');
