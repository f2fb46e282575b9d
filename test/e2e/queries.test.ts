import { afterAll, beforeAll, expect, it } from 'vitest';
import { ExplainItem } from '../../core/api/explain.ts';
import { StatusItem } from '../../core/api/status.ts';
import { SummaryItem } from '../../core/api/summary.ts';
import { failing, openScene, REPAIRABLE, type Scene, synthScene } from './support.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene(synthScene([{ name: 'demo' }, { name: 'watched', mode: 'observe' }]));
});
afterAll(() => scene.lab.stop());

it('status, explain and summary answer about a repair, a failed repair and a cluster that is observed', async () => {
  const [fixed, failed] = [
    ...scene.addNodes('demo', 1, { faultOf: () => REPAIRABLE }),
    ...scene.addNodes('demo', 1, { faultOf: () => failing('DiskFull') }),
  ];
  const [watched] = scene.addNodes('watched', 1, { faultOf: () => REPAIRABLE });
  if (fixed === undefined || failed === undefined || watched === undefined) throw new Error('no nodes were made');
  await scene.logFault(fixed, failed, watched);
  await scene.drain();

  const status = (await scene.report({ query: 'status' })).map((item) => StatusItem.parse(item));
  expect(status.map((item) => item.kind === 'cluster' && [item.cluster, item.broken, item.forbidden])).toEqual(
    expect.arrayContaining([
      ['demo', 1, 0],
      ['watched', 1, 1],
    ]),
  );
  expect(status.map((item) => item.kind === 'need' && item.need)).toEqual(
    expect.arrayContaining(['NotRepaired', 'PolicyForbids']),
  );

  const explain = async (query: object) =>
    (await scene.report({ query: 'explain', ...query })).map((item) => ExplainItem.parse(item));
  const [node, verdict] = await explain({
    node: watched.privateDnsName,
    cluster: 'watched',
    remediation: 'pause-image',
  });
  expect(node).toMatchObject({ kind: 'explained-node', instanceId: watched.instanceId, cluster: 'watched' });
  expect(verdict).toMatchObject({
    ...{ decision: 'skip', outcome: 'Broken', rule: { setting: 'clusters[name=watched].mode', value: 'observe' } },
    deployment: { version: expect.stringMatching(/^\d/), configuration: expect.stringMatching(/^[0-9a-f]{12}$/) },
  });
  expect(await explain({ cluster: 'demo', remediation: 'pause-image' })).toMatchObject([{ repaired: 1 }]);

  const summary = (await scene.report({ query: 'summary' })).map((item) => SummaryItem.parse(item));
  expect(summary[0]).toMatchObject({ kind: 'total', repaired: 1, failed: 1, clusters: ['demo', 'watched'] });
});
