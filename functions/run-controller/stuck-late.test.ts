import { describe, expect, it } from 'vitest';
import {
  breakNodes,
  failObservations,
  type World,
  worldsOfRunController,
} from '../../test/support/run-controller-scene.ts';

const world = worldsOfRunController();
const dueRows = async (w: World) => (await w.table.items('RUN#r-1')).filter(({ duePk }) => duePk !== undefined);

describe('a run that has ended as Stuck', () => {
  it('teaches what its commands did after its end, once that can be read again', async () => {
    const w = await world({ nodes: 10 });
    const [slow = ''] = w.ids;
    breakNodes(w, [slow], 150_000);
    const { runs } = w.deps;
    failObservations(w, 'r-1');
    await w.ask('r-1', 'repair', [slow]);
    await w.pass(90, 10);
    expect(await w.runs.get('r-1')).toMatchObject({ status: 'ended', end: 'Stuck', commands: [{ status: 'sending' }] });
    Object.assign(w.deps, { runs });
    await w.pass(900, 30);
    const run = await w.runs.get('r-1');
    expect(run).toMatchObject({ end: 'Stuck', commands: [{ status: 'closed', counts: { Repaired: 1 } }] });
    const [trust] = (await w.table.scan()).filter(({ pk }) => String(pk).startsWith('TRUST#'));
    expect(trust?.results).toMatchObject([{ instanceId: slow, runId: 'r-1', end: 'repaired' }]);
    expect(await dueRows(w)).toEqual([]);
  });

  it('is asked again for results that could not be read after its end either', async () => {
    const w = await world({ nodes: 10 });
    const [slow = ''] = w.ids;
    breakNodes(w, [slow], 150_000);
    const { runs } = w.deps;
    failObservations(w, 'r-1');
    await w.ask('r-1', 'repair', [slow]);
    await w.pass(5400, 60);
    expect(await w.runs.get('r-1')).toMatchObject({ end: 'Stuck', commands: [{ status: 'sending' }] });
    expect(w.telemetry.lines.map(({ message }) => message)).toContain(
      'asking later for the late results of a stuck run',
    );
    Object.assign(w.deps, { runs });
    await w.pass(1800, 60);
    expect(await w.runs.get('r-1')).toMatchObject({ commands: [{ status: 'closed', counts: { Repaired: 1 } }] });
    expect(await dueRows(w)).toEqual([]);
  });

  it('is asked for a day, in which the looks become rare, and no more', async () => {
    const w = await world({ nodes: 10 });
    const [slow = ''] = w.ids;
    breakNodes(w, [slow], 150_000);
    failObservations(w, 'r-1');
    await w.ask('r-1', 'repair', [slow]);
    await w.pass(90_000, 300);
    expect(await w.runs.get('r-1')).toMatchObject({ end: 'Stuck', commands: [{ status: 'sending' }] });
    expect(await dueRows(w)).toEqual([]);
    const said = w.telemetry.lines.map(({ message }) => message);
    const asked = said.filter((message) => message === 'asking later for the late results of a stuck run').length;
    expect([asked > 90, asked < 300]).toEqual([true, true]);
    expect(said.filter((message) => message === 'leaving the late results of a stuck run')).toHaveLength(1);
  });
});
