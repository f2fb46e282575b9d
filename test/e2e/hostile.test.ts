import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LabNode } from '../../lab/node.ts';
import type { SimulatedNode } from '../../lab/sim/node.ts';
import { refusalIn } from '../support/answers.ts';
import { MINUTE_MS, openScene, REPAIRABLE, type Scene, synthScene } from './support.ts';

const MEBIBYTE = 1024 * 1024;
let scene: Scene;
beforeAll(async () => {
  scene = await openScene(synthScene(['good', 'hostile'].map((name) => ({ name }))));
});
afterAll(() => scene.lab.stop());

// For any input: no message is left, and no function fails.
afterEach(async () => {
  // A circuit breaker that has opened twice is open for 30 minutes.
  await scene.drain(90);
  expect(scene.chronicle.failures).toEqual([]);
  expect(scene.chronicle.denials).toEqual([]);
  expect(scene.letters()).toEqual([]);
});

const oneNode = (cluster: string, options: Parameters<Scene['addNodes']>[2] = {}): SimulatedNode => {
  const [node] = scene.addNodes(cluster, 1, options);
  if (node === undefined) throw new Error('no node was made');
  return node;
};

describe('a request', () => {
  const repair = { action: 'repair', cluster: 'good', remediation: 'pause-image', reason: 'x' };
  it.each([
    ['an unknown action', { action: 'reboot' }, /field action: expected one of cancel, check/],
    [
      'an unknown cluster',
      { ...repair, cluster: 'nowhere' },
      /field cluster: nowhere is not in the policy; it lists: good/,
    ],
    [
      'an unknown remediation',
      { ...repair, remediation: 'format-disk' },
      /field remediation: there is no remediation format-disk; there are: /,
    ],
    ['no reason', { ...repair, reason: '' }, /field reason: say why/],
    [
      'a hostile id',
      { ...repair, instanceIds: ['i-0123456789abcdef0 && reboot'] },
      /field instanceIds.0: not an EC2 instance id/,
    ],
    [
      '1,001 ids',
      { ...repair, instanceIds: Array.from({ length: 1001 }, (_, i) => `i-${String(i).padStart(17, '0')}`) },
      /at most 1000/,
    ],
    [
      'a field too many',
      { ...repair, document: 'AWS-RunShellScript' },
      /field document: this request has no such field/,
    ],
    ['the end of no run', { action: 'cancel', runId: 'r-none', reason: 'x' }, /field runId: there is no run r-none$/],
  ])('with %s is answered with the field that is wrong', async (_name, request, message) => {
    const before = (await scene.runs('good')).length;
    expect(refusalIn(await scene.ask(request)).message).toMatch(message);
    expect(await scene.runs('good')).toHaveLength(before);
  });

  it.each([
    [{ query: 'everything' }, /field query: expected one of actions, .*explain, node, open/],
    [{ query: 'node', instanceId: 'i-x' }, /field instanceId/],
    [{ query: 'open', next: 'AAAA' }, /field next/],
  ])('for a report %j is answered with the field that is wrong', async (query, message) => {
    await expect(scene.report(query)).rejects.toThrow(message);
  });
});

