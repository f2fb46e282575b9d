import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NodeStateRow } from '../../core/state/node-state.ts';
import type { RealNode } from '../../lab/real/node.ts';
import { describeWithRealNodes } from '../../lab/real/suite.ts';
import { findTokens, tokenMarks } from './tokens.ts';
import { COOL_DOWN_SECONDS, startPod, startWorld, type World } from './world.ts';

const PROVIDER = '/etc/eks/image-credential-provider/ecr-credential-provider';
/** The processes on the node while the provider delays a repair. */
const WAITING = 'provider-that-waits';
/** The script itself, and not the `sh -c` of the agent that runs it: the agent would report that one as Failed. */
const SCRIPT = '^/bin/bash [^ ]*/_script[.]sh';
const PATIENCE_MS = 120_000;
const LOOK_AGAIN_MS = 50;

const until = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
  const end = Date.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`waiting until ${what}: not within ${PATIENCE_MS / 1000} s`);
    await delay(LOOK_AGAIN_MS);
  }
};

await describeWithRealNodes('a repair that is disturbed on its real node', () => {
  let world: World<'node'>;
  let node: RealNode;
  /** Started outside the pipeline, like a script whose command SSM has timed out. */
  let straggler: Promise<unknown> | undefined;
  const givenUp = new AbortController();

  beforeAll(async () => {
    world = await startWorld({ node: { tools: { awsCli: false, credentialProvider: true } } });
    node = world.nodes.node;
    await world.shipLogs();
  });
  afterAll(async () => {
    givenUp.abort();
    await straggler;
    await world.stop();
  });

  const shell = async (script: string): Promise<string> => (await node.exec(['bash', '-c', script])).stdout.trim();
  const isAtWork = async (): Promise<boolean> => (await node.exec(['pgrep', '--full', WAITING])).code === 0;
  /**
   * From now on the provider keeps a token that it was given to itself for a while, and the repair waits for it. The check of
   * the provider itself asks for an image without a tag, and gets its answer at once.
   */
  const slowDown = () =>
    shell(`mv ${PROVIDER} ${PROVIDER}.real
printf '#!/bin/bash\nrequest=$(cat)\nanswer=$(printf %%s "$request" | %s.real)\n[[ $request != */pause:* ]] || (exec -a %s sleep 60)\nprintf "%%s" "$answer"\n' ${PROVIDER} ${WAITING} > ${PROVIDER}
chmod 755 ${PROVIDER}`);
  const speedUp = () => shell(`mv ${PROVIDER}.real ${PROVIDER}`);
  const killScript = async (): Promise<void> => {
    for (const command of [SCRIPT, PROVIDER, WAITING]) await node.exec(['pkill', '-KILL', '--full', command]);
  };
  const attempts = async (): Promise<readonly string[]> => {
    const rows = await world.report({ query: 'node', instanceId: node.instanceId });
    return rows.flatMap(({ kind, ...row }) =>
      kind === 'node'
        ? Object.values(NodeStateRow.parse(row).attempts).flatMap((attempt) => attempt.outcome ?? 'booked')
        : [],
    );
  };
  const askForRepair = () =>
    world.ask({ action: 'repair', remediation: 'pause-image', instanceIds: [node.instanceId], reason: 'test' });

  it('ends TimedOut when its script is killed with SIGKILL, as the agent reports it', async () => {
    await slowDown();
    await node.breakNode('missing');
    expect(await startPod(node)).toContain('401 Unauthorized');
    await until('the repair asks for a token', isAtWork);
    await killScript();
    expect(await world.result('node', (row) => row.action === 'repair')).toMatchObject({ outcome: 'TimedOut' });
    await expect.poll(attempts, { timeout: 120_000 }).toEqual(['TimedOut']);
  });

  it('leaves neither a token nor a test container behind when it is killed', async () => {
    const marks = tokenMarks((await world.fleet.secrets()).ecrTokens);
    expect(marks.length).toBeGreaterThan(0);
    const files = await shell('grep --recursive --no-messages --text "" /run/fleetmend /tmp /root /var/lib/amazon');
    expect(findTokens('a file', files, marks)).toEqual([]);
    expect((await node.ctr(['containers', 'ls', '--quiet'])).stdout.trim()).toBe('');
  });

  it('ends Busy while another document runs, without an attempt', async () => {
    const command = world.lab.commands.all().find((c) => c.document.name.includes('-pause-image-repair-'));
    if (command === undefined) throw new Error('looking for the repair command: there is none');
    const { name: documentName, content } = command.document;
    straggler = node.run({ commandId: 'straggler', documentName, content }, givenUp.signal);
    await until('the straggler asks for a token', isAtWork);
    await delay(COOL_DOWN_SECONDS * 1000);
    await askForRepair();
    const row = await world.result('node', (r) => r.skipReason === 'Busy');
    expect(row).toMatchObject({ action: 'repair', outcome: 'Skipped', reason: 'LockBusy' });
    // The attempt that was booked before the command is taken back after the result is written.
    await expect.poll(attempts, { timeout: 120_000 }).toEqual(['TimedOut']);
  });

  it('is repaired by the next run, without leftovers of the earlier ones', async () => {
    await speedUp();
    // The run that waits behind the straggler, or the next one, goes on from here.
    givenUp.abort();
    await straggler;
    await askForRepair();
    const row = await world.result('node', (r) => r.outcome === 'Repaired');
    expect(row).toMatchObject({ method: 'ecr', digest: node.pauseImage.manifest.digest });
    expect(await startPod(node)).toBeUndefined();
    expect(await shell('ls /run/fleetmend')).toBe('lock');
    expect((await node.ctr(['containers', 'ls', '--quiet'])).stdout.trim()).toBe('');
  });
});
