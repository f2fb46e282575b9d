import { createHash } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { unpacked, withoutKeyFields, withPackedNodes, withPackedPlaces, withZipped } from './packed.ts';

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
  expect(packed).toEqual({
    ...{ pk: 'RUN#r', version: 1 },
    ...{ pendingIds: expect.any(Uint8Array), zipped: expect.any(Uint8Array) },
  });
  expect(packed.pendingIds).toHaveLength(ids.length * 9);
  expect(unpacked(packed)).toEqual(run);
});

it('a run of an earlier version is read as it was', () => {
  const packed = { pk: 'RUN#r', commands: [{ key: '1.1', ids: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0x70) }] };
  expect(unpacked(packed)).toEqual({ pk: 'RUN#r', commands: [{ key: '1.1', instanceIds: [node(7)] }] });
});

/** An instance id of 17 digits that nothing compresses: those of the lab count up. */
const drawn = (n: number): string => `i-${createHash('sha256').update(String(n)).digest('hex').slice(0, 17)}`;
const notes = Array.from({ length: 250 }, (_, i) => ({
  ...{
    instanceId: drawn(i),
    at: new Date(1e12 + i * 977).toISOString(),
    outcome: 'Repaired',
    remediation: 'pause-image',
  },
  ...{
    reason: 'SandboxImageMissing',
    nodegroup: `workers-${i % 3}`,
    ami: 'ami-00000000000000000',
    repairedAfter: 60 + i,
  },
}));

it('the nodes of a run take 30 bytes each, and are read as they were', () => {
  const row = { pk: 'DAY#2026-08-22', counts: { Repaired: 250 }, notes };
  const packed = withZipped(row, ['notes', 'healthy'], { notes: [] });
  expect(packed).toEqual({ pk: row.pk, counts: row.counts, notes: [], zipped: expect.any(Uint8Array) });
  expect(packed.zipped.length / notes.length).toBeLessThan(30);
  expect(unpacked(packed)).toEqual(row);
});

it('what an earlier version has written since stands: it keeps the compressed attributes, which it does not know', () => {
  const row = { pk: 'TRUST#document', version: 1, notes };
  const packed = withZipped(row, ['notes'], { notes: [] });
  const later = { ...packed, version: 2, notes: notes.slice(7, 8) };
  expect(unpacked(later)).toEqual({ pk: row.pk, version: 2, notes: notes.slice(7, 8) });
  expect(unpacked(withZipped(unpacked(later), ['notes'], { notes: [] }))).toEqual(unpacked(later));
});

it('a short attribute stays as it is', () => {
  const row = { pk: 'DAY#2026-08-22', notes: notes.slice(0, 1), counts: {} };
  expect(withZipped(row, ['notes', 'healthy'])).toEqual(row);
  expect(withZipped({ notes: undefined, more: 1 }, ['notes'])).toEqual({ notes: undefined, more: 1 });
});

it.each<[string, unknown]>([
  ['text', 'gone'],
  ['other bytes', Uint8Array.of(1, 2, 3)],
  ['no attributes', deflateRawSync('7')],
  ['more than any row has', deflateRawSync(JSON.stringify({ notes: ' '.repeat(5_000_000) }))],
])('attributes in %s are left out, so that the schema refuses the row', (_, bytes) => {
  expect(unpacked({ pk: 'DAY#1', zipped: bytes, notes: [] })).toEqual({ pk: 'DAY#1' });
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
