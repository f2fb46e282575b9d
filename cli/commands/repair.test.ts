import { describe, expect, it } from 'vitest';
import {
  CLUSTER,
  explainedLane,
  NODES,
  nodeStatus,
  page,
  RUN,
  refused,
  resultItem,
  runItem,
  started,
} from '../../test/support/cli-answers.ts';
import { type CliCall, runCli, stackOf } from '../../test/support/cli-world.ts';

const [first, second, third] = NODES;
const WHY = ['--reason', 'INC-1042'];
const request = () => refused('there is no request');
const repaired = (instanceId: string, over: object = {}) =>
  resultItem(instanceId, {
    remediation: 'pause-image',
    action: 'repair',
    outcome: 'Repaired',
    findings: undefined,
    ...over,
  });
const plan = (over: object = {}) => ({ ok: true, dryRun: true, planned: 1, skipped: [], ...over });
const stack = (over: Parameters<typeof stackOf>[0] = {}) =>
  stackOf({
    repair: ({ dryRun }) => (dryRun === true ? plan() : started({ planned: 1 })),
    run: () => page(runItem({ action: 'repair', remediation: 'pause-image' }), repaired(first)),
    request,
    status: () => page(nodeStatus(first)),
    ...over,
  });
const ARGS = ['repair', first, '-c', CLUSTER, '-r', 'pause-image', ...WHY];
const acted = (calls: readonly CliCall[]) =>
  calls.filter(({ to }) => to === 'operator-api:act').map(({ payload }) => payload);

