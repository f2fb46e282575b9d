import { describe, expect, it } from 'vitest';
import { CLUSTER, clusterStatus, NODES, need, nodeStatus, page } from '../../test/support/cli-answers.ts';
import { CLI_FILES, CLI_NOW, runCli } from '../../test/support/cli-world.ts';

const [node, other] = NODES;
const NO_COLOR = { env: { NO_COLOR: '1' } };
const troubled = page(
  clusterStatus(),
  clusterStatus({
    cluster: 'batch',
    mode: 'observe',
    nodes: undefined,
    broken: 0,
    unknown: 0,
    unreachable: 0,
    waiting: 0,
    inFlight: 0,
    sweeps: { isOn: true, everyMinutes: 30, isLate: true },
  }),
  need(),
  need({
    need: 'SweepsLate',
    severity: 'warning',
    cluster: 'batch',
    remediation: undefined,
    message: 'no sweep has ended for 90 min',
    command: 'fleetmend doctor',
  }),
);

describe('fleetmend without a command', () => {
  it('shows the clusters and what needs a person, in 80 columns, and ends with 1', async () => {
    const { code, stdout, calls } = await runCli({ answer: () => troubled, env: { AWS_REGION: 'cn-north-1' } });
    expect(calls[0]).toMatchObject({ to: 'audit-query:look', payload: { query: 'status' } });
    expect(stdout).toBe(
      [
        'stack fleetmend · cn-north-1 · context default',
        '',
        'CLUSTER  MODE     NODES  BROKEN  UNKNOWN  WAITING  REPAIRING  LAST SWEEP',
        'shop     repair     412       6        3        5          1  4 min ago',
        'batch    observe      -       -        -        -          -  never (late)',
        '',
        'Needs a person',
        '  ✗ shop/pause-image  the circuit breaker is open until 03:31',
        '      fleetmend explain shop/pause-image',
        '  ! batch  no sweep has ended for 90 min',
        '      fleetmend doctor',
        '',
      ].join('\n'),
    );
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(code).toBe(1);
  });

  it('does not say that nothing needs a person where no sweep has looked yet', async () => {
    const sweeps = { isOn: true, everyMinutes: 30, isLate: false };
    const unseen = clusterStatus({ broken: 0, outcomes: {}, nodes: undefined, sweeps });
    const { stdout } = await runCli({ answer: () => page(unseen) });
    expect(stdout).toContain(
      `Nothing is known to need a person. No sweep of ${CLUSTER} has ended yet; to look now:\n      fleetmend check -c ${CLUSTER}\n`,
    );
  });

  it('shows the sweeps that new faults have brought forward', async () => {
    const at = new Date(Date.parse(CLI_NOW) + 240_000).toISOString();
    const early = [
      { runId: 'r-1-e1-a', nodegroup: 'workers-0', at },
      { runId: 'r-1-e1-b', nodegroup: '', at },
    ];
    const sweeps = { isOn: true, everyMinutes: 30, isLate: false, early };
    const { stdout } = await runCli({ answer: () => page(clusterStatus({ sweeps })) });
    expect(stdout).toContain(
      'Sweeps that new faults have brought forward\n  shop, node group workers-0: in 4 min\n  shop, nodes without a node group: in 4 min\n',
    );
  });

  it('shows each pause once, with its author, its end and its reason', async () => {
    const pause = { covers: 'repairs', by: 'mei', reason: 'network change', at: '2026-11-29T01:00:00.000Z' };
    const all = { ...pause, scope: 'all', covers: 'everything' };
    const own = { ...pause, scope: 'cluster', until: '2026-11-29T05:15:00.000Z' };
    const answer = () =>
      page(clusterStatus({ pauses: [all, own] }), clusterStatus({ cluster: 'batch', pauses: [all] }));
    const { stdout } = await runCli({ answer }, 'status', '--utc');
    expect(stdout).toContain(
      [
        'Paused',
        '  ! every cluster  everything, by mei: network change',
        '  ! shop  repairs, by mei until 2026-11-29 05:15:00Z: network change',
        '',
      ].join('\n'),
    );
  });

  it('points from the nodes of a cluster to one of them, and not to the same screen again', async () => {
    const unknown = need({ need: 'Unknown', severity: 'warning', command: `fleetmend status -c ${CLUSTER}` });
    const listed = await runCli(
      { answer: () => page(clusterStatus(), nodeStatus(node), unknown) },
      'status',
      '-c',
      CLUSTER,
    );
    expect(listed.stdout).toContain('      fleetmend explain NODE\n');
    const counted = await runCli({ answer: () => page(clusterStatus(), unknown) });
    expect(counted.stdout).toContain(`      fleetmend status -c ${CLUSTER}\n`);
  });

  it('ends with 0 where nothing is broken', async () => {
    const { code, stdout } = await runCli({ answer: () => page(clusterStatus({ broken: 0 })) });
    expect(stdout).toContain('Nothing needs a person.');
    expect(code).toBe(0);
  });

  it('lists the nodes of one cluster that do not work', async () => {
    const answer = () =>
      page(
        clusterStatus(),
        nodeStatus(node),
        nodeStatus(other, { outcome: 'Unreachable', reason: undefined, skipReason: 'NotManaged' }),
      );
    const { stdout } = await runCli({ answer, isTerminal: true, ...NO_COLOR }, '-c', CLUSTER);
    expect(stdout).toContain(`${node}  Broken       SandboxImageMissing  pause-image  -`);
    expect(stdout).toContain(`${other}  Unreachable  -                    pause-image  NotManaged`);
  });

  it('shows every context, and says what could not be read', async () => {
    const files = { [CLI_FILES.contexts]: JSON.stringify({ contexts: { eu: {}, china: { stack: 'fleet-cn' } } }) };
    const answer = () => page(clusterStatus({ unread: ['reading the queue failed'] }));
    const { stdout } = await runCli({ answer, files }, '--context', 'all');
    expect(stdout).toContain('stack fleetmend · context eu');
    expect(stdout).toContain('stack fleet-cn · context china');
    expect(stdout).toContain('! not read: reading the queue failed');
    const json = JSON.parse((await runCli({ answer, files }, 'status', '--context', 'all', '-o', 'json')).stdout);
    expect(json).toMatchObject({ v: 1, kind: 'StatusList', items: [{ context: 'eu' }, { context: 'china' }] });
  });

  it('writes CSV and names', async () => {
    const answer = () => page(clusterStatus(), nodeStatus(node), need());
    const csv = (await runCli({ answer }, 'status', '-o', 'csv')).stdout.split('\n');
    expect(csv[2]).toBe(`node-status,shop,${node},Broken,SandboxImageMissing,,The sandbox image is missing.,`);
    expect((await runCli({ answer }, 'status', '-o', 'name')).stdout).toBe(`shop\n${node}\nshop\n`);
  });

  it('is shown again and again with -w, until Ctrl-C', async () => {
    const { stderr, calls, code } = await runCli(
      { answer: () => troubled, isTerminal: true, ...NO_COLOR, interruptAtWait: 2 },
      'status',
      '-w',
    );
    expect(stderr.match(/^\[live\] stack fleetmend/gm)).toHaveLength(2);
    expect([calls.length, code]).toEqual([2, 0]);
    // As wide as the terminal, with times of one form, as the screen that is shown once.
    const message =
      'the breaker is open until 2026-11-29T03:31:37.154Z (first time), since run r-20261130T143019-a8c3 failed';
    const long = await runCli(
      { answer: () => page(clusterStatus(), need({ message })), isTerminal: true, ...NO_COLOR, interruptAtWait: 1 },
      ...['status', '-w', '--utc'],
    );
    expect(long.stderr).toContain('until 2026-11-29 03:31:37Z');
    for (const line of long.stderr.replaceAll('[live] ', '').split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect((await runCli({ answer: () => troubled }, 'status', '-w')).code).toBe(2);
  });

  it('is no answer to a wrong command or option', async () => {
    for (const argv of [['bogus'], ['--bogus'], ['status', 'shop']]) {
      const { code, calls, stderr } = await runCli({ answer: () => troubled }, ...argv);
      expect([argv, code, calls]).toEqual([argv, 2, []]);
      expect(stderr).toContain('error: ');
    }
    expect((await runCli({}, '--help')).stdout).toContain('Commands:');
    expect((await runCli({}, '--version')).stdout).toBe('0.0.0\n');
  });
});
