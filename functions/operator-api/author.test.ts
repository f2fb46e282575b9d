import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signRequest } from '../../cli/identity/sign-request.ts';
import type { Proof } from '../../core/api/proof.ts';
import { accepted } from '../../test/support/answers.ts';
import { auditQueryPorts } from '../../test/support/audit-query.ts';
import { healthy, newInstance, operatorApiWorld, STACK_ARN, WHO } from '../../test/support/operator-api-world.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import type { IdentityAnswer } from '../adapters/sts/caller-identity.ts';
import { report } from '../audit-query/query.ts';
import { remediate } from './act.ts';
import { readLetter } from './letters/read-letter.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

const AT = '2026-08-22T10:00:00.000Z';
const ARN = 'arn:aws:sts::123456789012:assumed-role/Ops';
const NAMED: IdentityAnswer = {
  kind: 'named',
  identity: { arn: `${ARN}/mei`, userId: 'AROA1:mei', account: '123456789012' },
};
const AWAY: IdentityAnswer = { kind: 'away', why: 'TimeoutError' };
const KEYS = { accessKeyId: 'ASIA0123456789012345', secretAccessKey: 'secret', sessionToken: 'session-token-of-mei' };

const proofOf = (request: object, stackArn = STACK_ARN, region = 'eu-west-1', now = new Date(AT)) =>
  signRequest({ ...request }, { credentials: KEYS, region, stackArn, now });

const world = async (answer: IdentityAnswer = NAMED) => {
  const own = await table.another();
  const w = operatorApiWorld(own, [healthy(newInstance())]);
  const asked: Proof[] = [];
  const deps: typeof w.deps = {
    ...w.deps,
    askCaller: async (proof) => {
      asked.push(proof);
      return answer;
    },
  };
  const ask = (event: object) => remediate(deps, { way: 'act', lambdaRequestId: 'lambda-1' }, event);
  const rows = async () =>
    accepted(await report(auditQueryPorts(own), { query: 'actions', day: AT.slice(0, 10) })).items;
  const everything = async () => JSON.stringify([await own.scan(), w.recording.lines, w.wakes()]);
  return { ...w, deps, ask, asked, rows, everything, table: own };
};

const PAUSE = { action: 'pause', cluster: 'demo', ...WHO };
const RESUME = { action: 'resume', cluster: 'demo', ...WHO };

