import { AwsError } from './aws-error.ts';

/** Source: IAM User Guide, "Elements of an AWS API request signature": a request must reach AWS within five minutes. */
const MAX_AGE_MS = 5 * 60_000;

const DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** Refuses a request that was signed more than five minutes ago, as AWS does where its sender was frozen in between. */
export const refuseOldSignature = (signedAt: string | undefined, nowMs: number): void => {
  if (signedAt === undefined || !DATE.test(signedAt)) return;
  const signedMs = Date.parse(signedAt.replace(DATE, '$1-$2-$3T$4:$5:$6Z'));
  if (nowMs - signedMs <= MAX_AGE_MS) return;
  const now = new Date(nowMs).toISOString();
  throw new AwsError(
    'InvalidSignatureException',
    `Signature expired: ${signedAt} is more than 5 min before ${now}`,
    403,
  );
};
