import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { SAVED_QUERIES } from '../../infra/constructs/saved-queries.ts';
import { failing, MINUTE_MS, openScene, REPAIRABLE, type Scene, synthScene } from './support.ts';

const Line = z.looseObject({ message: z.string(), level: z.string() });
const Emf = z.looseObject({ cluster: z.string().optional() });
const EVIL = 'x\r\nTo: all@example.com <!channel> `is` well';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene(
    synthScene([
      { name: 'demo', sweeps: true },
      { name: 'watch', mode: 'observe', sweeps: true },
    ]),
  );
});
afterAll(() => scene.lab.stop());

/** What a subscription with this filter gets: a policy of exact values. Source: SNS, "Subscription filter policies". */
const subscribed = (filter: Readonly<Record<string, readonly string[]>>) =>
  scene.lab.notifications.filter(({ attributes = {} }) =>
    Object.entries(filter).every(([name, values]) => values.includes(attributes[name] ?? '')),
  );
const sweep = () => scene.lab.advance(31 * MINUTE_MS);

const QUARANTINE = (instanceId: string) => `quarantine/demo/${instanceId}/pause-image`;

describe('people', () => {
  it('hear nothing of healthy sweeps', async () => {
    scene.addNodes('demo', 3);
    scene.addNodes('watch', 3);
    await sweep();
    await sweep();
    const swept = scene.chronicle.notices.filter(({ detail }) => detail.because === 'sweep');
    expect(swept.length).toBeGreaterThan(1);
    expect(scene.lab.notifications).toEqual([]);
  });

  it('hear once of a fault that policy forbids to repair, and once that the node works again', async () => {
    const [node] = scene.addNodes('watch', 1);
    const instanceId = node?.instanceId ?? '';
    const ofNode = { dedupKey: [`node/watch/${instanceId}`] };
    await sweep();
    node?.breakWith(REPAIRABLE);
    for (let n = 0; n < 3; n++) await sweep();
    expect(subscribed(ofNode)).toMatchObject([
      {
        subject: `fleetmend: watch: node ${instanceId} is broken, and no repair will follow`,
        attributes: { kind: 'node-broken', severity: 'warning', status: 'firing', cluster: 'watch' },
      },
    ]);
    expect(subscribed(ofNode)[0]?.message).toContain(`fleetmend explain ${instanceId} -c watch`);
    node?.recover();
    for (let n = 0; n < 2; n++) await sweep();
    expect(subscribed({ ...ofNode, status: ['resolved'] })).toMatchObject([{ attributes: { kind: 'node-works' } }]);
    expect(subscribed(ofNode)).toHaveLength(2);
  });

  it('hear of a repair that failed and of the quarantine, with the advice', async () => {
    const [node] = scene.addNodes('demo', 1, { faultOf: () => failing('NodeRoleLacksECR') });
    const instanceId = node?.instanceId ?? '';
    for (let n = 0; n < 3; n++) {
      if (node !== undefined) await scene.logFault(node);
      await scene.lab.advance(17 * MINUTE_MS);
    }
    expect(subscribed({ dedupKey: [`node/demo/${instanceId}`], status: ['firing'] }).length).toBeGreaterThan(0);
    const [quarantined, ...more] = subscribed({ kind: ['node-quarantined'] });
    expect(more).toEqual([]);
    expect(quarantined).toMatchObject({ attributes: { dedupKey: QUARANTINE(instanceId), status: 'firing' } });
    expect(quarantined?.message).toContain(`fleetmend release ${instanceId} -c demo`);
    await scene.remediate({ action: 'release', cluster: 'demo', instanceIds: [instanceId], reason: EVIL });
    await scene.lab.advance(2 * MINUTE_MS);
    const [released] = subscribed({ kind: ['node-released'], status: ['resolved'] });
    expect(released?.attributes?.dedupKey).toBe(QUARANTINE(instanceId));
    expect(released?.message).not.toMatch(/^To:/m);
    node?.setState('terminated');
  });

  it('hear of a pause and its end, and get the digest', async () => {
    await scene.remediate({ action: 'pause', cluster: 'demo', reason: 'network change' });
    await scene.lab.advance(MINUTE_MS);
    await scene.remediate({ action: 'resume', cluster: 'demo', reason: 'done' });
    const until = new Date(scene.lab.now() + 31 * MINUTE_MS).toISOString();
    await scene.remediate({ action: 'pause', cluster: 'watch', reason: 'an upgrade', until });
    await scene.lab.advance(33 * MINUTE_MS);
    scene.lab.invokeAsync('fleetmend-notifier', { kind: 'digest' });
    await scene.lab.settle();
    const of = (cluster: string) =>
      subscribed({ dedupKey: [`pause/${cluster}`] }).map(({ attributes }) => [attributes?.kind, attributes?.status]);
    expect(of('demo')).toEqual([
      ['paused', 'firing'],
      ['resumed', 'resolved'],
    ]);
    expect(of('watch')).toEqual([
      ['paused', 'firing'],
      ['pause-ends-soon', 'firing'],
      ['pause-ended', 'resolved'],
    ]);
    expect(subscribed({ kind: ['digest'] })).toMatchObject([{ message: expect.stringMatching(/found [1-9]/) }]);
  });

  it('are refused in words, in a line that a saved query finds', async () => {
    await scene.start({ action: 'check', cluster: 'watch', reason: 'a look' });
    await scene.lab.invoke('fleetmend-operator-api', {
      action: 'pause',
      cluster: 'no-such',
      requestedBy: 'mei',
      reason: 'x',
    });
    const linesOf = (name: string) =>
      scene.lab.functionLogs(`fleetmend-${name}`).flatMap((text) => {
        const { data } = Line.safeParse(text.startsWith('{') ? JSON.parse(text) : undefined);
        return data === undefined ? [] : [data];
      });
    const used = new Set<string>();
    for (const { name, functions, messages, fields } of SAVED_QUERIES) {
      const lines = functions
        .flatMap(linesOf)
        .filter(({ message, level }) => (messages.length === 0 ? level !== 'INFO' : messages.includes(message)));
      if (lines.length === 0) continue;
      used.add(name);
      const has = (field: string) =>
        lines.some(
          (line) =>
            field
              .split('.')
              .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], line) !==
            undefined,
        );
      expect([name, fields.filter((field) => !has(field))]).toEqual([name, []]);
    }
    expect([...used]).toEqual(
      expect.arrayContaining(['refused requests', 'requests of people', 'what runs did', 'notices to people']),
    );
  });

  it('have a metric of each cluster for what is broken, for ends of repairs, and for their time', () => {
    const printed = scene.lab.functionLogs('fleetmend-run-controller').flatMap((text) => {
      const { data } = Emf.safeParse(text.includes('CloudWatchMetrics') ? JSON.parse(text) : undefined);
      return data === undefined ? [] : [data];
    });
    const of = (cluster: string, name: string) =>
      printed
        .flatMap((line) => (line.cluster === cluster ? [line[name]].flat() : []))
        .filter((value) => value !== undefined);
    expect(of('watch', 'NodesBroken')).toEqual(expect.arrayContaining([0, 1]));
    expect(of('demo', 'NodesNotRepaired').length).toBeGreaterThan(0);
    expect(of('demo', 'NodesSwept').length).toBeGreaterThan(2);
  });

  it('get each message with attributes that a subscription can filter by, and nothing is lost on the way', () => {
    expect(subscribed({ severity: ['critical', 'warning', 'info'], status: ['firing', 'resolved', 'told'] })).toEqual(
      scene.lab.notifications.filter(({ attributes }) => attributes !== undefined),
    );
    expect(scene.letters()).toEqual([]);
    expect(scene.chronicle.failures).toEqual([]);
    expect(scene.chronicle.denials).toEqual([]);
  });
});
