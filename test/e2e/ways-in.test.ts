import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openScene, type Scene, synthScene } from './support.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene(synthScene([{ name: 'shop' }]));
});
afterAll(() => scene.lab.stop());

type People = 'Readers' | 'Responders' | 'Operators';
const clientOf = (people: People): LambdaClient => {
  const { lab } = scene;
  const policy = lab.managedPolicy(lab.outputs[`${people}PolicyArn`] ?? '');
  return new LambdaClient({
    endpoint: lab.endpointUrl,
    region: lab.region,
    credentials: lab.credentialsFor(people, [policy]),
    maxAttempts: 1,
  });
};
const call = async (people: People, to: string, payload: object): Promise<Record<string, unknown>> => {
  const command = new InvokeCommand({ FunctionName: `fleetmend-${to}`, Payload: JSON.stringify(payload) });
  const answer = await clientOf(people).send(command);
  expect(answer.FunctionError).toBeUndefined();
  return JSON.parse(answer.Payload?.transformToString() ?? '');
};
const WHO = { requestedBy: 'mei', reason: 'a look' };
const pause = { action: 'pause', cluster: 'shop', ...WHO };
const resume = { action: 'resume', cluster: 'shop', ...WHO };

describe('the managed policies', () => {
  it.each<[People, string, object, boolean]>([
    ['Readers', 'operator-api:look', { ...pause, dryRun: true }, true],
    ['Readers', 'operator-api:look', pause, false],
    [
      'Readers',
      'operator-api:look',
      { action: 'release', cluster: 'shop', instanceIds: ['i-0123456789abcdef0'], ...WHO },
      false,
    ],
    ['Responders', 'operator-api:stop', pause, true],
    ['Responders', 'operator-api:stop', resume, false],
    ['Operators', 'operator-api:act', resume, true],
  ])('let %s call %s with %j: %s', async (people, to, payload, isAccepted) => {
    expect(await call(people, to, payload)).toMatchObject({ ok: isAccepted });
  });

  it.each<[People, string]>([
    ['Readers', 'operator-api:stop'],
    ['Readers', 'operator-api:act'],
    ['Responders', 'operator-api:act'],
    // Without an alias, the function does everything.
    ['Operators', 'operator-api'],
    ['Operators', 'operator-api:$LATEST'],
    ['Operators', 'run-controller'],
    ['Operators', 'audit-query'],
  ])('keep %s from %s', async (people, to) => {
    await expect(call(people, to, pause)).rejects.toThrow(/not authorized to perform: lambda:InvokeFunction/);
  });

  it.each<People>(['Readers', 'Responders', 'Operators'])(
    'let %s read who did what, by which alias',
    async (people) => {
      // The index by which actions are listed shows a row a moment after it was written.
      const listed = expect.poll(
        async () => (await call(people, 'audit-query:look', { query: 'actions', cluster: 'shop' })).items,
        { timeout: 30_000 },
      );
      await listed.toEqual(
        expect.arrayContaining([
          expect.objectContaining({ event: 'refused', action: 'resume', way: 'stop' }),
          expect.objectContaining({ event: 'asked', action: 'pause', way: 'stop' }),
        ]),
      );
    },
  );
});

it('a test notice reaches the topic with its id, and names its author', async () => {
  const answer = await call('Operators', 'operator-api:act', { action: 'test-notice', ...WHO });
  expect(answer).toMatchObject({ ok: true });
  await scene.lab.settle();
  expect(scene.lab.notifications).toContainEqual(
    expect.objectContaining({
      subject: 'fleetmend: Test of the notices',
      message: expect.stringMatching(new RegExp(`\nId ${answer.noticeId}\nBy mei\n`)),
      attributes: expect.objectContaining({ kind: 'test', severity: 'info', status: 'told' }),
    }),
  );
});
