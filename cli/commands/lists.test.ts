import { describe, expect, it } from 'vitest';
import { CLUSTER, NODES, nodesItem, page, RUN, refused, resultItem, runItem } from '../../test/support/cli-answers.ts';
import { CLI_FILES, runCli, stackOf } from '../../test/support/cli-world.ts';

const [node, second] = NODES;
const listed = stackOf({
  runs: () => ({
    ...page(runItem(), runItem({ runId: 'r-2', end: 'Stopped', stopped: { reason: 'Paused', at: 'x' } })),
    next: 'more',
  }),
});
const RUNS = ['runs', '-c', CLUSTER, '--utc'];

describe('fleetmend runs', () => {
  it('lists runs in 80 columns, and says that there are more', async () => {
    const { code, stdout, calls } = await runCli({ answer: listed }, ...RUNS, '--since', '24h', '--limit', '2');
    expect(calls[0]).toEqual({
      stack: 'fleetmend',
      to: 'audit-query:look',
      payload: { query: 'runs', cluster: CLUSTER, since: '2026-11-28T03:16:00.000Z', limit: 2 },
    });
    expect(stdout).toMatchInlineSnapshot(`
      "RUN             STARTED    WHAT        STATE            RESULTS
      r-49f9db37e39e  4 min ago  node-check  Done             1 Broken, 2 Healthy
      r-2             4 min ago  node-check  Stopped: Paused  1 Broken, 2 Healthy
      There are more: give a larger --limit, or a shorter time.
      "
    `);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(code).toBe(0);
  });

  it('says what a repair did in a word, where there is no room for more', async () => {
    const over = { runId: 'r-20261129T031209-5a00000000', remediation: 'ecr-credentials', action: 'repair' } as const;
    const answer = stackOf({ runs: () => page(runItem(over), runItem({ ...over, action: 'check' })) });
    const { stdout } = await runCli({ answer }, ...RUNS);
    expect(stdout).toContain('  ecr-credentials  ');
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect((await runCli({ answer }, ...RUNS, '-o', 'csv')).stdout).toContain(',ecr-credentials repair,');
  });

  it('cuts nothing in -o wide', async () => {
    const { stdout } = await runCli({ answer: listed, columns: 60 }, ...RUNS, '-o', 'wide');
    expect(stdout).toContain('IN FLIGHT');
    expect(stdout).not.toContain('…');
  });

  it('writes one document of JSON, a line for each item, names, or CSV', async () => {
    const json = JSON.parse((await runCli({ answer: listed }, ...RUNS, '-o', 'json')).stdout);
    expect(json).toMatchObject({ v: 1, kind: 'RunList', items: [{ runId: RUN }, { runId: 'r-2' }], next: 'more' });
    const lines = (await runCli({ answer: listed }, ...RUNS, '-o', 'jsonl')).stdout.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).runId)).toEqual([RUN, 'r-2']);
    expect((await runCli({ answer: listed }, ...RUNS, '-o', 'name')).stdout).toBe(`${RUN}\nr-2\n`);
    const csv = (await runCli({ answer: listed }, ...RUNS, '-o', 'csv')).stdout.split('\n');
    expect(csv[0]).toBe('RUN,AT,WHAT,STATE,RESULTS,BY,CLUSTER,WAITING,IN FLIGHT,REQUEST');
    expect(csv[1]).toBe(`${RUN},2026-11-29 03:12:00Z,node-check,Done,"1 Broken, 2 Healthy",mei,shop,0,0,${RUN}`);
  });

  it('lists the runs of every context, with the name of each', async () => {
    const files = {
      [CLI_FILES.contexts]: JSON.stringify({ contexts: { eu: { region: 'eu-west-1' }, china: { stack: 'fleet-cn' } } }),
    };
    const { stdout, calls } = await runCli({ answer: listed, files }, ...RUNS, '--context', 'all', '-o', 'json');
    expect(calls.map(({ stack }) => stack)).toEqual(['fleetmend', 'fleet-cn']);
    const { items, next } = JSON.parse(stdout);
    expect(items.map(({ context, runId }: { context: string; runId: string }) => `${context} ${runId}`)).toEqual([
      ...[`eu ${RUN}`, 'eu r-2', `china ${RUN}`, 'china r-2'],
    ]);
    expect(next).toBeNull();
  });

  const TWO = { [CLI_FILES.contexts]: JSON.stringify({ contexts: { eu: {}, china: { stack: 'fleet-cn' } } }) };
  const unknown = (...allowed: string[]) =>
    refused('field cluster: shop is not in the policy', { field: 'cluster', allowed });

  it.each([['runs'], ['actions'], ['status']])(
    'asks every context, and shows those that know the cluster: %s',
    async (name) => {
      const one = await runCli(
        { answer: (call) => (call.stack === 'fleetmend' ? unknown('batch') : page()), files: TWO },
        ...[name, '-c', CLUSTER, '--context', 'all'],
      );
      expect([one.code, one.stderr]).toEqual([0, '']);
      const none = await runCli(
        { answer: ({ stack }) => unknown(stack === 'fleetmend' ? 'batch' : 'shop-bj'), files: TWO },
        ...[name, '-c', CLUSTER, '--context', 'all'],
      );
      expect(none.stderr).toContain('--cluster: no context knows this cluster; they list: batch, shop-bj');
      expect(none.code).toBe(2);
    },
  );

  it('fails where a context fails for another reason', async () => {
    const { code, stderr } = await runCli(
      {
        answer: ({ stack }) => (stack === 'fleetmend' ? page() : refused('field since: no time', { field: 'since' })),
        files: TWO,
      },
      ...[...RUNS, '--context', 'all'],
    );
    expect([code, stderr]).toEqual([3, 'fleetmend: --since: no time\n']);
  });

  it('shows the clusters of the policy for one that nobody knows', async () => {
    const { code, stdout, stderr } = await runCli({ answer: () => unknown('batch') }, ...RUNS);
    expect([code, stdout, stderr]).toEqual([3, '', 'fleetmend: --cluster: shop is not in the policy\n']);
  });

  it('says so where there is none', async () => {
    const { stdout } = await runCli({ answer: () => page() }, ...RUNS);
    expect(stdout).toBe('There are no runs of shop in this time.\n');
  });
});

