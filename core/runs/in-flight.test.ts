import { describe, expect, it } from 'vitest';
import { aCommand, at, node, nodes } from '../../test/support/runs.ts';
import type { CommandState } from '../state/command-state.ts';
import { heldUntil, nodesInFlight } from './in-flight.ts';

const command = (over: Partial<CommandState>): CommandState => aCommand({ status: 'sent', size: 1, ...over });
const inFlight = (...commands: Partial<CommandState>[]): number => nodesInFlight({ commands: commands.map(command) });
const FIVE = { instanceIds: nodes(5), versions: [], size: 5 };

describe('the nodes that hold a slot', () => {
  it.each<[string, Partial<CommandState>[], number]>([
    ['are those of a command that SSM has', [FIVE], 5],
    ['are those of a command that SSM may have', [{ ...FIVE, status: 'sending' }], 5],
    ['are none of a planned command, which runs nowhere', [{ ...FIVE, status: 'planned' }], 0],
    [
      'are none of a command that is over',
      [
        { ...FIVE, status: 'closed' },
        { ...FIVE, key: '2', status: 'lost' },
      ],
      0,
    ],
    ['are only those that have not ended', [{ ...FIVE, open: [node(3)] }], 1],
    ['are none where all have ended', [{ ...FIVE, open: [] }], 0],
    ['are by number where a check no longer lists them', [{ instanceIds: [], size: 7 }], 7],
    ['are then without those that SSM refused', [{ instanceIds: [], size: 7, unreachable: nodes(3) }], 4],
    [
      'are once those of a batch, as many as its largest part has',
      [
        { ...FIVE, key: '1.1', part: 1, parts: 2, open: [node(1)] },
        { ...FIVE, key: '1.2', part: 2, parts: 2 },
      ],
      5,
    ],
    ['are the sum over batches', [FIVE, { ...FIVE, key: '2' }], 10],
  ])('%s', (_, commands, expected) => {
    expect(inFlight(...commands)).toBe(expected);
  });
});

describe('the slots are held', () => {
  const held = (...commands: Partial<CommandState>[]) => heldUntil({ commands: commands.map(command) }, at(999));

  it('until the latest hard deadline of a command that runs', () => {
    expect(
      held({ hardDeadlineAt: at(300) }, { key: '2', hardDeadlineAt: at(500) }, { key: '3', hardDeadlineAt: at(400) }),
    ).toBe(at(500));
    expect(held({ hardDeadlineAt: at(300) }, { key: '2', hardDeadlineAt: at(500), status: 'closed' })).toBe(at(300));
    expect(held({ hardDeadlineAt: at(300) }, { key: '2', hardDeadlineAt: at(500), status: 'planned' })).toBe(at(300));
  });

  it('for as long as a command without a deadline may need', () => {
    expect(held({ hardDeadlineAt: at(300) }, { key: '2', status: 'sending' })).toBe(at(999));
  });

  it('for no time where nothing runs', () => {
    expect(held()).toBe('');
    expect(held({ status: 'closed' }, { key: '2', status: 'planned' })).toBe('');
  });
});
