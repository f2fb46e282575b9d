import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AT, COMMAND, FAULT, lettersWorld, logs, node, symptom } from '../../../test/support/letters-world.ts';
import { CALLER, DEAD, PROGRESS, SIGNALS, WHO } from '../../../test/support/operator-api-world.ts';
import { signalSamples } from '../../../test/support/signal-samples.ts';
import { startTable, type TestTable } from '../../../test/support/table.ts';
import { REPLAY_MARK } from '../../adapters/messaging/replay-mark.ts';
import { remediate } from '../act.ts';
import { queueName } from './take-letters.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

const world = () => lettersWorld(table);

describe('replay sends back to the queue of signals, with the mark that caps trust,', () => {
  it.each<[string, unknown]>([
    [
      'a symptom of log-classifier',
      symptom({ cluster: 'demo', instanceId: node, reason: 'DiskFull' }, 'fleetmend.logs'),
    ],
    ['a foreign signal', symptom({ node })],
    ['a symptom by the name of its node', symptom({ node: 'ip-10-0-1-2.ec2.internal' })],
    ['a signal that a destination of Lambda wrapped', { requestPayload: symptom({ node }) }],
    ...signalSamples()
      .filter(({ matches }) => matches)
      .map(({ rule, name, event }): [string, unknown] => [`the sample ${rule}/${name}`, event]),
  ])('%s', async (_, body) => {
    const w = world();
    await w.send(body);
    const answer = await w.ask({ action: 'replay', ...WHO });
    const event = (body as { requestPayload?: unknown }).requestPayload ?? body;
    if (w.dead().length === 1) {
      // Its cluster is not one of this policy.
      expect(answer).toMatchObject({ replayed: 0, left: [{ why: expect.stringMatching(/the policy does not list/) }] });
      return;
    }
    expect(answer).toMatchObject({ replayed: 1, kinds: { signal: 1 }, left: [] });
    expect(w.sent(SIGNALS)).toEqual([event]);
    expect(w.sqs.messages(SIGNALS)[0]?.attributes).toHaveProperty(REPLAY_MARK);
  });

  it('a check of the node that an unreadable signal names, without its other fields', async () => {
    const w = world();
    await w.send(symptom({ cluster: 'demo', instanceId: node, reason: 'DiskFull', document: 'AWS-RunShellScript' }));
    await w.send({ detail: { cluster: 'demo', instanceId: node, reason: '$(reboot)' } });
    expect(await w.ask({ action: 'replay', ...WHO })).toMatchObject({ replayed: 2 });
    expect(w.sent(SIGNALS).map(({ detail }) => detail)).toEqual([
      { cluster: 'demo', instanceId: node, reason: 'DiskFull' },
      { cluster: 'demo', instanceId: node },
    ]);
  });
});

