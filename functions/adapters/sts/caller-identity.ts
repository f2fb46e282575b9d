import { GetCallerIdentityCommand, type STSClient } from '@aws-sdk/client-sts';
import { type CallerIdentity, PROOF_HEADER, type Proof } from '../../../core/api/proof.ts';
import { defined } from '../../../core/model/defined.ts';

/**
 * What STS answers to a proof: who signed it, that it refuses it, or that it could not be asked. The reasons hold names of errors
 * alone, because STS repeats a request whose signature is wrong, token and all.
 */
export type IdentityAnswer =
  | { readonly kind: 'named'; readonly identity: CallerIdentity }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'away'; readonly why: string };

/** Asks STS who signed a proof. It never throws. */
export type CallerCheck = (proof: Proof) => Promise<IdentityAnswer>;

/**
 * Options of the client: a person waits. The signature is the caller's own, so the client has none; its schemes are those
 * that STS asks for.
 */
export const PROOF_CLIENT = {
  requestHandler: { connectionTimeout: 1000, requestTimeout: 2000 },
  httpAuthSchemes: [
    {
      schemeId: 'aws.auth#sigv4',
      identityProvider: () => async () => ({}),
      signer: { sign: async <Request>(request: Request): Promise<Request> => request },
    },
  ],
};

/** The errors of STS that say nothing about the signature, though the caller is called the cause. Source: STS, common errors. */
const BUSY = /Throttl|TooManyRequests|RequestLimitExceeded|RequestTimeout/;

type Failure = { readonly name?: string; readonly $metadata?: { readonly httpStatusCode?: number } };

const failed = (thrown: unknown): IdentityAnswer => {
  const { name = 'Error', $metadata: { httpStatusCode: status = 0 } = {} } = thrown as Failure;
  const isRefusal = status >= 400 && status < 500 && !BUSY.test(name);
  return { kind: isRefusal ? 'refused' : 'away', why: name };
};

/** Creates the check. The client is one with {@link PROOF_CLIENT}: it builds host, path and body itself. */
export const createCallerCheck =
  ({ client }: { readonly client: Pick<STSClient, 'send'> }): CallerCheck =>
  async ({ authorization, date, securityToken, request }) => {
    const command = new GetCallerIdentityCommand({});
    const headers = {
      authorization,
      'x-amz-date': date,
      ...defined({ 'x-amz-security-token': securityToken }),
      [PROOF_HEADER]: request,
    };
    command.middlewareStack.add(
      (next) => (args) => {
        Object.assign((args.request as { readonly headers: Record<string, string> }).headers, headers);
        return next(args);
      },
      { step: 'build', name: 'callersSignature' },
    );
    try {
      const { Arn: arn, UserId: userId, Account: account } = await client.send(command);
      if (arn === undefined || userId === undefined || account === undefined) {
        return { kind: 'away', why: 'an answer without an identity' };
      }
      return { kind: 'named', identity: { arn, userId, account } };
    } catch (thrown) {
      return failed(thrown);
    }
  };