describe('fleetmend repair', () => {
  it('shows the plan, asks, repairs, and shows each node', async () => {
    const args = ['repair', first, '-c', CLUSTER, '-r', 'pause-image', ...WHY];
    const { code, stdout, stderr, questions, calls } = await runCli(
      { answer: stack(), isTerminal: true, env: { NO_COLOR: '1' }, replies: ['y'] },
      ...args,
    );
    expect(questions).toEqual([`Repair 1 node of ${CLUSTER}? [y/N] `]);
    expect(stderr).toContain(`Plan  pause-image on shop\n  ✓ repair 1 node  ${first}\n`);
    expect(stderr).toContain(`  ✓ ${first}  Repaired  SandboxImageMissing  ecr  2.1 s\n`);
    expect(stdout).toContain('✓ pause-image on shop in 0 s: 1 Repaired\n');
    const payload = { action: 'repair', cluster: CLUSTER, remediation: 'pause-image', instanceIds: [first] };
    expect(calls.map(({ to }) => to).slice(0, 3)).toEqual([
      ...['operator-api:look', 'audit-query:look', 'operator-api:act'],
    ]);
    expect(acted(calls)).toEqual([
      { ...payload, reason: 'INC-1042', requestedBy: 'mei@laptop', requestId: 'cli-id-1' },
    ]);
    expect(code).toBe(0);
  });

  it('shows before it asks how the repair goes: how many nodes at once, whether it restarts something, the document', async () => {
    const guard = (name: string, text: string) => ({ guard: name, passes: true, text });
    const [lane] = explainedLane.items;
    const explains = (...guards: readonly object[]) => ({
      explain: () => page({ ...lane, document: 'fleetmend-pause-image-repair-dc3c1c1ea07c', guards }),
    });
    const shownBy = async (...guards: readonly object[]) => {
      const ran = await runCli({ answer: stack(explains(...guards)), isTerminal: true, replies: ['n'] }, ...ARGS);
      return ran.stderr;
    };
    const canaries = guard('canaries', 'slow start: one canary at a time');
    expect(await shownBy(canaries, guard('budget', '0 of at most 41 nodes of the cluster under repair'))).toContain(
      [
        '  Order     slow start: one canary at a time; 0 of at most 41 nodes of the',
        '      cluster under repair',
        '  Restarts  nothing',
        '  Document  fleetmend-pause-image-repair-dc3c1c1ea07c',
      ].join('\n'),
    );
    expect(await shownBy(guard('disruptive', 'allowed'))).toContain(
      '  Restarts  something on the node, where the fault',
    );
  });

  it.each([[['n']], [['']], [[]]])('changes nothing where the person answers %j', async (replies) => {
    const { code, stderr, calls } = await runCli(
      { answer: stack(), isTerminal: true, replies },
      ...['repair', first, '-c', CLUSTER, '-r', 'pause-image', ...WHY],
    );
    expect(acted(calls)).toEqual([]);
    expect(code).toBe(replies.length === 0 ? 2 : 3);
    expect(stderr).toContain(replies.length === 0 ? '--yes' : 'you did not agree');
  });

  it('needs --yes and --reason without a terminal', async () => {
    const args = ['repair', first, '-c', CLUSTER, '-r', 'pause-image'];
    const noReason = await runCli({ answer: stack() }, ...args, '--yes');
    expect([noReason.code, noReason.calls]).toEqual([2, []]);
    expect(noReason.stderr).toContain('--reason: say why');
    const noYes = await runCli({ answer: stack() }, ...args, ...WHY);
    expect([noYes.code, acted(noYes.calls)]).toEqual([2, []]);
    expect(noYes.stderr).toContain('add --yes');
  });

  it('repairs the nodes that are broken now, by the remediation that each needs', async () => {
    const answer = stack({
      status: () =>
        page(
          nodeStatus(first),
          nodeStatus(second, { remediation: 'cni-files', outcome: 'NotRepaired' }),
          nodeStatus(third, { outcome: 'Unreachable', remediation: 'node-check' }),
        ),
    });
    const { calls } = await runCli({ answer }, 'repair', '-c', CLUSTER, '--broken', '--yes', ...WHY);
    expect(acted(calls).map(({ remediation, instanceIds }) => [remediation, instanceIds])).toEqual([
      ['pause-image', [first]],
      ['cni-files', [second]],
    ]);
  });

  it('says so where no node is broken', async () => {
    const { code, stderr } = await runCli(
      { answer: stack({ status: () => page() }) },
      'repair',
      '-c',
      CLUSTER,
      '--broken',
      '--yes',
      ...WHY,
    );
    expect(code).toBe(0);
    expect(stderr).toContain('To look again: fleetmend check -c shop');
  });

  it('finds the remediation of a named node by its fault, and refuses a node without one', async () => {
    const found = await runCli({ answer: stack() }, 'repair', first, '-c', CLUSTER, '--yes', ...WHY);
    expect(acted(found.calls)[0]).toMatchObject({ remediation: 'pause-image', instanceIds: [first] });
    const none = await runCli({ answer: stack() }, 'repair', second, '-c', CLUSTER, '--yes', ...WHY);
    expect(none.code).toBe(2);
    expect(none.stderr).toContain(`--remediation: no check has found a fault on ${second}`);
  });

  it('asks for nothing where every node would be skipped', async () => {
    const skipped = [{ instanceId: first, skipReason: 'OptedOut', message: 'tag fleetmend:mode=observe' }];
    const answer = stack({ repair: () => plan({ planned: 0, skipped }) });
    const { code, stderr, calls } = await runCli(
      { answer },
      'repair',
      first,
      '-c',
      CLUSTER,
      '-r',
      'pause-image',
      '--yes',
      ...WHY,
    );
    expect([code, acted(calls)]).toEqual([3, []]);
    expect(stderr).toContain('OptedOut: tag fleetmend:mode=observe');
  });

  it.each([
    [[], 'say which nodes'],
    [[first, '--broken'], 'say which nodes'],
    [['--all'], 'name the remediation that goes over the whole cluster'],
  ])('refuses the nodes %j', async (args, problem) => {
    const { code, stderr, calls } = await runCli(
      { answer: stack() },
      'repair',
      '-c',
      CLUSTER,
      '--yes',
      ...WHY,
      ...args,
    );
    expect({ code, calls }).toEqual({ code: 2, calls: [] });
    expect(stderr).toContain(problem);
  });

  it('repairs a whole cluster with --all and -r', async () => {
    const { calls } = await runCli(
      { answer: stack() },
      'repair',
      '-c',
      CLUSTER,
      '--all',
      '-r',
      'pause-image',
      '--yes',
      ...WHY,
    );
    expect(acted(calls)[0]).toEqual({
      ...{ action: 'repair', cluster: CLUSTER, remediation: 'pause-image', reason: 'INC-1042' },
      ...{ requestedBy: 'mei@laptop', requestId: 'cli-id-1' },
    });
  });

  it.each([
    [repaired(first, { outcome: 'NotRepaired' }), 1],
    [repaired(first, { outcome: 'Skipped', skipReason: 'Cancelled' }), 3],
    [repaired(first), 0],
  ])('ends with the code of the results', async (result, code) => {
    const answer = stack({ run: () => page(runItem({ action: 'repair' }), result) });
    const args = ['repair', first, '-c', CLUSTER, '-r', 'pause-image', '--yes', ...WHY];
    expect((await runCli({ answer }, ...args)).code).toBe(code);
  });

  it('shows why a run was stopped, and that a fault will come back', async () => {
    const answer = stack({
      run: () =>
        page(
          runItem({ action: 'repair', end: 'Stopped', stopped: { reason: 'BreakerOpen', at: '2026-11-29T03:16:00Z' } }),
          repaired(first, { willRecur: true }),
        ),
    });
    const { stderr, stdout, code } = await runCli(
      { answer },
      'repair',
      first,
      '-c',
      CLUSTER,
      '-r',
      'pause-image',
      '--yes',
      ...WHY,
    );
    expect(stderr).toContain(`${RUN} ended as Stopped (BreakerOpen)`);
    expect(stdout).toContain('! 1 node may break again');
    expect(code).toBe(3);
  });

  it('repeats a request by its id', async () => {
    const args = [
      'repair',
      first,
      '-c',
      CLUSTER,
      '-r',
      'pause-image',
      '--yes',
      '--no-wait',
      ...WHY,
      '--request-id',
      'INC-1042',
    ];
    const { calls, stdout, code } = await runCli({ answer: stack() }, ...args);
    expect(acted(calls)[0]).toMatchObject({ requestId: 'INC-1042' });
    expect(stdout).toBe(`Run ${RUN}: 1 node planned, 0 skipped\n`);
    expect(code).toBe(0);
  });
});