describe('a node that lies', () => {
  const line = (fields: Readonly<Record<string, unknown>>): string => {
    const times = { startedAt: '2026-01-01T00:00:00Z', endedAt: '2026-01-01T00:00:01Z' };
    return JSON.stringify({
      v: 2,
      remediation: 'pause-image',
      action: 'check',
      outcome: 'Healthy',
      title: 'fine',
      ...times,
      ...fields,
    });
  };
  const healthy = line({});
  /** A node that a check finds healthy has no result row, so these report something else. */
  const broken = (fields: Readonly<Record<string, unknown>> = {}): string =>
    line({ outcome: 'Broken', reason: 'SandboxImageMissing', ...fields });
  const cases: readonly (readonly [string, string, string, RegExp])[] = [
    [
      'shell metacharacters',
      line({
        outcome: 'Unsupported',
        reason: 'MadeUp',
        detail: '$(reboot) `id` {{ x }} {image} ; rm -rf / \u0000\u001b[31m',
      }),
      'Unsupported',
      /^The node reported "fine": \$\(reboot\) `id` \{\{ x \}\} \{image\} ; rm -rf \/ \[31m\.$/,
    ],
    ['nothing at all', '', 'Unknown', /no result line/],
    ['no JSON', '{"v":2,', 'Unknown', /not JSON/],
    [
      'a line that was cut',
      line({ detail: 'x'.repeat(290) })
        .padEnd(3000, ' ')
        .slice(0, 300),
      'Unknown',
      /not JSON/,
    ],
    ['three megabytes', `${'A'.repeat(3 * MEBIBYTE)}\n${healthy}`, 'Unknown', /no result line/],
    ['a second line that says otherwise', `${broken()}\n${healthy}`, 'Broken', /sandbox image/],
    ['a result in stderr', `\n----------ERROR-------\n${healthy}`, 'Unknown', /no result line/],
    [
      'the result of a repair',
      line({ action: 'repair', outcome: 'Repaired' }),
      'Unknown',
      /answers for pause-image repair/,
    ],
    ['a repair that a check cannot do', line({ outcome: 'Repaired' }), 'Unknown', /a check cannot end Repaired/],
    ['an unknown outcome', line({ outcome: 'Root' }), 'Unknown', /field outcome/],
    ['fields of its own', line({ instanceId: 'i-0aaaaaaaaaaaaaaaa', __proto__x: 1 }), 'Unknown', /Unrecognized key/],
    ['another prototype', healthy.replace('{', '{"__proto__":{"outcome":"Repaired"},'), 'Unknown', /./],
    [
      'a clock of the year 9999',
      broken({ outcome: 'Unsupported', startedAt: '9999-12-31T23:59:59Z', endedAt: '9999-12-31T23:59:59Z' }),
      'Unsupported',
      /sandbox image/,
    ],
  ];

  it('affects its own result and no other node', async () => {
    const nodes = cases.map(([, stdout]): LabNode => {
      const node = oneNode('hostile');
      const liar: LabNode = {
        ...node,
        run: async (_document, signal) => {
          await scene.clock.sleep(1000);
          signal.throwIfAborted();
          return { statusDetails: 'Success', exitCode: 0, stdout, stderr: '' };
        },
      };
      scene.lab.nodes.add(liar);
      return liar;
    });
    const { runId } = await scene.start({
      action: 'check',
      cluster: 'hostile',
      remediation: 'pause-image',
      reason: 'x',
    });
    await scene.drain();
    const results = new Map((await scene.resultsOf(runId)).map((r) => [r.instanceId, r]));
    const end = scene.lab.now();
    for (const [i, [name, , outcome, message]] of cases.entries()) {
      const row = results.get(nodes[i]?.instanceId ?? '');
      expect([name, row?.outcome, row?.message]).toEqual([name, outcome, expect.stringMatching(message)]);
      expect(Date.parse(row?.endedAt ?? ''), name).toBeLessThanOrEqual(end);
      expect(Date.parse(row?.endedAt ?? ''), name).toBeGreaterThan(end - 60 * MINUTE_MS);
    }
  });

  it('about its tags is skipped', async () => {
    const tags = {
      'fleetmend:mode': '"; repair #',
      'eks:nodegroup-name': '$(reboot)',
      [`k${'y'.repeat(120)}`]: '\u0000\u202e',
    };
    const node = oneNode('hostile', { faultOf: () => REPAIRABLE, tags });
    await scene.logFault(node);
    await scene.drain();
    expect(node.runs).toEqual([]);
    expect(await scene.history(node.instanceId)).toMatchObject([{ outcome: 'Skipped', skipReason: 'OptedOut' }]);
  });
});
