import { describe, expect, it } from 'vitest';
import { clusterStatus, explainedLane, NODES, need, nodeStatus, page } from '../../test/support/cli-answers.ts';
import { runCli, stackOf } from '../../test/support/cli-world.ts';
import { CommandError } from '../exit.ts';

const asked = (status: object, ...args: readonly string[]) =>
  runCli({ answer: stackOf({ status: () => status, explain: () => explainedLane }) }, 'doctor', '--utc', ...args);

describe('fleetmend doctor', () => {
  it('says what works', async () => {
    const { stdout, code } = await asked(page(clusterStatus({ unreachable: 0 })));
    expect(stdout).toBe(
      [
        '✓ access        audit-query of fleetmend answers',
        '! version       stack 0.2.0 ≠ fleetmend 0.0.0, configuration 3f9c01d2a7b4',
        '✓ sweeps        shop: every 30 min, the last one ended 4 min ago',
        '✓ reach         shop: 0 of 412 nodes not reached by SSM (0 not managed, 0 without an answer)',
        '✓ dead letters  none',
        '! not seen      what the account has: no answer for deployed',
        '',
      ].join('\n'),
    );
    expect(code).toBe(0);
  });

  it('says what does not work, and ends with 1', async () => {
    const pause = {
      scope: 'cluster',
      covers: 'repairs',
      by: 'mei',
      reason: 'change',
      at: '2026-11-29T03:00:00Z',
      until: '2026-11-29T05:00:00Z',
    };
    const { stdout, code } = await asked(
      page(
        clusterStatus({
          sweeps: { isOn: true, everyMinutes: 30, isLate: true },
          nodes: undefined,
          pauses: [pause],
          unread: ['reading the queue failed'],
        }),
        clusterStatus({
          cluster: 'batch',
          sweeps: { isOn: false, everyMinutes: 30, isLate: false },
          skipped: { NotManaged: 3 },
        }),
        need({ need: 'DeadLetters', message: '3 dead letters', command: 'fleetmend replay --dry-run' }),
      ),
    );
    expect(stdout).toContain('✗ sweeps        shop: every 30 min, none has ended yet: late');
    expect(stdout).toContain('! sweeps        batch: off; faults without a log line are not found');
    expect(stdout).toContain('! reach         shop: no check has looked at its nodes yet');
    expect(stdout).toContain(
      '! reach         batch: 5 of 415 nodes not reached by SSM (3 not managed, 2 without an answer)',
    );
    expect(stdout).toContain('! pauses        shop: repairs paused by mei until 2026-11-29 05:00:00Z: change');
    expect(stdout).toContain('! dead letters  3 dead letters · fleetmend replay --dry-run');
    expect(stdout).toContain('✗ reading       reading the queue failed');
    expect(code).toBe(1);
  });

  it('names the nodes that gave no answer in a line for each kind, with what to look at', async () => {
    const ids = Array.from({ length: 7 }, (_, n) => `i-0000000${n}`);
    const silent = { outcome: 'Unreachable', reason: undefined, message: 'no answer', advice: 'look' };
    const late = { outcome: 'TimedOut', reason: 'ExecutionTimedOut', message: 'took too long', advice: undefined };
    const { stdout } = await asked(
      page(
        clusterStatus({ unreachable: 7, unknown: 1 }),
        ...ids.map((id) => nodeStatus(id, silent)),
        nodeStatus(NODES[1], late),
        nodeStatus(NODES[0], {}),
      ),
    );
    const lines = stdout.split('\n').filter((line) => line.startsWith('! agent'));
    expect(lines).toEqual([
      '! agent         shop: 7 nodes Unreachable: i-00000000, i-00000001, i-00000002, i-00000003, i-00000004 and 2 more; look · fleetmend explain i-00000000',
      `! agent         shop: 1 node TimedOut (ExecutionTimedOut): ${NODES[1]}; took too long · fleetmend explain ${NODES[1]}`,
    ]);
  });

  it('sends a test notice where one is asked for, and says what is missing where it may not', async () => {
    const works = { status: () => page(clusterStatus()), explain: () => explainedLane };
    const sent = { ...works, 'test-notice': () => ({ ok: true, noticeId: 'n-1', notice: {} }) };
    const { stdout, calls } = await runCli({ answer: stackOf(sent) }, 'doctor', '--test-notice');
    expect(stdout).toContain('✓ notices       the test notice n-1 was sent: look whether it arrives');
    expect(calls.at(-1)).toMatchObject({ to: 'operator-api:act', payload: { action: 'test-notice' } });
    const denied = new CommandError('Aws', { message: 'may not invoke', next: 'attach the policy OperatorsPolicyArn' });
    const refusedBy = { ...works, 'test-notice': () => Promise.reject(denied) };
    const refused = await runCli({ answer: stackOf(refusedBy) }, 'doctor', '--test-notice');
    expect(refused.stdout).toContain('✗ notices       may not invoke: attach the policy OperatorsPolicyArn');
    expect(refused.code).toBe(1);
    const quiet = await runCli({ answer: stackOf(sent) }, 'doctor');
    expect(quiet.calls.some(({ payload }) => payload.action === 'test-notice')).toBe(false);
  });

  it('names missing access as a finding', async () => {
    const answer = () => {
      throw new CommandError('Aws', { message: 'no credentials', next: 'sign in' });
    };
    const { stdout, code } = await runCli({ answer }, 'doctor');
    expect([code, stdout]).toEqual([1, '✗ access        no credentials: sign in\n']);
  });

  it('writes JSON', async () => {
    const { stdout } = await asked(page(clusterStatus()), '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      v: 1,
      kind: 'Diagnosis',
      items: expect.arrayContaining([expect.objectContaining({ context: 'default', check: 'access', level: 'ok' })]),
    });
  });
});
