import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { describe, expect, it } from 'vitest';
import { createCallerCheck, PROOF_CLIENT } from './caller-identity.ts';

const PROOF = { authorization: 'AWS4-HMAC-SHA256 x', date: '20260822T100000Z', securityToken: 'token', request: 'a' };

type Sent = { readonly hostname: string; readonly path: string; readonly method: string; readonly body: string };
type Headers = { readonly headers: Readonly<Record<string, string>> };
const IDENTITY =
  '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/mei</Arn><UserId>AIDA1</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>';

const asked = async (region: string, useFipsEndpoint = false) => {
  const sent: (Sent & Headers)[] = [];
  const client = new STSClient({
    ...PROOF_CLIENT,
    region,
    useFipsEndpoint,
    requestHandler: {
      handle: async (request: Sent & Headers) => {
        sent.push(request);
        const response = { statusCode: 200, headers: { 'content-type': 'text/xml' }, body: Buffer.from(IDENTITY) };
        return { response };
      },
    } as never,
  });
  return { answer: await createCallerCheck({ client })(PROOF), sent };
};

describe('asking STS who signed', () => {
  it('sends what the caller signed, and builds the rest itself', async () => {
    const { answer, sent } = await asked('eu-west-1');
    expect(answer).toEqual({
      kind: 'named',
      identity: { arn: 'arn:aws:iam::123456789012:user/mei', userId: 'AIDA1', account: '123456789012' },
    });
    expect(sent).toMatchObject([
      {
        ...{ method: 'POST', hostname: 'sts.eu-west-1.amazonaws.com', path: '/' },
        body: 'Action=GetCallerIdentity&Version=2011-06-15',
        headers: {
          host: 'sts.eu-west-1.amazonaws.com',
          authorization: PROOF.authorization,
          'x-amz-date': PROOF.date,
          'x-amz-security-token': 'token',
          'x-fleetmend-request': 'a',
        },
      },
    ]);
  });

  it.each([
    ['cn-north-1', false, 'sts.cn-north-1.amazonaws.com.cn'],
    ['us-gov-west-1', false, 'sts.us-gov-west-1.amazonaws.com'],
    ['us-gov-west-1', true, 'sts.us-gov-west-1.amazonaws.com'],
    ['us-east-1', false, 'sts.us-east-1.amazonaws.com'],
    ['us-east-1', true, 'sts-fips.us-east-1.amazonaws.com'],
  ])('goes to the STS of %s (FIPS: %s) at %s', async (region, useFips, hostname) => {
    const { sent } = await asked(region, useFips);
    expect(sent).toMatchObject([{ hostname, headers: { host: hostname } }]);
  });

  it.each([
    ['SignatureDoesNotMatch', 403, 'refused'],
    ['ExpiredToken', 403, 'refused'],
    ['InvalidClientTokenId', 403, 'refused'],
    ['Throttling', 400, 'away'],
    ['RequestTimeout', 408, 'away'],
    ['InternalFailure', 500, 'away'],
    ['TimeoutError', undefined, 'away'],
  ])('%s (%s) means that STS has %s it', async (name, httpStatusCode, kind) => {
    const message = 'the canonical string holds x-amz-security-token:token';
    const error = Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });
    const send = async (command: unknown) => {
      expect(command).toBeInstanceOf(GetCallerIdentityCommand);
      throw error;
    };
    expect(await createCallerCheck({ client: { send } })(PROOF)).toEqual({ kind, why: name });
  });

  it('an answer without an identity, and a thrown text, mean that it could not be asked', async () => {
    const check = (send: () => Promise<unknown>) => createCallerCheck({ client: { send: send as never } })(PROOF);
    expect(await check(async () => ({ Account: '123456789012' }))).toMatchObject({ kind: 'away' });
    expect(await check(() => Promise.reject('gone'))).toEqual({ kind: 'away', why: 'Error' });
  });
});