describe('fleetmend run', () => {
  const answer = stackOf({
    run: ({ runId }) =>
      runId === RUN ? page(runItem(), nodesItem('healthy', second), resultItem(node)) : refused('no such run'),
    request: () => refused('no request'),
  });

  it('shows the results of a run, and ends with 1 where a node is broken', async () => {
    const { code, stdout } = await runCli({ answer }, 'run', RUN);
    expect(stdout).toContain(`${node}  Broken   SandboxImageMissing`);
    expect(stdout).toContain(`✗ node-check on shop (${RUN} Done): 1 Broken, 1 Healthy`);
    expect(code).toBe(1);
  });

  it('shows the results with one outcome, and refuses an unknown one with those that there are', async () => {
    const { stdout } = await runCli({ answer }, 'run', RUN, '--outcome', 'Unknown');
    expect(stdout).toContain('No node needs attention.');
    const wrong = await runCli({ answer }, 'run', RUN, '--outcome', 'broken', '-o', 'json');
    expect(wrong.code).toBe(2);
    expect(JSON.parse(wrong.stderr)).toMatchObject({ field: '--outcome', allowed: expect.arrayContaining(['Broken']) });
  });

  it('refuses an unknown run', async () => {
    const { code, stderr } = await runCli({ answer }, 'run', 'r-none');
    expect([code, stderr]).toEqual([3, 'fleetmend: RUN: there is no run r-none\n  list the runs: fleetmend runs\n']);
  });
});

