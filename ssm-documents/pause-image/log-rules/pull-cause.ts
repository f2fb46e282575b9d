import { isLocal } from '../../../core/logs/classify/image-ref.ts';
import { phrase, phrases, says } from '../../../core/logs/classify/text.ts';
import type { Segment } from '../../../core/model/log-lines.ts';

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
// The English of the programs, then what translations keep or use.
const CERTIFICATE = [
  ...phrases(
    'x509:',
    'failed to verify certificate',
    'signed by unknown authority',
    'certificate has expired',
    'failed to load CA file',
    'failed to load CA cert',
    'tls: bad certificate',
    'tls: unknown certificate',
    'certificado',
    'zertifikat',
  ),
  'сертификат',
  '证书',
  '證書',
  '憑證',
  '証明書',
  '인증서',
];
// A refusal has two meanings: the registry rejects the credentials, or it got none.
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
  'accès refusé',
  'acceso denegado',
);
// Programs and translations write the status after a colon: `: 401 未授权`.
const STATUS_401 = /:401(?!\d)/;
const STATUS_DENIED = /:40[03](?!\d)/;
const STATUS_404 = /:404(?!\d)/;
const STATUS_NO_ANSWER = /:(?:408|429|5\d\d)(?=[^\d:/.])/;
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
  ...phrases(
    'non autorisé',
    'no autorizado',
    'não autorizado',
    'nicht autorisiert',
    'не авторизован',
    'нет учетных данных',
  ),
];
// The registry is not reached. Source: the errors of the Go packages net and net/http.
const UNREACHABLE = [
  ...phrases(
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
    'client connection lost',
    'timeout awaiting response headers',
    'timed out',
    'Too Many Requests',
    'toomanyrequests',
    'zeitüberschreitung',
    'délai',
    'tiempo de espera',
    'тайм-аут',
  ),
  '超时',
  '超時',
  '逾時',
  '连接被拒绝',
  '連線被拒',
  '没有这样的主机',
  '网络不可达',
  'タイムアウト',
  '接続が拒否',
  '시간초과',
  '연결이거부',
];
// A request without any response: the registry was not reached, whatever the error is.
const NO_ANSWER = phrases('failed to do request', 'error pinging', 'pinging container registry');
const NO_SUCH_IMAGE = phrases('manifest unknown', '404 Not Found', 'status code 404', 'manifest for');
// containerd ends its error with the requested reference, which it may have completed (`docker.io/…`).
const NO_SUCH_REFERENCE =
  /[a-z0-9](?::[a-z0-9._-]{1,128}|@sha256:[0-9a-f]{64}):(?:notfound|未找到|找不到|見つかりません|nichtgefunden|introuvable|noencontrad|ненайден)/;
const NO_SUCH_PLATFORM = phrases('no match for platform', 'no matching manifest for');

const hasBoth = (segment: Segment, both: readonly string[]): boolean => both.every((it) => segment.lower.includes(it));

/** Whether an image is listed but its content is missing, in part or completely. */
export const isIncomplete = (segment: Segment): boolean =>
  says(segment, LOST_CONTENT) ||
  hasBoth(segment, [DIGEST, NOT_FOUND]) ||
  LOST_SNAPSHOT.some((both) => hasBoth(segment, both));

/** Whether the registry requires credentials and got none. */
export const wantsCredentials = (segment: Segment): boolean =>
  says(segment, NO_CREDENTIALS) || STATUS_401.test(segment.lower);

/** Whether the registry was not reached, or failed itself. */
const gotNoAnswer = (segment: Segment): boolean => says(segment, UNREACHABLE) || STATUS_NO_ANSWER.test(segment.lower);

/** Reasons of a failed pull of the sandbox image. */
export type PullCause =
  | 'DiskFull'
  | 'SandboxImageIncomplete'
  | 'SandboxImageWrongPlatform'
  | 'RegistryCertificate'
  | 'RegistryDenied'
  | 'RegistryImageNotFound'
  | 'RegistryUnreachable'
  | 'SandboxImageMissing';

const saysNotFound = (segment: Segment): boolean =>
  says(segment, NO_SUCH_IMAGE) || STATUS_404.test(segment.lower) || NO_SUCH_REFERENCE.test(segment.lower);

/** The reason and its test, in the order in which they are tried. */
const CAUSES: readonly (readonly [PullCause, (segment: Segment, image: string | undefined) => boolean])[] = [
  ['DiskFull', ({ lower }) => lower.includes(NO_SPACE)],
  ['SandboxImageIncomplete', (segment) => isIncomplete(segment)],
  ['SandboxImageMissing', (_, image) => isLocal(image)],
  ['RegistryCertificate', (segment) => says(segment, CERTIFICATE)],
  ['RegistryDenied', (segment) => says(segment, DENIED) || STATUS_DENIED.test(segment.lower)],
  ['SandboxImageMissing', (segment) => wantsCredentials(segment)],
  ['RegistryUnreachable', (segment) => gotNoAnswer(segment)],
  ['SandboxImageWrongPlatform', (segment) => says(segment, NO_SUCH_PLATFORM)],
  ['RegistryImageNotFound', saysNotFound],
  ['RegistryUnreachable', (segment) => says(segment, NO_ANSWER)],
];

/**
 * Why the sandbox image is not on the node, from a segment that shows that it is missing. `SandboxImageMissing` where the
 * segment names no cause, for example because it is cut before it.
 */
export const causeOf = (segment: Segment, image: string | undefined): PullCause =>
  CAUSES.find(([, isCause]) => isCause(segment, image))?.[0] ?? 'SandboxImageMissing';

/** Whether the segment names the cause of a failed pull. */
export const hasCause = (segment: Segment): boolean =>
  [DENIED, CERTIFICATE].some((any) => says(segment, any)) ||
  STATUS_DENIED.test(segment.lower) ||
  wantsCredentials(segment) ||
  gotNoAnswer(segment);
