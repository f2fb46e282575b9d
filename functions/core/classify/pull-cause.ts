import type { Fault } from './fault.ts';
import { isLocal } from './image-ref.ts';
import { phrase, phrases, type Segment, says } from './text.ts';

const NO_SPACE = phrase('no space left on device');
const LOST_CONTENT = phrases(
  'error unpacking image',
  'failed to resolve rootfs',
  'exec: "/pause": stat /pause',
  'exec /pause: no such file',
  'failed to get image spec',
);
const DIGEST = phrase('content digest');
const NOT_FOUND = phrase('not found');
const LOST_SNAPSHOT = [phrases('missing parent', 'bucket'), phrases('parent snapshot', 'does not exist')];
const CERTIFICATE = phrases(
  'x509:',
  'failed to verify certificate',
  'signed by unknown authority',
  'certificate has expired',
);
// Two meanings of refusal: the registry did not like what it was shown, or was shown nothing at all.
const DENIED = phrases(
  '403 Forbidden',
  '400 Bad Request',
  'authorization token has expired',
  'not authorized to perform',
  'AccessDeniedException',
  'requested access to the resource is denied',
  'status code 403',
  'status: 403',
  'status code: 403',
  'statuscode=403',
);
const NO_CREDENTIALS = [
  ...phrases(
    '401 Unauthorized',
    'no basic auth credentials',
    'authorization failed',
    'authentication required',
    'pull access denied',
    'status code 401',
    'status: 401',
    'status code: 401',
    'incorrect username or password',
  ),
  '未授权',
  '未授權',
  '未经授权',
  '未經授權',
  '未认证',
  '基本身份验证',
  '认证失败',
  '認証',
  '인증',
];
// Errors of reaching the registry at all, in the words of Go's net and net/http packages.
const UNREACHABLE = phrases(
  'no such host',
  'i/o timeout',
  'connection refused',
  'connection reset by peer',
  'connection timed out',
  'context deadline exceeded',
  'TLS handshake timeout',
  'handshake failure',
  'network is unreachable',
  'no route to host',
  'Client.Timeout exceeded',
  'request canceled while waiting for connection',
  'server misbehaving',
  'name resolution',
  'Bad Gateway',
  'Service Unavailable',
  'Gateway Timeout',
  'Internal Server Error',
  'proxyconnect',
  'server gave HTTP response to HTTPS client',
  'unexpected EOF',
  ': EOF',
  'dial tcp',
);
const NO_SUCH_IMAGE = phrases(
  'manifest unknown',
  '404 Not Found',
  'no match for platform',
  'status code 404',
  'manifest for',
);

const hasBoth = (segment: Segment, both: readonly string[]): boolean => both.every((it) => segment.lower.includes(it));

/** Whether the content of an image that is listed has gone, in part or whole (facts, section 2.4). */
export const isIncomplete = (segment: Segment): boolean =>
  says(segment, LOST_CONTENT) ||
  hasBoth(segment, [DIGEST, NOT_FOUND]) ||
  LOST_SNAPSHOT.some((both) => hasBoth(segment, both));

/** What kept the sandbox image from the node, out of a segment that says that it is not there. */
export const causeOf = (segment: Segment, image: string | undefined): Fault['reason'] => {
  if (segment.lower.includes(NO_SPACE)) return 'DiskFull';
  if (isIncomplete(segment)) return 'SandboxImageIncomplete';
  if (isLocal(image)) return 'SandboxImageMissing';
  if (says(segment, CERTIFICATE)) return 'RegistryCertificate';
  if (says(segment, DENIED)) return 'RegistryDenied';
  if (says(segment, NO_CREDENTIALS)) return 'SandboxImageMissing';
  if (says(segment, UNREACHABLE)) return 'RegistryUnreachable';
  if (says(segment, NO_SUCH_IMAGE)) return 'RegistryImageNotFound';
  if (image !== undefined && segment.lower.includes(phrase(`${image}: not found`))) return 'RegistryImageNotFound';
  // A request that got no answer, cut off before it says why.
  if (/failedtodorequest:(?:head|get)"?https?:\/\/[^"]*"?(?:\.\.\.)?$/.test(segment.lower.slice(-1000))) {
    return 'RegistryUnreachable';
  }
  return 'SandboxImageMissing';
};

/** Whether the segment says why a pull failed. */
export const hasCause = (segment: Segment): boolean =>
  [DENIED, NO_CREDENTIALS, CERTIFICATE, UNREACHABLE].some((any) => says(segment, any));

/** Whether the registry wanted credentials and was shown none. */
export const wantsCredentials = (segment: Segment): boolean => says(segment, NO_CREDENTIALS);
