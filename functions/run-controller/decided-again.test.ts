import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { healthyFacts, runControllerWorld } from '../../test/support/run-controller-world.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { keys } from '../adapters/table/keys.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

type World = ReturnType<typeof runControllerWorld>;

/** A run with a canary under repair and five nodes that wait, whose facts were read a minute ago when it ends. */
const busy = async (remediation = 'pause-image'): Promise<World> => {
  const w = runControllerWorld(await table.another());
  for (const id of w.ids.slice(0, 6)) {
    w.nodes.set(id, { broken: true, latencyMs: 62_000 });
    await w.signal(id, remediation);
  }
  await w.pass(5);
  expect(w.ssm.commands).toHaveLength(1);
  return w;
};
const freezeNow = (w: World) => {
  const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;
  const freezeWindows = [{ days: [...days], fromUtc: '00:00', toUtc: '23:59' }];
  Object.assign(w.deps, { settings: withClusters(w, (cluster) => ({ ...cluster, freezeWindows })) });
};
type Cluster = World['settings']['policy']['clusters'][number];
const withClusters = ({ settings }: World, change: (cluster: Cluster) => Cluster): World['settings'] => ({
  ...settings,
  policy: { ...settings.policy, clusters: settings.policy.clusters.map(change) },
});

const tagOff = (w: World): void => {
  for (const id of w.ids) w.facts.set(id, { ...healthyFacts(id), modeTag: 'off' });
};
const repairs = (w: World): number => w.ssm.commands.filter((c) => c.documentName.includes('repair')).length;

describe('after the plan, and before each command, a node is decided again', () => {
  it.each<[string, string, (w: World) => Promise<void> | void]>([
    ['a freeze window begins', 'cri-dockerd', freezeNow],
    ['its tag becomes off', 'pause-image', tagOff],
    [
      'the policy becomes observe',
      'pause-image',
      (w) => {
        Object.assign(w.deps, { settings: withClusters(w, (cluster) => ({ ...cluster, mode: 'observe' as const })) });
      },
    ],
    [
      'the cluster leaves the policy',
      'pause-image',
      (w) => {
        Object.assign(w.deps, { settings: { ...w.settings, policy: { ...w.settings.policy, clusters: [] } } });
      },
    ],
    [
      'it is quarantined',
      'pause-image',
      async (w) => {
        for (const instanceId of w.ids) {
          const row = { instanceId, cluster: 'demo', remediation: 'pause-image', attempts: {} };
          await w.put({ ...keys.nodeState(instanceId, 'pause-image'), ...row, quarantinedAt: w.iso() });
        }
      },
    ],
    [
      'an operator pauses',
      'pause-image',
      (w) =>
        w.put({ ...keys.pause('ALL'), scope: 'ALL', state: 'paused', at: w.iso(), by: 'mei', reason: 'an upgrade' }),
    ],
  ])('%s: no further repair is sent', async (_, remediation, change) => {
    const w = await busy(remediation);
    await change(w);
    await w.pass(54);
    const sent = repairs(w);
    // A tag may have been read a minute ago, and canaries that are silent for 8 s let two others go.
    expect(sent).toBe(change === tagOff ? 3 : 1);
    await w.pass(66);
    await w.pass(240, 10);
    expect(repairs(w)).toBe(sent);
  });

  it('a pause that is set between the decision and its commit stops the command', async () => {
    const w = runControllerWorld(await table.another());
    const [id = ''] = w.ids;
    w.nodes.set(id, { broken: true, latencyMs: 2000 });
    const { commit } = w.deps.commits;
    const pause = { scope: 'ALL', state: 'paused', at: w.iso(), by: 'mei', reason: 'an upgrade' };
    const late: typeof commit = async (what, now) => {
      if (what.sends === true) await w.put({ ...keys.pause('ALL'), ...pause });
      return await commit(what, now);
    };
    Object.assign(w.deps, { commits: { commit: late } });
    await w.signal(id);
    await w.pass(120);
    expect(w.ssm.commands).toEqual([]);
  });
});
