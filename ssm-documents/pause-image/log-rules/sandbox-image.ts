import {
  firstRef,
  imageOfRequest,
  isLocal,
  isPause,
  type Named,
  pauseAnywhere,
  refAfter,
} from '../../../core/logs/classify/image-ref.ts';
import { phrase, phrases, says } from '../../../core/logs/classify/text.ts';
import { EKS_ACCOUNTS } from '../../../core/model/eks-registries.ts';
import { defineLogRule, type Segment } from '../../../core/model/log-lines.ts';
import { byScript, unitFailed } from './al2-unit.ts';
import { announcement, deletion } from './announcements.ts';
import { causeOf, hasCause, isIncomplete, wantsCredentials } from './pull-cause.ts';
import { fault, type SandboxImageFault } from './sandbox-image-fault.ts';

// Text that is only logged where a runtime fails to start a sandbox: kubelet of every version, containerd, dockershim,
// cri-dockerd, CRI-O, pod events.
const STARTING = phrases(
  'RunPodSandbox',
  'CreatePodSandbox',
  'FailedCreatePodSandBox',
  'create pod sandbox',
  'creating pod sandbox',
  'create sandbox for pod',
  'create a sandbox for pod',
  'failed to start sandbox',
  'run pod sandbox',
  'pull-sandbox-image',
  'sandbox-image.service',
  'ensureSandboxImageExists',
  'create pod infra container',
);

const PULLING_BY_ROLE = phrase('pulling sandbox image');
// Phrases for the sandbox image alone: no other image is pulled with them.
const NAMED_BY_ROLE = phrases('get sandbox image', 'pull sandbox image', 'inspect sandbox image', PULLING_BY_ROLE);
// From the description of the unit on AL2, which systemd also logs on success.
const DEFINED_IN = phrases('defined in');

// Text of a runtime about a sandbox, and of kubelet and of events around it.
const RUNTIME_TEXT = [...STARTING, ...phrases('rpc error', 'failed to pull image', 'level=error')];

// For translated texts, and for pastes inside a comment.
const SANDBOX_NAMES = [
  '沙箱',
  '沙盒',
  '沙盤',
  'サンドボックス',
  '샌드박스',
  'песочниц',
  ...phrases('sandbox', 'bac à sable', 'caja de arena', 'espacio aislado', 'caixa de areia', 'piaskownic', 'hộp cát'),
];

// Phrases after which containerd, dockershim, cri-dockerd and CRI-O name the image, the most specific first.
const IMAGE_MARKERS = phrases(
  'get sandbox image',
  'pull sandbox image',
  'inspect sandbox image',
  'failed pulling image',
  'failed to pull image',
  'failed to pull and unpack image',
  'failed to resolve reference',
  'failed to resolve image',
  'unable to pull image',
  'pull image',
  'back-off pulling image',
);
// The container of the sandbox in kubelets before CRI: `failed to "StartContainer" for "POD" with ErrImagePull`.
const INFRA_CONTAINER = 'for"POD"with';
// The sandbox image is listed, but its content is missing from the store.
const LOST_FROM_STORE = phrase('failed to get image from containerd "');

const PULLING = phrases(
  'failed to pull',
  'image pull failed for',
  'failed pulling image',
  'failed to resolve reference',
  'failed to resolve image',
  'back-off pulling image',
  'unable to pull',
  'pull access denied',
  'failed to do request',
  'Error response from daemon: Get',
  'Error response from daemon: Head',
  'Error response from daemon: manifest',
  'Error response from daemon: unauthorized',
  'Error response from daemon: toomanyrequests',
  'Error response from daemon: error parsing HTTP',
  'initializing source docker://',
  'determining manifest MIME type for docker://',
  'reading manifest',
  'pinging container registry',
  'pulling from host',
);

// The image of an application: the CRI call, the image manager of kubelet, pod events. Case matters: the error chain of
// containerd contains `failed to pull image` for the sandbox image as well.
const PULL_OF_AN_APPLICATION = [
  'PullImage',
  'Failedtopullimage',
  'Pullimage"',
  'ErrImagePull',
  'ImagePullBackOff',
  'Back-offpullingimage',
  'StartContainer',
  'CreateContainer',
];
const isOfAnApplication = ({ compact }: Segment): boolean => PULL_OF_AN_APPLICATION.some((it) => compact.includes(it));

