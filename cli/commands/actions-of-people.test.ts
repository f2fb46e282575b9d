import { describe, expect, it } from 'vitest';
import { CLUSTER, NODES, RUN, refused } from '../../test/support/cli-answers.ts';
import { type CliWorldOptions, runCli, stackOf } from '../../test/support/cli-world.ts';

const [node, other] = NODES;
const WHY = ['--reason', 'network change'];
const IN_FLIGHT = [{ runId: RUN, key: '1', status: 'sent', instanceIds: [node] }];
const paused = {
  ok: true,
  scope: 'CLUSTER#shop',
  covers: 'repairs',
  state: 'paused',
  at: 'x',
  until: '2026-11-29T05:16:00.000Z',
  inFlight: IN_FLIGHT,
};
const answering = (answer: object): CliWorldOptions => ({ answer: () => answer });

describe('fleetmend pause', () => {
  it('pauses a cluster until an end, and names what is under way', async () => {
    const { code, stdout, calls } = await runCli(
      answering(paused),
      'pause',
      '-c',
      CLUSTER,
      '--for',
      '2h',
      '--utc',
      ...WHY,
    );
    expect(calls).toEqual([
      {
        stack: 'fleetmend',
        to: 'operator-api:stop',
        payload: {
          ...{ action: 'pause', cluster: CLUSTER, covers: 'repairs', until: '2026-11-29T05:16:00.000Z' },
          ...{ requestedBy: 'mei@laptop', reason: 'network change', dryRun: false },
        },
      },
    ]);
    expect(stdout).toBe(
      [
        '✓ shop paused until 2026-11-29 05:16:00Z (resumes by itself)',
        `  In flight: 1 command on ${node}, which ends by itself`,
        '  Checks go on; nodes that wait are kept.',
        '',
      ].join('\n'),
    );
    expect(code).toBe(0);
  });

  it('pauses every cluster only where it is asked to', async () => {
    const none = await runCli(answering(paused), 'pause', ...WHY);
    expect([none.code, none.calls]).toEqual([2, []]);
    expect(none.stderr).toContain('give -c CLUSTER, or set FLEETMEND_CLUSTER');
    const both = await runCli(answering(paused), 'pause', '--all', '-c', CLUSTER, ...WHY);
    expect([both.code, both.calls]).toEqual([2, []]);
    const all = await runCli(answering(paused), 'pause', '--all', '--everything', ...WHY);
    expect(all.calls[0]?.payload).toMatchObject({ covers: 'everything' });
    expect(all.calls[0]?.payload).not.toHaveProperty('cluster');
  });

  it('refuses a duration that is none', async () => {
    const { code, stderr } = await runCli(answering(paused), 'pause', '-c', CLUSTER, '--for', 'long', ...WHY);
    expect(code).toBe(2);
    expect(stderr).toBe('fleetmend: --for: "long" is no duration\n  give one such as 30m, 2h or 7d\n');
  });
});

describe('fleetmend resume', () => {
  it('says what still holds, and ends with 3', async () => {
    const held = { ok: true, scope: 'CLUSTER#shop', held: 'paused by dev@acme at 02:55: all stop' };
    const { code, stdout, calls } = await runCli(answering(held), 'resume', '-c', CLUSTER, ...WHY);
    expect(calls[0]?.to).toBe('operator-api:act');
    expect(stdout).toBe(
      '! shop stays paused: paused by dev@acme at 02:55: all stop\n  Lift that too: fleetmend resume --all\n',
    );
    expect(code).toBe(3);
  });

  it('asks before it resumes every cluster', async () => {
    const done = { ok: true, scope: 'ALL' };
    const no = await runCli({ ...answering(done), isTerminal: true, replies: ['n'] }, 'resume', '--all', ...WHY);
    expect([no.code, no.calls]).toEqual([3, []]);
    const yes = await runCli(answering(done), 'resume', '--all', '--yes', ...WHY);
    expect([yes.code, yes.calls.length]).toEqual([0, 1]);
  });
});

