import { expect, it } from 'vitest';
import { unpacked, withoutKeyFields, withPackedNodes, withPackedPlaces } from './packed.ts';

const node = (n: number): string => `i-${n.toString(16).padStart(17, '0')}`;
const ids = Array.from({ length: 50 }, (_, i) => node(i));
const waiting = (all: readonly string[]) => all.map((id): [string, string] => [id, '']);

it('a run takes nine bytes for each node that waits in no row, and is read as it was', () => {
  const [planned, sent] = [
    { key: '1.1', instanceIds: ids },
    { key: '1.2', instanceIds: [] },
  ];
  const run = { pk: 'RUN#r', pending: waiting(ids), version: 1, commands: [planned, sent] };
  const packed = withPackedNodes(run);
  const commands = [{ key: '1.1', ids: expect.any(Uint8Array) }, sent];
  expect(packed).toEqual({ pk: 'RUN#r', version: 1, pendingIds: expect.any(Uint8Array), commands });
  expect(packed.pendingIds).toHaveLength(ids.length * 9);
  expect(unpacked(packed)).toEqual(run);
});

it.each<[string, unknown]>([
  ['without nodes', []],
  ['with a node of a row', [[node(1), 'v-1']]],
  ['with a node of the older, short ids', waiting(['i-01234567', node(1)])],
  ['whose list is broken', 'gone'],
  ['whose list has a broken entry', [[node(1), '', 3], 7]],
])('a run %s is stored as it is', (_, pending) => {
  expect(withPackedNodes({ pending })).toEqual({ pending });
  expect(unpacked({ pending })).toEqual({ pending });
});

it('a command has each place of its nodes once, and is read as it was', () => {
  const places = Object.fromEntries(ids.slice(1).map((id, i) => [id, { nodegroup: `workers-${i % 2}`, ami: 'ami-1' }]));
  const command = { instanceIds: ids, places };
  const packed = withPackedPlaces(command);
  expect(packed.nodesAt).toMatchObject([{ place: { nodegroup: 'workers-0' } }, { place: { nodegroup: 'workers-1' } }]);
  expect(unpacked(packed)).toEqual(command);
  expect(withPackedPlaces({ instanceIds: ids })).toEqual({ instanceIds: ids });
});

it('a result is read with the run and the node of its key', () => {
  const key = { pk: 'RESULT#r-1', sk: node(1) };
  const row = { runId: 'r-1', instanceId: node(1), outcome: 'Healthy' };
  expect(withoutKeyFields({ ...key, ...row })).toEqual({ ...key, outcome: 'Healthy' });
  expect(unpacked({ ...key, outcome: 'Healthy' })).toEqual({ ...key, ...row });
  // A row that an earlier version has written.
  expect(unpacked({ ...key, ...row })).toEqual({ ...key, ...row });
});

it('what is not packed as it should be is left out, so that the schema refuses the row', () => {
  expect(unpacked({ pendingIds: 'gone', nodesAt: 3, instanceIds: ids })).toEqual({ instanceIds: ids });
  expect(unpacked({ commands: [{ key: '1', ids: 'gone' }, 7] })).toEqual({ commands: [{ key: '1' }, 7] });
  expect(unpacked({ nodesAt: [{ place: {}, nodes: 'gone' }], instanceIds: ids })).toEqual({
    instanceIds: ids,
    places: {},
  });
});
