import { describe, expect, it } from 'vitest';
import {
  CLUSTER,
  NODES,
  nodesItem,
  page,
  RUN,
  refused,
  resultItem,
  runItem,
  started,
} from '../../test/support/cli-answers.ts';
import { runCli, stackOf } from '../../test/support/cli-world.ts';

const [broken, second, third] = NODES;
const over = page(runItem(), nodesItem('healthy', second, third), resultItem(broken));
const request = () => refused('there is no request');
const checked = stackOf({ check: () => started(), run: () => over, request });
const args = ['check', '-c', CLUSTER];

describe('fleetmend check', () => {
  it('starts a check by the alias that may, with an id of its own, and shows the broken nodes and what to do next', async () => {
    const { code, stdout, stderr, calls } = await runCli({ answer: checked }, ...args);
    expect(calls[0]).toEqual({
      stack: 'fleetmend',
      to: 'operator-api:stop',
      payload: { action: 'check', cluster: CLUSTER, requestedBy: 'mei@laptop', requestId: 'cli-id-1' },
    });
    expect(stdout).toBe(
      [
        'NODE                 OUTCOME  REASON               REMEDIATION  METHOD   TOOK',
        'i-07454f83100000000  Broken   SandboxImageMissing  pause-image  ecr     2.1 s',
        '✗ node-check on shop in 0 s: 1 Broken, 2 Healthy',
        'Where the policy lets it, fleetmend repairs 1 node by itself (pause-image).',
        'To repair now: fleetmend repair -c shop --broken',
        '',
      ].join('\n'),
    );
    expect(stderr).toContain(`Run ${RUN}  node-check on shop  3 nodes\n`);
    expect(code).toBe(1);
  });

  it('promises no repair that the policy forbids', async () => {
    const decision = { remediation: 'pause-image', skipReason: 'NotAllowed', message: 'no repair: x is false' };
    const decisions = [{ ...decision, setting: 'x', value: false, configuration: 'c', version: 'v' }];
    const end = async (...results: readonly object[]) => {
      const run = () => page(runItem(), ...results);
      return (await runCli({ answer: stackOf({ check: () => started(), run, request }) }, ...args)).stdout;
    };
    const forbidden = await end(resultItem(broken, { decisions }));
    expect(forbidden).toContain(`The policy does not let fleetmend repair 1 node: fleetmend explain ${broken}\n`);
    expect(forbidden).not.toContain('by itself');
    const both = await end(resultItem(broken, { decisions }), resultItem(second));
    expect(both).toContain('fleetmend repairs 1 node by itself (pause-image).\n');
    expect(both).toContain('does not let fleetmend repair 1 node');
  });

  it('ends with 0 where every node is healthy', async () => {
    const answer = stackOf({
      check: () => started(),
      run: () => page(runItem(), nodesItem('healthy', ...NODES)),
      request,
    });
    const { code, stdout } = await runCli({ answer }, ...args);
    expect(stdout).toBe('No node needs attention.\n✓ node-check on shop in 0 s: 3 Healthy\n');
    expect(code).toBe(0);
  });

  it('shows each node as it answers, and goes on until the run has ended', async () => {
    const pages = [
      refused('there is no run'),
      page(
        runItem({ status: 'active', end: undefined }),
        nodesItem('healthy', second),
        nodesItem('open', broken, third),
      ),
      page(
        runItem({ status: 'active', end: undefined }),
        nodesItem('healthy', second),
        nodesItem('open', third),
        resultItem(broken),
      ),
      over,
    ];
    let asked = 0;
    const answer = stackOf({ check: () => started(), run: () => pages[asked++], request });
    const { stderr, code } = await runCli({ answer, isTerminal: true, env: { NO_COLOR: '1' } }, ...args);
    expect(stderr.replaceAll(/[█░]+/g, '#')).toBe(
      [
        `Run ${RUN}  node-check on shop  3 nodes`,
        '[live] #  0/3   00:00',
        '  waiting for the first answer',
        '  Ctrl-C stops watching, not the run',
        '[live] #  1/3   00:01',
        '  1 Healthy',
        `  waiting for ${broken} ${third}`,
        '  Ctrl-C stops watching, not the run',
        `  ✗ ${broken}  Broken  SandboxImageMissing  ecr  2.1 s`,
        '[live] #  2/3   00:02',
        '  1 Broken, 1 Healthy',
        `  waiting for ${third}`,
        '  Ctrl-C stops watching, not the run',
        '[live] #  3/3   00:03',
        '  1 Broken, 2 Healthy',
        '  Ctrl-C stops watching, not the run',
        '',
      ].join('\n'),
    );
    expect(code).toBe(1);
  });

  it('stops watching at Ctrl-C, says that the run goes on, and shows what is there', async () => {
    const answer = stackOf({
      check: () => started(),
      run: () => page(runItem({ status: 'active', end: undefined }), nodesItem('open', ...NODES)),
      request,
    });
    const { code, stderr, stdout } = await runCli({ answer, interruptAtWait: 2 }, ...args);
    expect(code).toBe(130);
    expect(stderr).toContain(`Stopped watching; the run goes on.\nTo watch it again:\n  fleetmend run ${RUN} -w\n`);
    expect(stdout).toContain('no results, 3 nodes without a result');
  });

  it('names the request at Ctrl-C before the stack has answered', async () => {
    const { code, stderr } = await runCli({ answer: () => new Promise(() => {}), interruptAtCall: 1 }, ...args);
    expect(code).toBe(130);
    expect(stderr).toContain('the request may have started. To cancel it:\n  fleetmend cancel cli-id-1 --request');
  });

  it('ends with 5 after --timeout', async () => {
    const answer = stackOf({
      check: () => started(),
      run: () => page(runItem({ status: 'active', end: undefined }), nodesItem('open', ...NODES)),
      request,
    });
    const { code, stderr } = await runCli({ answer }, ...args, '--timeout', '2m');
    expect(code).toBe(5);
    expect(stderr).toContain('The waiting ended; the run goes on.');
    expect(stderr).toMatch(/^0 of 3 nodes answered after 1\d s: waiting for the first answer$/m);
  });

  it('does not wait for a run that is held back, and ends with 3', async () => {
    const answer = stackOf({ check: () => started({ held: 'paused by ops' }) });
    const { code, stderr, calls } = await runCli({ answer }, ...args);
    expect(code).toBe(3);
    expect(stderr).toContain('Held back: paused by ops. It starts by itself');
    expect(calls).toHaveLength(1);
  });

  it('says what would happen for --dry-run, by the alias that may only look', async () => {
    const skipped = [{ instanceId: third, skipReason: 'NotManaged', message: 'SSM does not manage it' }];
    const answer = stackOf({ check: () => ({ ok: true, dryRun: true, planned: 2, skipped }) });
    const { code, stdout, calls } = await runCli({ answer }, ...args, '--dry-run');
    expect(calls.map(({ to }) => to)).toEqual(['operator-api:look']);
    expect(stdout).toBe(
      `Plan  node-check on shop\n  ✓ check 2 nodes\n  – skip  ${third}  NotManaged: SSM does not manage it\n`,
    );
    expect(code).toBe(0);
  });

  it('watches all runs of a large request, also those that do not exist yet', async () => {
    let asked = 0;
    const answer = stackOf({
      check: () => started({ runs: [RUN, `${RUN}.2`] }),
      run: ({ runId }) => {
        asked++;
        if (runId === RUN) return page(runItem(), nodesItem('healthy', second));
        return asked < 4 ? refused('there is no run') : page(runItem({ runId }), nodesItem('healthy', third));
      },
      request,
    });
    const { stdout } = await runCli({ answer }, ...args);
    expect(stdout).toContain('2 Healthy');
  });

  it('checks nodes by any of their names, which the stack finds', async () => {
    const explain = ({ node }: { node?: unknown }) =>
      node === 'ip-10-0-0-1'
        ? page({ kind: 'explained-node', instanceId: second })
        : refused('field node: no node', { field: 'node' });
    const answer = stackOf({ check: () => started(), run: () => over, request, explain });
    const names = [`aws:///eu-west-1a/${broken}`, 'node/ip-10-0-0-1', broken];
    const { calls } = await runCli({ answer }, 'check', ...names, '-c', CLUSTER);
    expect(calls.find(({ to }) => to === 'operator-api:stop')?.payload.instanceIds).toEqual([broken, second]);
    const wrong = await runCli({ answer }, 'check', 'ip-10-9-9-9', '-c', CLUSTER);
    expect([wrong.code, wrong.stderr]).toEqual([3, 'fleetmend: NODE: no node\n']);
  });
});