const NETWORKING = phrases(
  'setup network for sandbox',
  'set up sandbox container',
  'set up pod',
  'destroy network for sandbox',
);

const WRONG_PLATFORM = phrases(
  'exec /pause: exec format error',
  '"/pause": exec format error',
  '/pause: exec format error',
);

/** Whether a marker names what failed: `failed to pull sandbox image`, not `Pulling sandbox image…`. */
const isFailing = (segment: Segment, marker: string): boolean =>
  ['failedto', 'unableto', 'error', 'failed'].some((prefix) => segment.lower.includes(`${prefix}${marker}`)) ||
  hasCause(segment);

// A text that ends within the phrase. One letter less could also be `failed to get sandbox runtime`.
const CUT_IN_PHRASE = /failedtogetsandboxi(?:m|ma|mag|mage)?(?:\.\.\.)?$/;

// containerd writes this before it opens a quotation that has the phrase.
const CONTAINERD_ERROR = phrase('failed, error');

/** Whether the phrase itself is in quotes, as a search, a test or a headline quotes it. */
const isQuoted = ({ lower }: Segment, marker: string): boolean => {
  const at = lower.indexOf(marker);
  const [before, after] = [
    lower.slice(Math.max(0, at - 9), at),
    lower.slice(at + marker.length, at + marker.length + 2),
  ];
  return /["'](?:failedto)?$/.test(before) && !/^"[a-z0-9]/.test(after) && !lower.includes(CONTAINERD_ERROR);
};

const PULLED = [phrase('failed to pull image')];

/** The reference; where it contains blanks, the same reference from another place of the text. */
const intact = (segment: Segment, ref: string): string => {
  if (segment.text.includes(ref)) return ref;
  const again = firstRef(segment, PULLED);
  return again !== undefined && segment.text.includes(again) ? again : ref;
};

/** Other products have sandboxes, and images for them. */
const isKubernetesSandbox = (segment: Segment, ref: string): boolean =>
  isPause(ref) || isLocal(ref) || says(segment, RUNTIME_TEXT);

const withName = (segment: Segment, marker: string, ref: string): SandboxImageFault | null =>
  isKubernetesSandbox(segment, ref) && (marker !== PULLING_BY_ROLE || isFailing(segment, marker))
    ? fault(segment, intact(segment, ref))
    : null;

/** A rule or a search may end with the phrase as well, so it counts in the text of a runtime only. */
const cutName = (segment: Segment, marker: string): SandboxImageFault | null =>
  says(segment, RUNTIME_TEXT) && !isQuoted(segment, marker) ? fault(segment, firstRef(segment, IMAGE_MARKERS)) : null;

const withoutName = (segment: Segment, marker: string, isNameless: boolean): SandboxImageFault | null => {
  if (!isFailing(segment, marker)) return null;
  const unquoted = pauseAnywhere(segment);
  if (unquoted !== undefined && !says(segment, DEFINED_IN)) return fault(segment, unquoted);
  // nodeadm names no image: `failed to pull sandbox image: context deadline exceeded`.
  const isCause = segment.lower.includes(`failedto${marker}:`) && hasCause(segment);
  return isCause || (isNameless && says(segment, RUNTIME_TEXT)) ? fault(segment, undefined) : null;
};

const afterMarker = (segment: Segment, marker: string, named: Named): SandboxImageFault | null => {
  switch (named.kind) {
    case 'image':
      return withName(segment, marker, named.ref);
    case 'cut':
      return cutName(segment, marker);
    case 'other':
      return withoutName(segment, marker, named.isNameless === true);
    case 'absent':
      return null;
  }
};

/** `failed to get sandbox image "…"`: the runtime itself names the image. */
const byRole = (segment: Segment): SandboxImageFault | null => {
  for (const marker of NAMED_BY_ROLE) {
    const found = afterMarker(segment, marker, refAfter(segment, marker));
    if (found !== null) return found;
  }
  return CUT_IN_PHRASE.test(segment.lower) && says(segment, RUNTIME_TEXT) ? fault(segment, undefined) : null;
};

const pullWhileStarting = (segment: Segment): SandboxImageFault | null => {
  const image = firstRef(segment, IMAGE_MARKERS) ?? imageOfRequest(segment) ?? pauseAnywhere(segment);
  if (image !== undefined) return fault(segment, image);
  // Without an image, a pull counts only where the text names the cause.
  const cause = causeOf(segment, undefined);
  return cause === 'SandboxImageMissing' && !wantsCredentials(segment) ? null : { reason: cause };
};

/** While a sandbox starts, no other image is pulled or unpacked. */
const whileStarting = (segment: Segment): SandboxImageFault | null => {
  if (!says(segment, STARTING) && !segment.compact.includes(INFRA_CONTAINER)) return null;
  if (segment.lower.includes(LOST_FROM_STORE)) return fault(segment, pauseAnywhere(segment));
  const isPulling = says(segment, PULLING);
  if (says(segment, NETWORKING) && !isPulling) return null;
  if (says(segment, WRONG_PLATFORM)) return { reason: 'SandboxImageWrongPlatform' };
  if (isPulling) return pullWhileStarting(segment);
  return isIncomplete(segment) ? { reason: causeOf(segment, undefined) } : null;
};

const requestedImage = (segment: Segment): string | undefined =>
  // A request alone is no failure: containerd logs each at its debug level.
  firstRef(segment, IMAGE_MARKERS) ?? (hasCause(segment) ? imageOfRequest(segment) : undefined);

/** A pull of a pause image that no application asked for: lines cut at their front, `ctr` by hand, dockerd. */
const byName = (segment: Segment): SandboxImageFault | null => {
  if (isOfAnApplication(segment)) return null;
  const requested = requestedImage(segment);
  if (requested !== undefined) return isPause(requested) ? fault(segment, requested) : null;
  const image = pauseAnywhere(segment);
  if (image === undefined || !hasCause(segment)) return null;
  const isSandbox = SANDBOX_NAMES.some((name) => segment.lower.includes(name));
  return isSandbox || says(segment, PULLING) ? fault(segment, image) : null;
};

// Beside pause, the registries of EKS hold add-ons, whose tags begin with `v`.
const ANONYMOUS_PULL = new RegExp(
  `pullingfromhost(?:${EKS_ACCOUNTS.join('|')})\\.dkr\\.ecr[a-z0-9.-]{1,60}failedwithstatuscode\\[manifests3\\.\\d{1,2}(?:\\.\\d)?(?:-eksbuild\\.\\d{1,2})?\\]:(401unauthorized|403forbidden|400badrequest)`,
);

/** Only the end of the error of containerd: host, tag and status, without the repository. */
const byRegistry = (segment: Segment): SandboxImageFault | null => {
  if (isOfAnApplication(segment)) return null;
  const status = ANONYMOUS_PULL.exec(segment.lower)?.[1];
  if (status === undefined) return null;
  return { reason: status.startsWith('401') ? 'SandboxImageMissing' : 'RegistryDenied' };
};

const failedImage = (segment: Segment): SandboxImageFault | null =>
  deletion(segment) ??
  announcement(segment) ??
  byRole(segment) ??
  whileStarting(segment) ??
  byScript(segment) ??
  unitFailed(segment) ??
  byName(segment) ??
  byRegistry(segment);

// Each pull begins with a response that requires credentials, and the runtime tries other hosts after a mirror that is down.
const NEXT_HOST = phrase('trying next host');
const NOT_YET_FAILED = [...phrases('level=debug', 'level=trace'), NEXT_HOST];

/** No other host has a local image. A pod may ask for it too, so that the node is checked first. */
const localRequest = (segment: Segment): SandboxImageFault | null => {
  if (!segment.lower.includes(NEXT_HOST) || !hasCause(segment)) return null;
  const image = imageOfRequest(segment);
  return image !== undefined && isLocal(image) && isPause(image)
    ? { reason: 'SandboxImageMissing', image, hint: true }
    : null;
};

/** The sandbox image: a record counts only where the failing image is the sandbox image. */
export const sandboxImage = defineLogRule({
  name: 'sandbox image',
  order: 20,
  notFrom: ['ipamd'],
  reasons: {
    DiskFull: 30,
    SandboxImageIncomplete: 31,
    SandboxImageWrongPlatform: 32,
    RegistryCertificate: 33,
    RegistryDenied: 34,
    RegistryImageNotFound: 35,
    RegistryUnreachable: 36,
    SandboxImageMissing: 37,
    SandboxImageMismatch: 70,
  },
  read: (segment) => (says(segment, NOT_YET_FAILED) ? localRequest(segment) : failedImage(segment)),
});
