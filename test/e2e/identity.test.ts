import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Signer, signRequest } from '../../cli/identity/sign-request.ts';
import type { Proof } from '../../core/api/proof.ts';
import { LAB_SESSION_TOKEN, type Principal } from '../../lab/aws/iam.ts';
import { openScene, type Scene, synthScene } from './support.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene(synthScene([{ name: 'shop' }]));
});
afterAll(() => scene.lab.stop());

const FUNCTION = 'fleetmend-operator-api';
const RESUME = { action: 'resume', cluster: 'shop', requestedBy: 'somebody', reason: 'a look' };
const PAUSE = { ...RESUME, action: 'pause' };

const signerOf = (rest: Partial<Signer> = {}): Signer => {
  const { lab } = scene;
  return {
    credentials: lab.credentialsFor('mei'),
    region: lab.region,
    stackArn: `arn:${lab.partition}:cloudformation:${lab.region}:${lab.account}:stack/fleetmend`,
    endpointUrl: lab.endpointUrl,
    now: new Date(lab.now()),
    ...rest,
  };
};
const sent = async (request: object, proof: Proof) => await scene.lab.invoke(FUNCTION, { ...request, proof });
const send = async (request: object, rest: Partial<Signer> = {}) =>
  await sent(request, await signRequest({ ...request }, signerOf(rest)));
const today = () => new Date(scene.lab.now()).toISOString().slice(0, 10);
const lastAuthor = async () => (await scene.report({ query: 'actions', day: today() }))[0]?.author;

describe('a signed request', () => {
  it('is of the user who signed it', async () => {
    expect(await send(RESUME)).toMatchObject({ ok: true });
    const { lab } = scene;
    const arn = `arn:${lab.partition}:iam::${lab.account}:user/mei`;
    expect(await lastAuthor()).toMatchObject({ kind: 'verified', arn, account: lab.account });
    await lab.advance(2000);
    expect(await scene.report({ query: 'actions', author: arn })).not.toEqual([]);
  });

  it('is of the role that signed it, without the name of the session', async () => {
    const { lab } = scene;
    const role: Principal = {
      kind: 'role',
      arn: `arn:${lab.partition}:sts::${lab.account}:assumed-role/Ops/admin`,
      principalArn: `arn:${lab.partition}:iam::${lab.account}:role/Ops`,
      policies: [],
    };
    const credentials = { ...lab.iam.issue(role), sessionToken: LAB_SESSION_TOKEN };
    expect(await send(RESUME, { credentials })).toMatchObject({ ok: true });
    const arn = `arn:${lab.partition}:sts::${lab.account}:assumed-role/Ops`;
    expect(await lastAuthor()).toMatchObject({ kind: 'verified', arn, sessionName: 'admin' });
  });

  it.each<[string, () => Promise<unknown>]>([
    ['another action', async () => sent(RESUME, await signRequest(PAUSE, signerOf()))],
    ['other fields', async () => sent({ ...PAUSE, covers: 'everything' }, await signRequest(PAUSE, signerOf()))],
    ['another stack', () => send(PAUSE, { stackArn: signerOf().stackArn.replace('/fleetmend', '/other') })],
    ['another Region', () => send(PAUSE, { region: 'eu-west-1' })],
    ['another host', () => send(PAUSE, { endpointUrl: 'http://sts.example' })],
    ['a date of six minutes ago', () => send(PAUSE, { now: new Date(scene.lab.now() - 360_000) })],
    [
      'a key of nobody',
      () => send(PAUSE, { credentials: { accessKeyId: 'ASIA0123456789012345', secretAccessKey: 'x' } }),
    ],
    [
      'a wrong secret',
      () => send(PAUSE, { credentials: { ...scene.lab.credentialsFor('mei'), secretAccessKey: 'guessed' } }),
    ],
  ])('with the proof of %s is refused', async (_, request) => {
    expect(await request()).toMatchObject({ ok: false, error: { field: 'proof' } });
    expect(await lastAuthor()).toMatchObject({ kind: 'claimed', name: 'somebody' });
  });

  it('with a binding that nobody signed is refused by STS, too', async () => {
    const [own, other] = [await signRequest(PAUSE, signerOf()), await signRequest(RESUME, signerOf())];
    expect(await sent(RESUME, { ...own, request: other.request })).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('InvalidSignatureException') },
    });
  });

  it('where STS is away, stops work as a claim, and does nothing else without consent', async () => {
    const { faults } = scene.lab;
    faults.calls = [{ service: 'sts', kind: 'internal-error' }];
    expect(await send(PAUSE)).toMatchObject({ ok: true });
    expect(await lastAuthor()).toMatchObject({ kind: 'claimed', unverified: expect.stringContaining('STS') });
    expect(await send(RESUME)).toMatchObject({ ok: false, error: { field: 'unverified' } });
    expect(await send({ ...RESUME, unverified: true })).toMatchObject({ ok: true });
    faults.calls = [];
  });

  it('leaves nothing of its proof in the table, the logs and the dead letters', async () => {
    const { lab } = scene;
    const proof = await signRequest(RESUME, signerOf());
    await sent(RESUME, proof);
    // Asynchronous, while the table fails.
    lab.faults.calls = [{ service: 'dynamodb', functionName: FUNCTION, kind: 'internal-error' }];
    lab.invokeAsync(`${FUNCTION}:act`, { ...RESUME, proof });
    await lab.advance(600_000);
    lab.faults.calls = [];
    const kept = JSON.stringify([await scene.items(), lab.functionLogs(FUNCTION), scene.letters(), lab.notifications]);
    expect(kept).toContain('failing signed request');
    expect(kept).not.toContain(proof.authorization.slice(-64));
    expect(kept).not.toContain('AWS4-HMAC-SHA256');
  });
});
