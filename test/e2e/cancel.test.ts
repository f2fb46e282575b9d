import { afterAll, beforeAll, expect, it } from 'vitest';
import * as z from 'zod';
import { InFlightCommand } from '../../core/api/request.ts';
import { MINUTE_MS, openScene, REPAIRABLE, type Scene, synthScene } from './support.ts';

const Cancelled = z.object({
  requestId: z.string(),
  cancelled: z.boolean(),
  runs: z.array(z.object({ runId: z.string(), status: z.string() })),
  inFlight: z.array(InFlightCommand),
});
const NODES = 600;
const request = { action: 'repair', cluster: 'demo', remediation: 'pause-image', reason: 'pods hang' };

let scene: Scene;
beforeAll(async () => {
  scene = await openScene(synthScene([{ name: 'demo' }], { maxNodesPerRepairRun: 250 }));
});
afterAll(() => scene.lab.stop());

it('a request for 600 nodes that is cancelled during its first run repairs no node that the answer does not name', async () => {
  const nodes = scene.addNodes('demo', NODES, { faultOf: () => REPAIRABLE });
  const { runId } = await scene.start(request);
  for (let minutes = 0; scene.chronicle.commands.length < 4; minutes++) {
    if (minutes > 10) throw new Error('the first commands were never sent');
    await scene.lab.advance(MINUTE_MS / 6);
  }
  const answer = Cancelled.parse(await scene.remediate({ action: 'cancel', runId, reason: 'the wrong cluster' }));
  const sentBefore = scene.chronicle.commands.flatMap((command) => command.instanceIds);
  await scene.drain();

  expect(answer).toMatchObject({ requestId: runId, cancelled: true });
  expect(answer.runs.map((run) => run.runId)).toEqual([runId, `${runId}-2`, `${runId}-3`]);
  const touched = nodes.filter((node) => node.runs.length > 0).map((node) => node.instanceId);
  const named = new Set([...sentBefore, ...answer.inFlight.flatMap((command) => command.instanceIds)]);
  expect(touched.length).toBeLessThan(100);
  expect(touched.filter((id) => !named.has(id))).toEqual([]);

  const runs = await scene.runs('demo');
  expect(runs.map((run) => [run.runId, run.status, run.stopped?.reason]).toSorted()).toEqual(
    answer.runs.map((run) => [run.runId, 'ended', 'Cancelled']),
  );
  // Each of the nodes has one result, and nothing waits.
  const results = await Promise.all(runs.map((run) => scene.resultsOf(run.runId)));
  expect(new Set(results.flat().map((row) => row.instanceId)).size).toBe(NODES);
  expect(results.flat().filter((row) => row.skipReason === 'Cancelled')).toHaveLength(NODES - touched.length);
  expect(results.flat().every((row) => row.requestId === runId && row.because?.kind === 'operator')).toBe(true);
  expect(await scene.report({ query: 'open' })).toEqual([]);
  expect([scene.letters(), scene.chronicle.failures, scene.chronicle.denials]).toEqual([[], [], []]);
});
