import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { boundText, checkProof, Proof } from '../../core/api/proof.ts';
import { checkSignature } from '../../lab/real/sigv4.ts';
import { type Signer, signRequest } from './sign-request.ts';

const NOW = new Date('2026-08-22T10:00:00Z');
const STACK_ARN = 'arn:aws:cloudformation:eu-west-1:123456789012:stack/fleetmend';
const KEYS = { accessKeyId: 'ASIA0123456789012345', secretAccessKey: 'secret', sessionToken: 'token' };
const SIGNER: Signer = { credentials: KEYS, region: 'eu-west-1', stackArn: STACK_ARN, now: NOW };
const REQUEST = { action: 'pause', cluster: 'demo', requestedBy: 'mei', reason: 'pods hang' };

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What STS answers to a proof that is sent to this host, with this body. */
const stsOf = (proof: Proof, host: string, body = 'Action=GetCallerIdentity&Version=2011-06-15') => {
  const { authorization, date, securityToken, request } = proof;
  const headers = {
    ...{ host, authorization, 'x-amz-date': date, 'x-fleetmend-request': request },
    ...(securityToken === undefined ? {} : { 'x-amz-security-token': securityToken }),
  };
  return checkSignature(
    { method: 'POST', path: '/', headers, body: Buffer.from(body) },
    { service: 'sts', region: 'eu-west-1', now: NOW, find: () => ({ ...KEYS, sessionToken: securityToken ?? '' }) },
  );
};

describe('signing a request', () => {
  it('makes a proof that operator-api and STS accept', async () => {
    const proof = await signRequest(REQUEST, SIGNER);
    expect(Proof.safeParse(proof).success).toBe(true);
    const request = sha256(boundText(STACK_ARN, REQUEST));
    expect(checkProof(proof, { region: 'eu-west-1', nowMs: NOW.getTime(), request })).toMatchObject({ ok: true });
    expect(stsOf(proof, 'sts.eu-west-1.amazonaws.com')).toMatchObject({ ok: true });
  });

  it('makes one for keys without a session, too', async () => {
    const { sessionToken: _, ...credentials } = KEYS;
    const proof = await signRequest(REQUEST, { ...SIGNER, credentials });
    expect(proof.securityToken).toBeUndefined();
    expect(stsOf(proof, 'sts.eu-west-1.amazonaws.com')).toMatchObject({ ok: true });
  });

  it.each([
    ['another host', 'sts.us-east-1.amazonaws.com', undefined],
    ['another body', 'sts.eu-west-1.amazonaws.com', 'Action=GetSessionToken&Version=2011-06-15'],
  ])('is of no use with %s', async (_, host, body) => {
    expect(stsOf(await signRequest(REQUEST, SIGNER), host, body)).toMatchObject({ ok: false });
  });

  it.each<[string, Partial<Signer>, string]>([
    ['of China', { region: 'cn-north-1' }, 'sts.cn-north-1.amazonaws.com.cn'],
    ['with FIPS', { region: 'us-east-2', useFipsEndpoint: true }, 'sts-fips.us-east-2.amazonaws.com'],
    ['of a lab', { endpointUrl: 'http://127.0.0.1:4566' }, '127.0.0.1:4566'],
  ])('is for the host %s', async (_, rest, host) => {
    const signer = { ...SIGNER, ...rest };
    const proof = await signRequest(REQUEST, signer);
    const checked = checkSignature(
      {
        ...{ method: 'POST', path: '/', body: Buffer.from('Action=GetCallerIdentity&Version=2011-06-15') },
        headers: {
          ...{ host, authorization: proof.authorization, 'x-amz-date': proof.date },
          ...{ 'x-amz-security-token': proof.securityToken, 'x-fleetmend-request': proof.request },
        },
      },
      { service: 'sts', region: signer.region, now: NOW, find: () => KEYS },
    );
    expect(checked).toMatchObject({ ok: true });
  });

  it('leaves out fields without a value, as sending the request does', async () => {
    const signed = await signRequest({ ...REQUEST, until: undefined }, SIGNER);
    expect(signed.request).toBe(sha256(boundText(STACK_ARN, REQUEST)));
  });
});
