import { describe, expect, it } from 'vitest';
import { authorOfIdentity, boundText, checkProof, PROOF_HEADER, Proof, stackArnOf } from './proof.ts';

const STACK = { partition: 'aws', region: 'eu-west-1', account: '123456789012', stackName: 'fleetmend' };
const NOW = Date.UTC(2026, 7, 22, 10, 0, 0);
const DATE = '20260822T100000Z';
const SHA = 'a'.repeat(64);
const HEADERS = `host;x-amz-date;x-amz-security-token;${PROOF_HEADER}`;

const authorization = ({
  day = '20260822',
  scope = 'eu-west-1/sts',
  headers = HEADERS,
  signature = 'b'.repeat(64),
} = {}): string =>
  `AWS4-HMAC-SHA256 Credential=ASIA0123456789012345/${day}/${scope}/aws4_request, SignedHeaders=${headers}, Signature=${signature}`;
const proofOf = (rest: Partial<Proof> = {}): Proof => ({
  ...{ authorization: authorization(), date: DATE, securityToken: 'token', request: SHA },
  ...rest,
});
const check = (proof: Proof, nowMs = NOW): string => {
  const checked = checkProof(proof, { region: STACK.region, nowMs, request: SHA });
  return checked.ok ? 'may be asked' : checked.error;
};

describe('a proof', () => {
  it('binds the stack and the request, in one spelling', () => {
    const arn = stackArnOf(STACK);
    expect(arn).toBe('arn:aws:cloudformation:eu-west-1:123456789012:stack/fleetmend');
    const text = boundText(arn, { action: 'pause', cluster: 'demo' });
    expect(boundText(arn, { cluster: 'demo', action: 'pause' })).toBe(text);
    const others = [
      boundText(stackArnOf({ ...STACK, account: '210987654321' }), { action: 'pause', cluster: 'demo' }),
      boundText(stackArnOf({ ...STACK, stackName: 'other' }), { action: 'pause', cluster: 'demo' }),
      boundText(arn, { action: 'resume', cluster: 'demo' }),
      boundText(arn, { action: 'pause' }),
      boundText(arn, { action: 'pause', cluster: 'demo', dryRun: true }),
    ];
    expect(new Set([text, ...others]).size).toBe(others.length + 1);
  });

  it.each([
    ['of now', DATE, NOW],
    ['of five minutes ago', DATE, NOW + 300_000],
    ['of a clock that is a minute ahead', DATE, NOW - 60_000],
  ])('%s may be asked about', (_, date, nowMs) => {
    expect(check(proofOf({ date }), nowMs)).toBe('may be asked');
  });

  it('of keys without a session has no token, and signs none', () => {
    const { securityToken: _, ...proof } = proofOf();
    const headers = `host;x-amz-date;${PROOF_HEADER}`;
    expect(check({ ...proof, authorization: authorization({ headers }) })).toBe('may be asked');
    expect(check(proof)).toBe(`it signs the headers ${HEADERS}, not ${headers}`);
  });

  it.each<[string, string, Proof]>([
    [
      'another service',
      'it was signed for iam in eu-west-1',
      proofOf({ authorization: authorization({ scope: 'eu-west-1/iam' }) }),
    ],
    [
      'another Region',
      'it was signed for sts in us-east-1',
      proofOf({ authorization: authorization({ scope: 'us-east-1/sts' }) }),
    ],
    [
      'another day',
      'its date is not that of its credential',
      proofOf({ authorization: authorization({ day: '20260821' }) }),
    ],
    [
      'an unsigned binding',
      'it signs the headers',
      proofOf({ authorization: authorization({ headers: 'host;x-amz-date;x-amz-security-token' }) }),
    ],
    [
      'a further header',
      'it signs the headers',
      proofOf({ authorization: authorization({ headers: `accept;${HEADERS}` }) }),
    ],
    ['no signature', 'its authorization is no AWS Signature', proofOf({ authorization: 'Bearer token' })],
    ['a line break', 'its authorization is no AWS Signature', proofOf({ authorization: `${authorization()}\r\nx: y` })],
    ['another request', 'it was signed for another request or another stack', proofOf({ request: 'c'.repeat(64) })],
    [
      'a date that does not exist',
      'its date 20261340T100000Z does not exist',
      proofOf({ date: '20261340T100000Z', authorization: authorization({ day: '20261340' }) }),
    ],
  ])('with %s is refused', (_, problem, proof) => {
    expect(check(proof)).toContain(problem);
  });

  it('that is older than five minutes, or of a clock that is ahead, is refused with both times', () => {
    expect(check(proofOf(), NOW + 301_000)).toBe(
      `it was signed at ${DATE}, more than 5 minutes before 2026-08-22T10:05:01.000Z; sign the request again`,
    );
    expect(check(proofOf(), NOW - 61_000)).toBe(
      `it was signed at ${DATE}, after 2026-08-22T09:58:59.000Z; correct the clock of the caller`,
    );
  });

  it('holds nothing but its four fields, without line breaks', () => {
    expect(Proof.safeParse(proofOf()).success).toBe(true);
    const strange = [
      { ...proofOf(), host: 'sts.evil.example' },
      proofOf({ date: '2026-08-22' }),
      proofOf({ securityToken: 'a\r\nhost: evil' }),
      proofOf({ request: 'x' }),
      proofOf({ authorization: 'x'.repeat(1001) }),
    ];
    expect(strange.map((proof) => Proof.safeParse(proof).success)).toEqual(strange.map(() => false));
  });
});

describe('the author whom STS names', () => {
  const account = '123456789012';
  it.each([
    [
      'a user',
      `arn:aws:iam::${account}:user/ops/mei`,
      'AIDA1',
      { arn: `arn:aws:iam::${account}:user/ops/mei`, userId: 'AIDA1' },
    ],
    [
      'the root user',
      `arn:aws:iam::${account}:root`,
      account,
      { arn: `arn:aws:iam::${account}:root`, userId: account },
    ],
    [
      'a role, without the session that its user named',
      `arn:aws-cn:sts::${account}:assumed-role/Ops/mei`,
      'AROA1:mei',
      { arn: `arn:aws-cn:sts::${account}:assumed-role/Ops`, userId: 'AROA1', sessionName: 'mei' },
    ],
    [
      'a federated user',
      `arn:aws:sts::${account}:federated-user/mei`,
      `${account}:mei`,
      { arn: `arn:aws:sts::${account}:federated-user`, userId: account, sessionName: 'mei' },
    ],
  ])('is %s', (_, arn, userId, author) => {
    expect(authorOfIdentity({ arn, userId, account })).toEqual({ kind: 'verified', account, ...author });
  });
});
