import { describe, expect, it } from 'vitest';
import { runCli } from '../../test/support/cli-world.ts';

const env = { FLEETMEND_LAB_URL: 'http://127.0.0.1:1234/' };
const world = (answer: unknown) => {
  const sent: object[] = [];
  const post = async (_: string, body: object) => {
    sent.push(body);
    return answer;
  };
  return { sent, run: (...words: readonly string[]) => runCli({ env, post }, 'lab', ...words) };
};

describe('fleetmend lab', () => {
  it.each([
    [['break', 'ip-1', '--fault', 'X'], { drill: 'break', nodes: ['ip-1'], fault: 'X' }],
    [['log', 'ip-1', 'ip-2'], { drill: 'log', nodes: ['ip-1', 'ip-2'] }],
    [['offline', 'ip-1', '--online'], { drill: 'offline', nodes: ['ip-1'], online: true }],
    [['scenario', 'storm'], { drill: 'scenario', name: 'storm' }],
    [['scenario'], { drill: 'scenario' }],
  ])('%s', async (words, payload) => {
    const { sent, run } = world({ ok: true, lines: ['done\u001b[31m'] });
    const { code, stdout, calls } = await run(...words);
    expect([code, sent, calls]).toEqual([0, [payload], []]);
    expect(stdout).toMatch(/^done/);
    expect(stdout).not.toContain('\u001b');
  });

  it('says what is wrong: the drill, the lab, its address', async () => {
    const refused = await world({ ok: false, error: { message: 'there is no scenario x', allowed: ['storm'] } }).run(
      'scenario',
      'x',
    );
    expect([refused.code, refused.stderr]).toEqual([3, 'fleetmend: there is no scenario x; there are: storm\n']);
    expect((await world({}).run('explode')).stderr).toContain('none of break, log, offline, scenario');
    expect(await world({}).run('scenario')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('is no lab of this version'),
    });
    expect(await runCli({ env }, 'lab', 'scenario')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('does not answer'),
    });
    expect(await runCli({}, 'lab', 'scenario')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('npm run lab'),
    });
    const far = await runCli({ env: { FLEETMEND_LAB_URL: 'https://example.com/' } }, 'lab', 'scenario');
    expect(far).toMatchObject({ code: 2, stderr: expect.stringContaining('drills are for the lab alone') });
  });
});
