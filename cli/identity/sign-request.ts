import { createHash } from 'node:crypto';
import { Sha256 } from '@aws-crypto/sha256-js';
import { STSClient } from '@aws-sdk/client-sts';
import { SignatureV4 } from '@smithy/signature-v4';
import { boundText, PROOF_HEADER, type Proof } from '../../core/api/proof.ts';
import { defined } from '../../core/model/defined.ts';

/** The body of GetCallerIdentity. Source: AWS STS API Reference, GetCallerIdentity. */
const BODY = 'Action=GetCallerIdentity&Version=2011-06-15';

/** The keys that sign, and the stack for which they do. */
export type Signer = {
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  readonly region: string;
  /** The ARN of the stack, as `stackArnOf` writes it. */
  readonly stackArn: string;
  /** The stack's functions call FIPS endpoints: its `useFipsEndpoint`. */
  readonly useFipsEndpoint?: boolean;
  /** Another address of AWS, such as that of a lab: operator-api there calls the same one. */
  readonly endpointUrl?: string;
  readonly now?: Date;
};

/** The host of STS in a Region, by the partitions that the SDK knows. */
const hostOf = ({ region, useFipsEndpoint = false, endpointUrl }: Signer): string => {
  const { config } = new STSClient({ region });
  const { url } = config.endpointProvider({
    Region: region,
    UseFIPS: useFipsEndpoint,
    UseDualStack: false,
    UseGlobalEndpoint: false,
    ...defined({ Endpoint: endpointUrl }),
  });
  return url.host;
};

/**
 * Signs a request for operator-api: the returned proof goes into its field `proof`, and is good for 5 minutes. Nothing is
 * sent. The request must be sent as it is given here; operator-api refuses any other with this proof.
 */
export const signRequest = async (request: Readonly<Record<string, unknown>>, signer: Signer): Promise<Proof> => {
  const { credentials, region, stackArn, now = new Date() } = signer;
  // As the function reads it: without fields that have no value.
  const sent = JSON.parse(JSON.stringify(request)) as Readonly<Record<string, unknown>>;
  const bound = createHash('sha256').update(boundText(stackArn, sent)).digest('hex');
  const host = hostOf(signer);
  const signature = new SignatureV4({ service: 'sts', region, credentials, sha256: Sha256, applyChecksum: false });
  const { headers } = await signature.sign(
    {
      method: 'POST',
      protocol: 'https:',
      hostname: host,
      path: '/',
      query: {},
      headers: { host, [PROOF_HEADER]: bound },
      body: BODY,
    },
    { signingDate: now },
  );
  const { authorization = '', 'x-amz-date': date = '', 'x-amz-security-token': securityToken } = headers;
  return { authorization, date, request: bound, ...defined({ securityToken }) };
};