describe('fleetmend release, cancel', () => {
  it('releases nodes, and says which were not in quarantine', async () => {
    const answer = { ok: true, released: [node], notQuarantined: [other] };
    const { code, stdout, calls } = await runCli(answering(answer), 'release', node, other, '-c', CLUSTER, ...WHY);
    expect(calls[0]?.payload).toMatchObject({ action: 'release', cluster: CLUSTER, instanceIds: [node, other] });
    expect(stdout).toBe(`✓ ${node} released\n– ${other} is not in quarantine\n`);
    expect(code).toBe(0);
    const none = await runCli(
      answering({ ok: true, released: [], notQuarantined: [node] }),
      'release',
      node,
      '-c',
      CLUSTER,
      ...WHY,
    );
    expect(none.code).toBe(3);
  });

  it('cancels a request by a run, or by its own id', async () => {
    const answer = {
      ok: true,
      requestId: RUN,
      cancelled: true,
      runs: [{ runId: RUN, status: 'active' }],
      waiting: 2,
      inFlight: IN_FLIGHT,
    };
    const run = await runCli(answering(answer), 'cancel', RUN, ...WHY);
    expect(run.calls[0]).toMatchObject({
      to: 'operator-api:stop',
      payload: { action: 'cancel', runId: RUN, force: false },
    });
    expect(run.stdout).toBe(
      `✓ ${RUN} cancelled, with 1 run\n  In flight: 1 command on ${node}, which ends by itself\n  Waiting: 2 nodes of it\n`,
    );
    const request = await runCli(
      answering({ ...answer, cancelled: false }),
      'cancel',
      'INC-1',
      '--request',
      '--force',
      ...WHY,
    );
    expect(request.calls[0]?.payload).toMatchObject({ requestId: 'INC-1', force: true });
    expect(request.stdout).toContain('is over already');
    expect(request.code).toBe(3);
  });
});

describe('fleetmend replay, discard', () => {
  const letters = {
    kinds: { signal: 2, tick: 1 },
    left: [{ messageId: 'm-1', queue: 'q', kind: 'request', why: 'ask again' }],
  };

  it('sends dead letters back, and names those that stay', async () => {
    const answer = { ok: true, replayed: 2, dropped: 1, ...letters, stoppedBy: 'max', waiting: 5 };
    const { code, stdout, calls } = await runCli(answering(answer), 'replay', '--max', '3', '--yes');
    expect(calls[0]).toMatchObject({ to: 'operator-api:act', payload: { action: 'replay', max: 3 } });
    expect(stdout).toBe(
      [
        'Sent back 2 dead letters, and dropped 1 tick of the schedules: 2 signal, 1 tick',
        '  – m-1 stays on q (request): ask again',
        '  It stopped by max: 5 messages wait. Call it again.',
        '',
      ].join('\n'),
    );
    expect(code).toBe(1);
  });

  it('deletes dead letters only after a yes', async () => {
    const answer = { ok: true, discarded: 3, kinds: { tick: 3 } };
    const args = ['discard', '--queue', 'fleetmend-scheduler-dlq', ...WHY];
    const no = await runCli({ ...answering(answer), isTerminal: true, replies: ['no'] }, ...args);
    expect([no.code, no.calls]).toEqual([3, []]);
    const yes = await runCli(answering({ ...answer, notFound: ['m-9'] }), ...args, '--yes');
    expect(yes.stdout).toBe('Deleted 3 dead letters: 3 tick\n  – m-9 was not found\n');
    expect(yes.code).toBe(1);
    const dry = await runCli(answering(answer), ...args, '--dry-run');
    expect(dry.stdout).toBe('Would delete 3 dead letters: 3 tick\n');
    expect(dry.calls[0]?.to).toBe('operator-api:look');
  });

  it('deletes nothing, and asks nothing, where nobody said which', async () => {
    const args = ['discard', ...WHY];
    const { code, stderr, calls } = await runCli(
      { ...answering({ ok: true }), isTerminal: true, replies: ['y'] },
      ...args,
    );
    expect([code, calls]).toEqual([2, []]);
    expect(stderr).toContain('--queue: say which dead letters');
  });
});

describe('a refusal', () => {
  const answer = stackOf({
    pause: () =>
      refused('field cluster: shop2 is not in the policy; it lists: shop', { field: 'cluster', allowed: ['shop'] }),
  });

  it('names the option in place of the field, and ends with 3', async () => {
    const { code, stderr, stdout } = await runCli({ answer }, 'pause', '-c', 'shop2', ...WHY);
    expect(stderr).toBe('fleetmend: --cluster: shop2 is not in the policy; it lists: shop\n');
    expect([code, stdout]).toEqual([3, '']);
  });

  it('is JSON on the standard error where JSON was asked for', async () => {
    for (const form of [['-o', 'json'], ['--output=jsonl']]) {
      const { stderr } = await runCli({ answer }, 'pause', '-c', 'shop2', ...WHY, ...form);
      expect(JSON.parse(stderr)).toEqual({
        ...{ v: 1, kind: 'Error', code: 'Refused', field: '--cluster', allowed: ['shop'] },
        message: '--cluster: shop2 is not in the policy; it lists: shop',
      });
    }
  });

  it('comes from the schema of the action before anything is sent', async () => {
    const { code, stderr, calls } = await runCli({ answer }, 'pause', '-c', 'sh op', ...WHY);
    expect([code, calls]).toEqual([2, []]);
    expect(stderr).toContain('--cluster: not an EKS cluster name');
  });
});
