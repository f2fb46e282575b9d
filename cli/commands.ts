import * as registry from './commands/registry.ts';
import type { CommandDefinition } from './define-command.ts';

/** The order of the help: a module's exports are sorted by name. */
const ORDER = [
  'status',
  'check',
  'repair',
  'explain',
  'runs',
  'run',
  'node',
  'actions',
  'report',
  'results',
  'pause',
  'resume',
  'cancel',
  'release',
  'replay',
  'discard',
];

const rank = ({ name }: CommandDefinition): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);

/** Every command, in the order of the help: those of a list first, then the others by name. */
export const entriesInOrder: readonly CommandDefinition[] = Object.values(registry).toSorted(
  (a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1),
);