describe('a signed request', () => {
  it('is of the person whom STS names, whoever its payload names', async () => {
    const w = await world();
    expect(await w.ask({ ...RESUME, proof: await proofOf(RESUME) })).toMatchObject({ ok: true });
    const author = { kind: 'verified', arn: ARN, userId: 'AROA1', account: '123456789012', sessionName: 'mei' };
    expect(await w.rows()).toMatchObject([
      { event: 'answered', author },
      { event: 'asked', author, request: { requestedBy: ARN } },
    ]);
    expect(w.asked).toHaveLength(1);
  });

  it('leaves nothing of its proof in a row, a log or a message', async () => {
    const w = await world();
    const signed = { action: 'check', cluster: 'demo', ...WHO };
    const proof = await proofOf(signed);
    await w.ask({ ...signed, proof });
    await w.ask({ ...signed, proof: { ...proof, date: '20260822T080000Z' } });
    await w.ask({ ...signed, proof: { ...proof, strange: 1 } });
    const text = await w.everything();
    expect(text).toContain(ARN);
    const signature = proof.authorization.slice(-64);
    for (const secret of [signature, KEYS.sessionToken, KEYS.accessKeyId]) expect(text).not.toContain(secret);
  });

  it.each<[string, object, () => Promise<unknown>]>([
    ['another action', RESUME, () => proofOf(PAUSE)],
    ['other fields', { ...PAUSE, cluster: 'watched' }, () => proofOf(PAUSE)],
    ['a dry run', PAUSE, () => proofOf({ ...PAUSE, dryRun: true })],
    ['another stack', PAUSE, () => proofOf(PAUSE, STACK_ARN.replace('fleetmend', 'other'))],
    ['another account', PAUSE, () => proofOf(PAUSE, STACK_ARN.replace('123456789012', '210987654321'))],
    ['another Region', PAUSE, () => proofOf(PAUSE, STACK_ARN, 'us-east-1')],
    ['an old date', PAUSE, () => proofOf(PAUSE, STACK_ARN, 'eu-west-1', new Date('2026-08-22T09:54:59Z'))],
    ['the consent to be unverified', { ...PAUSE, unverified: true }, () => proofOf(PAUSE)],
    ['no form', PAUSE, async () => 'proof'],
  ])('with the proof of %s is refused before STS is asked, and recorded', async (_, request, proof) => {
    const w = await world();
    expect(await w.ask({ ...request, proof: await proof() })).toMatchObject({
      ok: false,
      error: { field: 'proof', next: expect.stringContaining('sign the request again') },
    });
    expect(w.asked).toEqual([]);
    expect(await w.rows()).toMatchObject([
      { event: 'refused', author: { kind: 'claimed', name: 'mei', unverified: expect.stringContaining('refused') } },
    ]);
  });

  it('that STS refuses is refused, also where it would stop work', async () => {
    const w = await world({ kind: 'refused', why: 'SignatureDoesNotMatch' });
    expect(await w.ask({ ...PAUSE, proof: await proofOf(PAUSE) })).toMatchObject({
      ok: false,
      error: { message: 'field proof: AWS STS in eu-west-1 refused it (SignatureDoesNotMatch)' },
    });
  });

  it('whose fields lie too deep to be signed is refused, and recorded', async () => {
    const w = await world();
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(await w.ask({ ...PAUSE, deep, proof: await proofOf(PAUSE) })).toMatchObject({
      ok: false,
      error: { field: 'proof' },
    });
    expect(await w.rows()).toMatchObject([{ event: 'refused' }]);
  });

  it('is answered where AWS fails, so that an asynchronous one becomes no dead letter', async () => {
    const w = await world();
    const deps: typeof w.deps = {
      ...w.deps,
      actions: { add: () => Promise.reject(new Error('the table is away')) },
    };
    const by = { way: 'act', lambdaRequestId: 'lambda-1' } as const;
    expect(await remediate(deps, by, { ...PAUSE, proof: await proofOf(PAUSE) })).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('the request failed (Error: the table is away); send it again') },
    });
    expect(w.recording.counts).toMatchObject({ SignedRequestsFailed: 1 });
    await expect(remediate(deps, by, PAUSE)).rejects.toThrow('the table is away');
  });

  it('that is a dead letter after all is repeated for the author of the replay, without its proof', async () => {
    const w = await world();
    const letter = JSON.stringify({ ...PAUSE, unverified: true, proof: await proofOf(PAUSE) });
    expect(readLetter(w.deps, letter)).toEqual({ kind: 'request', payload: PAUSE });
  });
});

describe('where STS cannot be asked', () => {
  const unverified = 'AWS STS in eu-west-1 could not be asked (TimeoutError)';

  it('what stops work goes on, and the row says that the author was not verified', async () => {
    const w = await world(AWAY);
    expect(await w.ask({ ...PAUSE, proof: await proofOf(PAUSE) })).toMatchObject({ ok: true });
    const author = { kind: 'claimed', name: 'mei', unverified };
    expect(await w.rows()).toMatchObject([{ author }, { event: 'asked', author }]);
    expect(w.recording.counts).toMatchObject({ CallersUnverified: 1 });
  });

  it('a dry run goes on', async () => {
    const w = await world(AWAY);
    const dry = { ...RESUME, dryRun: true };
    expect(await w.ask({ ...dry, proof: await proofOf(dry) })).toMatchObject({ ok: true });
  });

  it('everything else is refused, but where the caller accepts it', async () => {
    const w = await world(AWAY);
    expect(await w.ask({ ...RESUME, proof: await proofOf(RESUME) })).toMatchObject({
      ok: false,
      error: { field: 'unverified', allowed: ['true'], message: expect.stringContaining(unverified) },
    });
    const accepts = { ...RESUME, unverified: true };
    expect(await w.ask({ ...accepts, proof: await proofOf(accepts) })).toMatchObject({ ok: true });
    expect(await w.rows()).toContainEqual(
      expect.objectContaining({ event: 'asked', author: { kind: 'claimed', name: 'mei', unverified } }),
    );
  });
});

it('a request without a proof is of whom it names', async () => {
  const w = await world();
  await w.ask({ ...RESUME, unverified: true });
  expect(w.asked).toEqual([]);
  expect(await w.rows()).toMatchObject([{ author: { kind: 'claimed', name: 'mei' } }, { event: 'asked' }]);
});
