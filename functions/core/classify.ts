/** Every reason that a log line can give. Each stands in the catalogue of a remediation, which answers for it. */
export const LOG_REASONS = [
  'SandboxImageMissing',
  'SandboxImageIncomplete',
  'RegistryCertificate',
  'RegistryDenied',
  'RegistryUnreachable',
  'RegistryImageNotFound',
  'DiskFull',
  'ImageGCPressure',
] as const;
/** One of {@link LOG_REASONS}. */
export type LogReason = (typeof LOG_REASONS)[number];

/** What one log line says about the node that wrote it. */
export type Classified = {
  readonly reason: LogReason;
  /** The failing sandbox image, where the line names it. */
  readonly image?: string;
  /** Present where the line only foretells the fault: it asks for a check, never for a repair. */
  readonly hint?: true;
};

/** A CloudWatch Logs event has at most 256 KB; the words that matter stand far before this. */
export const MAX_LINE_LENGTH = 16_384;

const MAX_IMAGE_LENGTH = 300;

// Where containerd and cri-dockerd name the image that they wanted, the most telling first (facts: containerd 1.6-2.3).
const IMAGE_MARKERS = [
  'get sandbox image "',
  'failed to pull image "',
  'failed to pull and unpack image "',
  'failed to resolve reference "',
  'failed pulling image "',
];

const IMAGE_REF = /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,299}$/;

/** An ImageDelete event names its image as `{Name:REF,` (containerd 1.6) or as `name:"REF"` (1.7 and later). */
const DELETED_MARKERS = ['ImageDelete event &ImageDelete{Name:', 'ImageDelete event name:"'];

const PULL_OF_AN_APPLICATION = ['PullImage', 'Failed to pull image', 'ImagePull'];

// Errors of reaching the registry at all, in the words of Go's net and net/http packages.
const UNREACHABLE = [
  'no such host',
  'i/o timeout',
  'connection refused',
  'connection reset by peer',
  'context deadline exceeded',
  'TLS handshake timeout',
  'network is unreachable',
  'no route to host',
  'Client.Timeout exceeded',
  'server misbehaving',
  'Bad Gateway',
  'Service Unavailable',
  ': EOF',
];

// What AL2's own unit for the sandbox image says when it fails (amazon-eks-ami, sandbox-image.service).
const SANDBOX_UNIT_FAILED = 'Failed to start pull sandbox image defined in containerd config.toml';

const GC_LINES = [
  'Disk usage on image filesystem is over the high threshold',
  'Image garbage collection failed multiple times in a row',
];

const has = (line: string, phrases: readonly string[]): boolean => phrases.some((phrase) => line.includes(phrase));

/** The text from `start` up to the first of `ends`, where it has the form of an image reference. */
const refAt = (line: string, start: number, ends: readonly string[]): string | undefined => {
  const text = line.slice(start, start + MAX_IMAGE_LENGTH + 1);
  const stops = ends.map((end) => text.indexOf(end)).filter((at) => at > 0);
  const ref = stops.length === 0 ? '' : text.slice(0, Math.min(...stops));
  return IMAGE_REF.test(ref) ? ref : undefined;
};

const failingImage = (line: string): string | undefined => {
  for (const marker of IMAGE_MARKERS) {
    const at = line.indexOf(marker);
    const ref = at < 0 ? undefined : refAt(line, at + marker.length, ['"']);
    if (ref !== undefined) return ref;
  }
  return undefined;
};

/** Whether a reference's repository is a pause image: its last component is `pause` (or Windows' `pause-windows`). */
const isPause = (ref: string): boolean => {
  const name = (ref.split('@', 1)[0] ?? '').split('/').at(-1) ?? '';
  return ref.includes('/') && /^pause(?:-windows)?(?::|$)/.test(name);
};

const isLocal = (ref: string | undefined): boolean => ref?.startsWith('localhost/') === true;

const reasonOf = (line: string, image: string | undefined): LogReason => {
  if (line.includes('no space left on device')) return 'DiskFull';
  // An image record whose layers are gone: containerd tries to unpack it and finds nothing (facts, section 2.4).
  if (line.includes('error unpacking image')) return 'SandboxImageIncomplete';
  // No registry serves `localhost/…`: the name is only ever a local image (AL2023), and it has gone.
  if (isLocal(image)) return 'SandboxImageMissing';
  if (line.includes('x509:') || line.includes('tls: failed to verify')) return 'RegistryCertificate';
  if (has(line, ['403 Forbidden', '400 Bad Request'])) return 'RegistryDenied';
  if (has(line, ['401 Unauthorized', 'no basic auth credentials', 'authorization failed']))
    return 'SandboxImageMissing';
  if (has(line, UNREACHABLE)) return 'RegistryUnreachable';
  if (image !== undefined && line.includes(`${image}: not found`)) return 'RegistryImageNotFound';
  return 'SandboxImageMissing';
};

/**
 * Classifies one line of kubelet, containerd, cri-dockerd or systemd; null for all that is not the sandbox image's
 * trouble (an application's image, CNI, memory, …). Pure, and linear in the line's length. The phrases are those of
 * `facts` section 3: containerd 1.4 to 2.3 and kubelet 1.2x, with klog's and logfmt's quoting taken off first.
 */
export const classify = (raw: string): Classified | null => {
  const line = raw.slice(0, MAX_LINE_LENGTH).replaceAll('\\', '');

  for (const marker of DELETED_MARKERS) {
    const at = line.indexOf(marker);
    if (at < 0) continue;
    const image = refAt(line, at + marker.length, [',', '"', '}']);
    return image !== undefined && isPause(image) ? { reason: 'SandboxImageMissing', image, hint: true } : null;
  }
  if (has(line, GC_LINES)) return { reason: 'ImageGCPressure', hint: true };
  if (line.includes(SANDBOX_UNIT_FAILED)) return { reason: 'SandboxImageMissing' };

  const image = failingImage(line);
  const saysSandboxImage = line.includes('get sandbox image "');
  if (image === undefined) {
    const isUnpacking = line.includes('PodSandbox') && line.includes('error unpacking image');
    return isUnpacking ? { reason: reasonOf(line, undefined) } : null;
  }
  if (!saysSandboxImage && (!isPause(image) || has(line, PULL_OF_AN_APPLICATION))) return null;
  return { reason: reasonOf(line, image), image };
};
