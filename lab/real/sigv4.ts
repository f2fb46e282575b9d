import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** A request as it was signed. */
export type SignedRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

/** Role credentials as instance metadata hands them out. */
export type RoleCredentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
};

/** The identity that signed a request, or the error of AWS for it. */
export type SignatureCheck =
  | { readonly ok: true; readonly accessKeyId: string }
  | { readonly ok: false; readonly type: string; readonly message: string };

const MAX_SKEW_MILLISECONDS = 5 * 60 * 1000;

/**
 * Checks an AWS Signature Version 4 of a POST without a query, with AWS's errors.
 * Source: "Create a signed AWS API request" in the IAM user guide.
 */
export function checkSignature(
  request: SignedRequest,
  expected: { service: string; region: string; now: Date; find: (accessKeyId: string) => RoleCredentials | undefined },
): SignatureCheck {
  const parsed =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      request.headers.authorization ?? '',
    );
  if (parsed === null) return refusal('MissingAuthenticationTokenException', 'Missing Authentication Token');
  const [, accessKeyId = '', date = '', region = '', service = '', signedHeaders = '', signature = ''] = parsed;
  const credentials = expected.find(accessKeyId);
  if (credentials === undefined || headerOf(request, 'x-amz-security-token') !== credentials.sessionToken) {
    return refusal('UnrecognizedClientException', 'The security token included in the request is invalid.');
  }
  if (region !== expected.region || service !== expected.service) {
    return refusal(
      'InvalidSignatureException',
      `Credential should be scoped to a valid region. (${region}/${service})`,
    );
  }
  const time = headerOf(request, 'x-amz-date');
  const signedAt = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (Number.isNaN(signedAt) || Math.abs(signedAt - expected.now.getTime()) > MAX_SKEW_MILLISECONDS) {
    return refusal(
      'InvalidSignatureException',
      `Signature expired: ${time} is now earlier than ${expected.now.toISOString()}`,
    );
  }
  const scope = `${date}/${region}/${service}/aws4_request`;
  const canonical = canonicalRequest(request, signedHeaders);
  const stringToSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const key = [date, region, service, 'aws4_request'].reduce<Buffer | string>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${credentials.secretAccessKey}`,
  );
  const wanted = createHmac('sha256', key).update(stringToSign).digest();
  if (!timingSafeEqual(wanted, Buffer.from(signature, 'hex'))) {
    // AWS repeats the request, with the session's token.
    const message = `The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\n\nThe Canonical String for this request should have been\n'${canonical}'\n`;
    return refusal('InvalidSignatureException', message);
  }
  return { ok: true, accessKeyId };
}

function canonicalRequest(request: SignedRequest, signedHeaders: string): string {
  const headers = signedHeaders.split(';').map((name) => `${name}:${headerOf(request, name).trim()}\n`);
  return [request.method, request.path, '', headers.join(''), signedHeaders, sha256(request.body)].join('\n');
}

function headerOf(request: SignedRequest, name: string): string {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : (value ?? '');
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function refusal(type: string, message: string): SignatureCheck {
  return { ok: false, type, message };
}