describe('replay', () => {
  it('invokes log-classifier with log payloads, marked and without a wait', async () => {
    const w = world();
    const payload = logs('/aws/containerinsights/watched/dataplane', FAULT);
    await w.send({ version: '1.0', requestPayload: payload }, DEAD[1]);
    const [{ id } = expect.fail()] = w.dead();
    expect(await w.ask({ action: 'replay', ...WHO })).toMatchObject({ replayed: 1, kinds: { logs: 1 }, left: [] });
    expect(w.invocations).toEqual([
      {
        FunctionName: 'fleetmend-log-classifier',
        InvocationType: 'Event',
        Payload: { replayedLetter: id, payload },
      },
    ]);
    // log-classifier fails on it again.
    await w.send({ replayedLetter: id, payload }, DEAD[1]);
    expect(await w.ask({ action: 'replay', ...WHO })).toMatchObject({ replayed: 1 });
    expect(w.invocations[1]).toMatchObject({
      Payload: { replayedLetter: expect.not.stringMatching(`^${id}$`), payload },
    });
  });

  it('sends ends of commands and looks to the queue of progress, and wakes to the lanes', async () => {
    const w = world();
    const look = { kind: 'look', commandId: 'c-1', attempt: 1 };
    await w.send(COMMAND);
    await w.send(look);
    await w.send({ kind: 'run', runId: 'r-1' }, DEAD[1]);
    await w.send({ kind: 'lane', lane: 'demo/pause-image' }, DEAD[1]);
    const answer = await w.ask({ action: 'replay', ...WHO });
    expect(answer).toMatchObject({ replayed: 4, dropped: 0, kinds: { progress: 2, wake: 2 }, left: [] });
    expect(w.sent(PROGRESS)).toEqual([COMMAND, look]);
    expect(w.wakes()).toEqual([
      { kind: 'run', runId: 'r-1' },
      { kind: 'lane', lane: 'demo/pause-image' },
    ]);
    expect(w.dead()).toEqual([]);
  });

  it('drops ticks and counts them', async () => {
    const w = world();
    await w.send({ kind: 'overdue' });
    await w.send({ kind: 'sweep', everyMinutes: 30 });
    expect(await w.ask({ action: 'replay', ...WHO })).toEqual({
      replayed: 0,
      dropped: 2,
      kinds: { tick: 2 },
      left: [],
    });
    expect([w.dead(), w.sent(SIGNALS), w.wakes()]).toEqual([[], [], []]);
  });

  it('repeats a request of a person: a repair as a check, and what stops work as it is', async () => {
    const w = world();
    const repair = { action: 'repair', cluster: 'demo', remediation: 'pause-image', instanceIds: [node], ...WHO };
    await w.send({ ...repair, requestId: 'x' });
    await w.send({ action: 'pause', cluster: 'careful', ...WHO });
    const answer = await w.ask({ action: 'replay', ...WHO });
    expect(answer).toMatchObject({ replayed: 2, kinds: { request: 2 }, left: [] });
    const runs = (await table.scan()).filter((item) => String(item.pk).startsWith('RUN#') && item.sk === 'STATE');
    expect(runs.map((run) => [run.action, run.cluster])).toEqual([['check', 'demo']]);
    const [pause] = await table.items('PAUSES');
    expect(pause).toMatchObject({ scope: 'CLUSTER#careful', state: 'paused', by: 'mei' });
  });

  it('repeats it in the name of whom the replay is of: nothing proves the name in a letter', async () => {
    const w = world();
    const requestedBy = 'arn:aws:iam::123456789012:role/admin';
    await w.send({ action: 'pause', cluster: 'watched', ...WHO, requestedBy });
    await w.send({ action: 'check', cluster: 'watched', instanceIds: [node], reason: 'why', requestedBy });
    expect(await w.ask({ action: 'replay', ...WHO })).toMatchObject({ replayed: 2, left: [] });
    const rows = await table.scan();
    expect(rows.filter(({ scope }) => scope === 'CLUSTER#watched').map(({ by }) => by)).toContain('mei');
    expect(JSON.stringify(rows)).not.toContain('role/admin');
  });

  it('leaves each letter that cannot go back, with the reason, and shows it again at once', async () => {
    const w = world();
    await w.send('{');
    await w.send(symptom({ cluster: 'strange', instanceId: node }));
    await w.send({ detail: { cluster: 'strange', instanceId: node } });
    await w.send({ detail: { cluster: 'demo', instanceId: '$(reboot)' } });
    await w.send({ ...COMMAND, detail: {} });
    await w.send({ id: '1', source: 'fleetmend', 'detail-type': 'Run Stuck', detail: {} });
    await w.send({ action: 'resume', ...WHO });
    await w.send({ action: 'check', cluster: 'strange', ...WHO });
    await w.send({ awslogs: { data: 'x' } }, DEAD[1]);
    await w.send(logs('/strange', FAULT), DEAD[1]);
    const answer = await w.ask({ action: 'replay', ...WHO });
    expect(answer).toMatchObject({
      replayed: 0,
      left: [
        { kind: 'unreadable', queue: 'intake-bad', why: 'its body is not JSON, or was cut' },
        { kind: 'signal', why: expect.stringMatching(/does not list cluster strange: .*discard/) },
        { kind: 'signal', why: expect.stringMatching(/does not list cluster strange/) },
        { kind: 'unreadable', why: 'it is no event, wake, log payload, request or tick' },
        { kind: 'progress', why: expect.stringMatching(/^reading the event: field detail/) },
        { kind: 'notice', why: expect.stringMatching(/discard/) },
        { kind: 'request', why: expect.stringMatching(/"resume" is not repeated: ask again/) },
        { kind: 'request', why: expect.stringMatching(/strange is not in the policy/) },
        { kind: 'logs', queue: 'signals-dead', why: expect.stringMatching(/not gzip/) },
        { kind: 'logs', why: 'the configuration lists no log group /strange' },
      ],
    });
    expect(w.dead()).toHaveLength(10);
    expect(await w.ask({ action: 'replay', ...WHO })).toMatchObject({ left: { length: 10 } });
  });

  it('sends no letter back twice in one call, although it fails again meanwhile', async () => {
    const w = world();
    await w.send(symptom({ node }));
    const returned = { ...w.deps.letterReturn };
    let sends = 0;
    const letterReturn = {
      ...returned,
      toSignals: async (body: string, id: string) => {
        sends++;
        await returned.toSignals(body, id);
        // signal-intake puts it away at once.
        w.sqs.add(DEAD[0], { body, sentAtMs: Date.parse(AT) });
      },
    };
    const answer = await remediate({ ...w.deps, letterReturn }, CALLER, { action: 'replay', ...WHO });
    expect([answer, sends]).toMatchObject([{ replayed: 1, left: [] }, 1]);
    expect(w.dead()).toHaveLength(1);
  });

  it('looks past the letters that stay, and takes no more than it was asked for', async () => {
    const w = world();
    for (let i = 0; i < 12; i++) await w.send('{');
    for (let i = 0; i < 15; i++) await w.send(symptom({ node }));
    const answer = await w.ask({ action: 'replay', max: 12, ...WHO });
    expect(answer).toMatchObject({ replayed: 12, stoppedBy: 'max', waiting: { 'intake-bad': 15 } });
    expect(w.dead()).toHaveLength(15);
  });

  it('asks all queues in parallel: each that is empty takes a second to say so', async () => {
    const w = world();
    const asked: string[] = [];
    const receive: typeof w.deps.letters.receive = async (url, max) => {
      asked.push(`ask ${queueName(url)}`);
      await new Promise(setImmediate);
      asked.push('answer');
      return await w.deps.letters.receive(url, max);
    };
    const letters = { ...w.deps.letters, receive };
    await remediate({ ...w.deps, letters }, CALLER, { action: 'replay', ...WHO, dryRun: true });
    expect(asked).toEqual([...DEAD.map((url) => `ask ${queueName(url)}`), ...DEAD.map(() => 'answer')]);
  });

  it('shows the letters of the other queues again where one cannot be asked', async () => {
    const w = world();
    await w.send(symptom({ node }));
    const receive: typeof w.deps.letters.receive = (url, max) =>
      url === DEAD[0] ? w.deps.letters.receive(url, max) : Promise.reject(new Error('no such queue'));
    const letters = { ...w.deps.letters, receive };
    await expect(remediate({ ...w.deps, letters }, CALLER, { action: 'replay', ...WHO })).rejects.toThrow(
      'no such queue',
    );
    expect(await w.ask({ action: 'replay', ...WHO })).toMatchObject({ replayed: 1 });
  });

  it('stops before its time is over, and says how many letters wait', async () => {
    const w = world();
    for (let i = 0; i < 8; i++) await w.send(symptom({ node }));
    const returned = { ...w.deps.letterReturn };
    const letterReturn = {
      ...returned,
      toSignals: async (body: string, id: string) => {
        w.clock.remainingMs -= 10_000;
        await returned.toSignals(body, id);
      },
    };
    const answer = await remediate({ ...w.deps, letterReturn }, CALLER, { action: 'replay', ...WHO });
    expect(answer).toMatchObject({ replayed: 5, stoppedBy: 'time', waiting: { 'intake-bad': 3 } });
    w.clock.remainingMs = 60_000;
    expect(await w.ask({ action: 'replay', ...WHO })).toMatchObject({ replayed: 3 });
  });

  it('deletes no letter that it could not send, and goes on with the others', async () => {
    const w = world();
    await w.send({ kind: 'run', runId: 'r-1' });
    await w.send(symptom({ node }));
    const wakes = { wake: () => Promise.reject(new Error('no queue')) };
    const answer = await remediate({ ...w.deps, wakes }, CALLER, { action: 'replay', ...WHO });
    expect(answer).toMatchObject({ replayed: 1, left: [{ kind: 'wake', why: 'sending it back failed: no queue' }] });
    expect(w.dead().map(({ body }) => JSON.parse(body))).toEqual([{ kind: 'run', runId: 'r-1' }]);
  });

  it('changes nothing in a dry run, and says what it would do', async () => {
    const w = world();
    for (const body of [symptom({ node }), { kind: 'overdue' }, '{']) await w.send(body);
    const before = (await table.items('REQUEST#id-1')).length;
    const answer = await w.ask({ action: 'replay', dryRun: true, ...WHO });
    expect(answer).toMatchObject({ dryRun: true, replayed: 1, dropped: 1, left: [{ kind: 'unreadable' }] });
    expect([w.dead().length, w.sent(SIGNALS)]).toEqual([3, []]);
    expect(await table.items('REQUEST#id-1')).toHaveLength(before);
    expect(await w.ask({ action: 'replay', ...WHO })).toMatchObject({ replayed: 1, dropped: 1 });
  });
});
