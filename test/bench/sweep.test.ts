import { expect, it } from 'vitest';
import { isDeep } from '../deep.ts';
import { NODE_CHECK_KEYS } from '../support/node-check-keys.ts';
import { measureSweep } from './costs.ts';

const NODES = isDeep ? 150 : 100;
/** SSM takes at most 50 nodes a command, each part of the check is one, and a sweep's rows are those of its commands. */
const COMMANDS = (NODES / 50) * NODE_CHECK_KEYS.length;
/**
 * About 5 writes a command and 10 for the run were measured, whatever the number of nodes; a wake that comes twice adds
 * some. A row for each node would be one more for each.
 */
const MAX_WRITES = 20 + 5 * COMMANDS;
/** About 0.8 KB a document and node was measured, copies in indexes included: most of it is the run's own state. */
const MAX_KILOBYTES_PER_NODE = 0.5 + NODE_CHECK_KEYS.length;

it('a sweep of healthy nodes leaves rows for its commands, and none for a node', async () => {
  const { bill, rows } = await measureSweep(NODES);
  // The pace's counters, one for each second with a call of EC2, go after ten minutes.
  const kept = [...rows].filter(([kind]) => !kind.startsWith('RATE '));
  // The digest of the run has its time as its sort key.
  const named = kept.map(([kind, count]) => [kind.replace(/^DAY .*/, 'DAY DIGEST'), count]);
  expect(Object.fromEntries(named)).toEqual({
    'DAY DIGEST': 1,
    'RUN STATE': 1,
    'RUN COMMAND': COMMANDS,
    'COMMAND COMMAND': COMMANDS,
  });
  expect(bill.writes).toBeLessThanOrEqual(MAX_WRITES);
  expect(bill.writeUnits / NODES).toBeLessThanOrEqual(MAX_KILOBYTES_PER_NODE);
});
