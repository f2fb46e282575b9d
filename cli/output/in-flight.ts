import type { InFlightCommand } from '../../core/api/request.ts';
import { counted } from '../../core/model/counted.ts';
import { shown } from './text.ts';

const MAX_NODES = 3;

/** The commands that are under way, in a sentence. */
export const inFlightText = (commands: readonly InFlightCommand[]): string => {
  if (commands.length === 0) return 'nothing';
  const nodes = commands.flatMap(({ instanceIds }) => instanceIds);
  const more = nodes.length - MAX_NODES;
  const names = `${nodes.slice(0, MAX_NODES).map(shown).join(' ')}${more > 0 ? ` +${more}` : ''}`;
  return `${counted(commands.length, 'command')} on ${names}, which ${commands.length === 1 ? 'ends by itself' : 'end by themselves'}`;
};