describe('fleetmend node', () => {
  const state = {
    kind: 'node',
    instanceId: node,
    cluster: CLUSTER,
    remediation: 'pause-image',
    attempts: {},
    quarantinedAt: '2026-11-29T01:00:00Z',
    quarantineAdvice: 'fix the role',
  };
  const answer = stackOf({ node: () => page(state, resultItem(node, { message: 'a\u001b[31mred' })) });

  it('shows the state, then the history', async () => {
    const { stdout, calls } = await runCli({ answer }, 'node', `aws:///eu-west-1a/${node}`, '--utc');
    expect(calls[0]?.payload).toEqual({ query: 'node', instanceId: node, limit: 20 });
    expect(stdout).toContain('pause-image  0 attempts  quarantined since 2026-11-29 01:00:00Z: fix the role');
    expect(stdout).toContain(`11-29 03:12:09Z  check  Broken   SandboxImageMissing  ${RUN}`);
  });

  it('shows the ways out of a quarantine, the decisions of policy, and the next look at a node without an answer', async () => {
    const decided = { ...{ remediation: 'cni-files', skipReason: 'NotAllowed', message: 'no repair: x is false' } };
    const decisions = [{ ...decided, setting: 'x', value: false, configuration: 'c', version: 'v' }];
    const nextLook = { what: 'the next sweep of the cluster', by: '2026-11-29T03:41:00.000Z' };
    const silent = resultItem(node, { outcome: 'Unreachable', advice: 'look at the agent', nextLook, decisions });
    const one = stackOf({ node: () => page(state, silent) });
    const { stdout } = await runCli({ answer: one }, 'node', node, '--utc');
    for (const line of [
      `      aws autoscaling terminate-instance-in-auto-scaling-group --instance-id ${node} --no-should-decrement-desired-capacity`,
      `      or: fleetmend release ${node} -c ${CLUSTER} --remediation pause-image --reason "cause removed"`,
      'Decided  no repair: x is false',
      'To do    look at the agent',
      'Next     the next sweep of the cluster, by 2026-11-29 03:41:00Z',
      `Why      fleetmend explain ${node}`,
    ])
      expect(stdout.split('\n')).toContain(line);
    // The run is what a person goes on with, and the reason why: neither is cut for the name of the remediation.
    expect(stdout).toMatch(/decision .* Skipped +NotAllowed/);
    expect(JSON.parse((await runCli({ answer: one }, 'node', node, '-o', 'json')).stdout).items).toHaveLength(2);
  });

  it('shows no control character of a node, in any form', async () => {
    for (const form of ['table', 'wide', 'json', 'jsonl', 'csv', 'name']) {
      const { stdout } = await runCli({ answer }, 'node', node, '-o', form);
      expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
    const { items } = JSON.parse((await runCli({ answer }, 'node', node, '-o', 'json')).stdout);
    expect(items[1].message).toBe('a\u001b[31mred');
  });
});

describe('fleetmend actions', () => {
  const item = {
    ...{
      kind: 'action',
      event: 'refused',
      at: '2026-11-29T03:00:00Z',
      action: 'pause',
      way: 'stop',
      lambdaRequestId: 'x-1',
    },
    ...{ author: { kind: 'claimed', name: 'mei' }, error: { message: 'no such cluster' } },
  };

  it('keeps to 80 columns, and names the cluster where the command does not', async () => {
    const author = {
      kind: 'verified',
      arn: 'arn:aws:sts::123456789012:assumed-role/Ops/mei',
      userId: 'A',
      account: '1',
    };
    const request = { reason: 'INC-1042 pods hang on many nodes' };
    const long = { ...item, author, request, error: undefined, event: 'answered', action: 'test-notice', dryRun: true };
    const answer = () => page({ ...long, cluster: CLUSTER });
    for (const args of [
      ['-c', CLUSTER],
      ['--day', '2026-11-29'],
    ]) {
      const { stdout } = await runCli({ answer }, 'actions', ...args);
      for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
      expect(stdout.includes('CLUSTER')).toBe(args[0] !== '-c');
    }
  });

  it('lists requests, refused ones too', async () => {
    const { stdout, calls } = await runCli({ answer: () => page(item) }, 'actions', '--day', '2026-11-29', '--utc');
    expect(calls[0]?.payload).toEqual({ query: 'actions', day: '2026-11-29', limit: 20 });
    expect(stdout).toContain('2026-11-29 03:00:00Z  pause   refused');
    const own = await runCli({ answer: () => page() }, 'actions', '-c', CLUSTER);
    expect(own.calls[0]?.payload).toEqual({ query: 'actions', cluster: CLUSTER, limit: 20 });
  });
});
