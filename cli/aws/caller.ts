import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { type Proof, stackArnOf } from '../../core/api/proof.ts';
import { defined } from '../../core/model/defined.ts';
import { signRequest } from '../identity/sign-request.ts';
import type { Payload, Place } from './connection.ts';

/** The longest wait for STS: without it a request goes on as a claim, or is refused. */
const TIMEOUT_MS = 5000;
const ARN = /^arn:(?<partition>[^:]+):/;

/** Signs requests for operator-api with the credentials of a place. Throws where STS cannot be asked whose they are. */
export const createProver = ({
  stack: stackName,
  region,
  profile,
  endpoint,
  fips,
}: Place): ((request: Payload) => Promise<Proof>) => {
  const client = new STSClient({
    ...defined({ region, profile, endpoint, useFipsEndpoint: fips }),
    maxAttempts: 2,
    requestHandler: { requestTimeout: TIMEOUT_MS, connectionTimeout: TIMEOUT_MS },
  });
  const ask = async () => {
    const { Account: account = '', Arn = '' } = await client.send(new GetCallerIdentityCommand({}));
    return { account, partition: ARN.exec(Arn)?.groups?.partition ?? '' };
  };
  let caller: ReturnType<typeof ask> | undefined;
  return async (request) => {
    caller ??= ask();
    const own = { ...(await caller), region: await client.config.region(), stackName };
    const { accessKeyId, secretAccessKey, sessionToken } = await client.config.credentials();
    return await signRequest(request, {
      credentials: { accessKeyId, secretAccessKey, ...defined({ sessionToken }) },
      region: own.region,
      stackArn: stackArnOf(own),
      ...defined({ endpointUrl: endpoint, useFipsEndpoint: fips }),
      // The SDK has learned from AWS's answers how far the clock of this machine is off.
      now: new Date(Date.now() + client.config.systemClockOffset),
    });
  };
};
