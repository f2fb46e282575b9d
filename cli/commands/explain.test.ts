import { describe, expect, it } from 'vitest';
import { CLUSTER, explained, explainedLane, NODES, page, RUN, runItem } from '../../test/support/cli-answers.ts';
import { runCli } from '../../test/support/cli-world.ts';

const asked = async (answer: object, ...args: readonly string[]) => {
  const ran = await runCli({ answer: () => answer }, 'explain', '--utc', ...args);
  return { ...ran, payload: ran.calls[0]?.payload };
};

describe('fleetmend explain', () => {
  it('explains a node, the verdict first', async () => {
    const { stdout, payload, code } = await asked(explained, 'node/ip-10-0-170-5', '-r', 'cni-files');
    expect(payload).toEqual({ query: 'explain', node: 'ip-10-0-170-5', remediation: 'cni-files', limit: 30 });
    expect(stdout).toBe(
      [
        `${NODES[2]}  ip-10-0-170-5  shop / workers-2  m6i.xlarge`,
        'Last seen  Broken  CNIConfigMissing',
        '',
        'Verdict  The node is broken, and fleetmend will not repair it.',
        '  Because  the policy does not allow disruptive repairs by cni-files on shop',
        '  Rule     policy.disruptive: clusters[name=shop].remediations.cni-files.allowDisruptive is false',
        '           (version 0.2.0, configuration 3f9c01d2a7b4, deployed 2026-11-20 09:00:00Z by ci@acme)',
        '  To act   allow it in the configuration, and deploy',
        '  Next     checked by the next sweep, 2026-11-29 03:41:00Z',
        '',
        'Guards',
        '  ✓ policy      mode repair',
        '  ✗ disruptive  not allowed',
        '  ✓ attempts    0 of 3 failed attempts in 24 h',
        '',
        'Other remediations',
        '  pause-image: It would be repaired if it were broken.',
        '',
        'Timeline',
        `  2026-11-29 03:12:09Z  checked      Broken: CNIConfigMissing  ${RUN}`,
        '',
      ].join('\n'),
    );
    expect(code).toBe(0);
  });

  it('says once what holds for every remediation of a node that nothing is asked for', async () => {
    const [node, , verdict, event] = explained.items;
    const text = 'Not known: the last check of the node ended as TimedOut.';
    const next = { what: 'the next sweep of the cluster', at: '2026-11-29T03:41:00.000Z' };
    const silent = { ...node, outcome: 'TimedOut', reason: 'ExecutionTimedOut', advice: 'look at its load', next };
    const others = [verdict, { ...verdict, remediation: 'cri-dockerd' }].map((some) => ({ ...some, text }));
    const waiting = { ...event, event: 'waiting', text: 'waits in shop/pause-image until 2026-11-29T03:20:01.627Z: X' };
    const { stdout } = await asked(page(silent, ...others, waiting), NODES[2]);
    expect(stdout.split('\n').slice(1)).toEqual([
      'Last seen  TimedOut  ExecutionTimedOut',
      '',
      `Verdict  ${text}`,
      '  To do    look at its load',
      '  Next     the next sweep of the cluster, 2026-11-29 03:41:00Z',
      '',
      'Timeline',
      `  2026-11-29 03:12:09Z  waiting      waits in shop/pause-image until 2026-11-29 03:20:01Z: X  ${RUN}`,
      '',
    ]);
  });

  it('explains a remediation of a cluster', async () => {
    const { stdout, payload } = await asked(explainedLane, `${CLUSTER}/pause-image`);
    expect(payload).toEqual({ query: 'explain', cluster: CLUSTER, remediation: 'pause-image', limit: 30 });
    expect(stdout).toContain('shop/pause-image  mode repair  5 waiting  0 queued');
    expect(stdout).toContain('  ✗ breaker     open, 1st time (until 2026-11-29 03:31:00Z)');
    expect(stdout).toContain(`  2026-11-29 03:12:09Z  ${NODES[0]}  ${RUN}  canary`);
    expect((await asked(explainedLane, '-c', CLUSTER)).payload).toEqual({
      query: 'explain',
      cluster: CLUSTER,
      limit: 30,
    });
  });

  it('explains a run', async () => {
    const { counts, ...rest } = runItem({ kind: 'explained-run', counts: { Repaired: 1 }, text: 'It has ended.' });
    const answer = page({
      ...rest,
      counts: { Repaired: 1 },
      next: { what: 'nothing' },
      toAct: ['look', 'fleetmend run x'],
    });
    const { stdout, payload } = await asked(answer, RUN);
    expect(payload).toMatchObject({ runId: RUN });
    expect(stdout).toContain(
      'Verdict  It has ended.\n  Because  operator  mei\n  Results  1 Repaired; 0 pending, 0 in flight',
    );
    expect(stdout).toContain('  To act   look\n      fleetmend run x\n  Next     nothing\n');
  });

  it('writes JSON and names, and needs a subject', async () => {
    const json = JSON.parse((await asked(explained, 'i-0d3a…91c7', '-o', 'json')).stdout);
    expect(json).toMatchObject({
      v: 1,
      kind: 'Explanation',
      items: [{ kind: 'explained-node' }, {}, {}, { kind: 'event' }],
    });
    expect((await asked(explainedLane, `${CLUSTER}/pause-image`, '-o', 'name')).stdout).toBe('shop/pause-image\n');
    const { code, stderr, payload } = await asked(explained);
    expect([code, payload]).toEqual([2, undefined]);
    expect(stderr).toContain('name a node, CLUSTER/REMEDIATION or a run');
  });
});
