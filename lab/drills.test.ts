import { expect, it } from 'vitest';
import { createClock } from './aws/clock.ts';
import { startDrillServer } from './drill-server.ts';
import { type Ground, performDrill } from './drills.ts';
import { createSimulatedFleet } from './sim/fleet.ts';

const ground = () => {
  const lines: { readonly group: string; readonly stream: string; readonly line: unknown }[] = [];
  const nodes = createSimulatedFleet({ clock: createClock({}), seed: 1, cluster: 'demo', count: 12, offlineRate: 0 });
  const lab: Ground['lab'] = {
    putLogEvents: async (group, stream, records) => {
      lines.push(...records.map((line) => ({ group, stream, line })));
    },
    now: () => 0,
    region: 'cn-north-1',
  };
  const own = { lab, nodes, cluster: 'demo', logGroup: '/demo' };
  const [node] = nodes;
  if (node === undefined) throw new Error('no nodes were made');
  const host = node.privateDnsName.split('.')[0] ?? '';
  return { own, nodes, node, host, lines, drill: (asked: object) => performDrill(own, asked) };
};

it('breaks a node by any of its names, with any fault of the catalogue', async () => {
  const { node, host, drill } = ground();
  for (const name of [node.instanceId, node.privateDnsName, host, `node/${host}`])
    expect(await drill({ drill: 'break', nodes: [name] })).toMatchObject({ ok: true });
  expect(node.faults()).toMatchObject([{ remediation: 'pause-image', reason: 'SandboxImageMissing' }]);
  await drill({ drill: 'break', nodes: [host], fault: 'CNIConfigMissing' });
  expect(node.faults().map(({ reason }) => reason)).toContain('CNIConfigMissing');
});

it('lets a node log, and takes its agent away and back', async () => {
  const { own, node, host, lines, drill } = ground();
  await drill({ drill: 'log', nodes: [host] });
  expect(lines).toMatchObject([{ group: own.logGroup, line: expect.stringContaining('failed to get sandbox image') }]);
  expect(lines[0]?.stream).toContain(node.privateDnsName);
  await drill({ drill: 'offline', nodes: [host] });
  const off = node.pingStatus();
  await drill({ drill: 'offline', nodes: [host], online: true });
  expect([off, node.pingStatus()]).toEqual(['ConnectionLost', 'Online']);
});

it.each([
  ['pods-hang', 1, 0],
  ['storm', 6, 6],
  ['needs-policy', 1, 0],
  ['bad-repair', 4, 4],
  ['silent', 0, 0],
])('begins the scenario %s, and says what a person would hear', async (name, broken, logged) => {
  const { nodes, lines, drill } = ground();
  const answer = await drill({ drill: 'scenario', name });
  expect(answer).toMatchObject({
    ok: true,
    lines: [expect.any(String), expect.stringContaining('Begin with: fleetmend')],
  });
  expect([nodes.filter((node) => node.faults().length > 0).length, lines.length]).toEqual([broken, logged]);
  expect(await drill({ drill: 'scenario' })).toMatchObject({
    ok: true,
    lines: expect.arrayContaining([expect.stringContaining(name)]),
  });
});

it('says what is wrong, with what there is', async () => {
  const { node, drill } = ground();
  expect(await drill({ drill: 'break', nodes: ['ip-1'] })).toMatchObject({
    error: { message: 'cluster demo of the lab has no node ip-1', allowed: expect.arrayContaining([node.instanceId]) },
  });
  expect(await drill({ drill: 'break', nodes: [node.instanceId], fault: 'X' })).toMatchObject({
    error: { message: 'there is no fault X', allowed: expect.arrayContaining(['CNIConfigMissing']) },
  });
  expect(await drill({ drill: 'scenario', name: 'toString' })).toMatchObject({
    error: { allowed: expect.arrayContaining(['storm']) },
  });
  expect(await drill({ drill: 'log', nodes: [] })).toMatchObject({
    ok: false,
    error: { message: expect.stringContaining('name a node') },
  });
});

it('takes drills on loopback, and answers whatever was sent', async () => {
  const { own, node, host } = ground();
  const server = await startDrillServer(own);
  const post = async (body: string) => await (await fetch(server.url, { method: 'POST', body })).json();
  expect(await post(JSON.stringify({ drill: 'break', nodes: [host] }))).toMatchObject({ ok: true });
  expect(node.faults()).toHaveLength(1);
  expect(await post('not JSON')).toMatchObject({ ok: false });
  await server.stop();
});
