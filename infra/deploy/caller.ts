import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { EXIT, firstLine, UserError } from '../user-error.ts';

/** The identity of the credentials of a deployment. */
export type Caller = { readonly account: string; readonly arn: string };

/** The region, partition and profile for the AWS clients of a deployment. */
export type Target = { readonly region: string; readonly profile?: string };

const EXPIRED = new Set(['ExpiredToken', 'ExpiredTokenException']);
/** The errors of STS and other services for keys of another partition. Source: STS API, common errors. */
const FOREIGN = new Set(['InvalidClientTokenId', 'UnrecognizedClientException', 'SignatureDoesNotMatch']);
const NO_SUCH_HOST = new Set(['ENOTFOUND', 'EAI_AGAIN']);

const nameOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.name : 'Error');
const codeOf = (thrown: unknown): string =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';

const refusal = (thrown: unknown, { region, profile }: Target, account: string): UserError => {
  const why = `${nameOf(thrown)}: ${firstLine(thrown)}`;
  const wanted = `account ${account} in ${region}${profile === undefined ? '' : ` by the profile ${profile}`}`;
  if (/CredentialsProvider|^TokenProvider|^Credentials/.test(nameOf(thrown))) {
    return new UserError(
      `found no AWS credentials for ${wanted} (${firstLine(thrown)}): sign in, or name a profile with --profile`,
      EXIT.aws,
      thrown,
    );
  }
  if (EXPIRED.has(nameOf(thrown))) {
    return new UserError(`the AWS credentials for ${wanted} have expired: sign in again`, EXIT.aws, thrown);
  }
  if (FOREIGN.has(nameOf(thrown))) {
    return new UserError(
      `the AWS credentials are not valid in ${region} (${why}): use those of ${wanted}; each partition has its own`,
      EXIT.aws,
      thrown,
    );
  }
  if (NO_SUCH_HOST.has(codeOf(thrown))) {
    return new UserError(
      `cannot find AWS STS of ${region} (${firstLine(thrown)}): is the Region spelled right, and is there a network?`,
      EXIT.aws,
      thrown,
    );
  }
  return new UserError(`asking AWS STS of ${region} whose credentials these are failed: ${why}`, EXIT.aws, thrown);
};

/**
 * Reads the identity of the credentials from STS, and compares the account with the configuration.
 *
 * @throws UserError in one line where there are none, they are refused, or they are of another account
 */
export const checkCaller = async (
  target: Target,
  account: string,
  client: Pick<STSClient, 'send'> = new STSClient({ ...target, maxAttempts: 2 }),
): Promise<Caller> => {
  const { Account, Arn } = await client.send(new GetCallerIdentityCommand({})).catch((thrown: unknown) => {
    throw refusal(thrown, target, account);
  });
  if (Account === undefined || Arn === undefined) {
    throw new UserError(`AWS STS of ${target.region} named no account: deployment refused`, EXIT.aws);
  }
  if (Account !== account) {
    throw new UserError(
      `the credentials are of account ${Account} (${Arn}), and the configuration is for account ${account}: use other credentials (--profile) or another configuration (--config)`,
      EXIT.refused,
    );
  }
  return { account: Account, arn: Arn };
};
