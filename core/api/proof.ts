import * as z from 'zod';
import { failure, type Result, success } from '../model/result.ts';
import { canonicalJson } from '../model/strict-json.ts';
import type { Author } from './action-row.ts';

/** The signed header that binds a proof to one request on one stack. */
export const PROOF_HEADER = 'x-fleetmend-request';

/**
 * A caller's proof of their identity: the headers of a request GetCallerIdentity to AWS STS, which the caller has signed and
 * not sent. operator-api builds the rest of that request itself.
 */
export const Proof = z.strictObject({
  authorization: z.string().max(1000),
  /** `X-Amz-Date`. */
  date: z.string().regex(/^\d{8}T\d{6}Z$/, 'expected a time such as 20260822T100000Z'),
  /** `X-Amz-Security-Token`: temporary credentials have one. */
  securityToken: z
    .string()
    .regex(/^[\x21-\x7e]{1,8192}$/, 'expected printable characters, 8,192 at most')
    .optional(),
  /** The header {@link PROOF_HEADER}: the sha256 of {@link boundText}, in hexadecimal. */
  request: z.string().regex(/^[0-9a-f]{64}$/, 'expected a sha256 in hexadecimal'),
});
export type Proof = Readonly<z.infer<typeof Proof>>;

/** How long a proof is good for. Source: IAM User Guide, "Elements of an AWS API request signature". */
const MAX_AGE_MS = 5 * 60_000;
/** How far the caller's clock may be ahead. */
const MAX_AHEAD_MS = 60_000;

/** A stack's ARN without its unique id, so that whoever knows account, Region and name knows it. */
export const stackArnOf = (stack: {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly stackName: string;
}): string => `arn:${stack.partition}:cloudformation:${stack.region}:${stack.account}:stack/${stack.stackName}`;

/** The text whose sha256 a proof carries: the stack, and the request in one spelling. */
export const boundText = (stackArn: string, request: Readonly<Record<string, unknown>>): string =>
  canonicalJson([stackArn, request]);

/** The headers that a proof has signed, as its authorization must list them: no other, and none unsigned. */
const signedHeaders = ({ securityToken }: Proof): string =>
  ['host', 'x-amz-date', ...(securityToken === undefined ? [] : ['x-amz-security-token']), PROOF_HEADER].join(';');

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=[A-Z0-9]{16,128}\/(?<day>\d{8})\/(?<region>[a-z0-9-]+)\/(?<service>[a-z0-9-]+)\/aws4_request, SignedHeaders=(?<headers>[a-z0-9;-]+), Signature=[0-9a-f]{64}$/;

const timeOf = (date: string): number =>
  Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));

const timeProblem = ({ date }: Proof, nowMs: number): string | undefined => {
  const ageMs = nowMs - timeOf(date);
  const now = new Date(nowMs).toISOString();
  if (Number.isNaN(ageMs)) return `its date ${date} does not exist`;
  if (ageMs > MAX_AGE_MS) return `it was signed at ${date}, more than 5 minutes before ${now}; sign the request again`;
  if (ageMs < -MAX_AHEAD_MS) return `it was signed at ${date}, after ${now}; correct the clock of the caller`;
  return undefined;
};

/**
 * Whether STS may be asked about a proof: it is for this request, this stack and this Region, of the last 5 minutes, and what
 * binds it is signed. Returns the problem otherwise. Whether the signature is right, STS alone knows.
 */
export const checkProof = (
  proof: Proof,
  here: { readonly region: string; readonly nowMs: number; readonly request: string },
): Result<Proof> => {
  const { day, region, service, headers } = AUTHORIZATION.exec(proof.authorization)?.groups ?? {};
  if (headers === undefined) return failure('its authorization is no AWS Signature Version 4');
  if (service !== 'sts' || region !== here.region) {
    return failure(`it was signed for ${service} in ${region}, not for sts in ${here.region}`);
  }
  if (day !== proof.date.slice(0, 8)) return failure('its date is not that of its credential');
  const wanted = signedHeaders(proof);
  if (headers !== wanted) return failure(`it signs the headers ${headers}, not ${wanted}`);
  const late = timeProblem(proof, here.nowMs);
  if (late !== undefined) return failure(late);
  if (proof.request !== here.request) return failure('it was signed for another request or another stack');
  return success(proof);
};

/** The answer of GetCallerIdentity. */
export type CallerIdentity = { readonly arn: string; readonly userId: string; readonly account: string };

/** An ARN that ends in a name which the caller chose. Source: IAM User Guide, "IAM identifiers". */
const SESSION = /^(arn:[^:]+:sts::\d{12}:(?:assumed-role\/[^/]+|federated-user))\/.+$/;

/** The author whom STS named; the name of a session, which its user chose, is kept apart. */
export const authorOfIdentity = ({ arn, userId, account }: CallerIdentity): Author => {
  const owner = arn.replace(SESSION, '$1');
  const author = { kind: 'verified', arn: owner, userId: userId.replace(/:.*$/, ''), account } as const;
  return owner === arn ? author : { ...author, sessionName: arn.slice(owner.length + 1) };
};
