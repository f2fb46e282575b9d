import type { Fault } from './fault.ts';
import { firstRef, imageOfRequest, isLocal, isPause, pauseAnywhere, refAfter } from './image-ref.ts';
import { causeOf, hasCause, isIncomplete, wantsCredentials } from './pull-cause.ts';
import { phrase, phrases, type Segment, says } from './text.ts';

// Words that only stand where a runtime fails to start a sandbox. kubelet of every age, containerd, dockershim, cri-dockerd,
// CRI-O; pod events. (facts, section 3.1)
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
// The sandbox image by name of its role: nothing else is pulled under it.
const NAMED_BY_ROLE = phrases('get sandbox image', 'pull sandbox image', 'inspect sandbox image', PULLING_BY_ROLE);
// AL2's unit by its description, which systemd says when all is well.
const DEFINED_IN = phrases('defined in');

// What stands in a runtime's line about a sandbox, and around it in kubelet's and in events.
const RUNTIME_SPEAKS = [...STARTING, ...phrases('rpc error', 'failed to pull image', 'level=error')];

// In translated texts and in pastes with a comment around them.
const SANDBOX_IN_WORDS = [
  '沙箱',
  '沙盒',
  '沙盤',
  'サンドボックス',
  '샌드박스',
  'песочниц',
  ...phrases('sandbox', 'bac à sable', 'caja de arena', 'espacio aislado', 'caixa de areia', 'piaskownic', 'hộp cát'),
];

// Where containerd, dockershim, cri-dockerd and CRI-O name the image that they wanted, the most telling first.
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
// The sandbox's container as kubelets before CRI called it: `failed to "StartContainer" for "POD" with ErrImagePull`.
const INFRA_CONTAINER = 'for"POD"with';
// The sandbox image is listed, and has gone from the store in which its content is.
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

// An application's image: the CRI call, kubelet's image manager and its pod events. As they are spelt: containerd's chain
// of errors says `failed to pull image` of the sandbox image too.
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

const fault = (segment: Segment, image: string | undefined): Fault => ({
  reason: causeOf(segment, image),
  ...(image === undefined ? {} : { image }),
});

/** Whether a marker is what failed: `failed to pull sandbox image`, and not `Pulling sandbox image…`. */
const isFailing = (segment: Segment, marker: string): boolean =>
  ['failedto', 'unableto', 'error', 'failed'].some((word) => segment.lower.includes(`${word}${marker}`)) ||
  hasCause(segment);

// A text that was cut within the phrase; one letter less could as well be `failed to get sandbox runtime`.
const CUT_IN_ROLE = /failedtogetsandboxi(?:m|ma|mag|mage)?(?:\.\.\.)?$/;

// containerd opens a quotation before the phrase; it has said so before that.
const CONTAINERD_ERROR = phrase('failed, error');

/** Whether the phrase is itself in quotes, as a search, a test or a headline quotes it. */
const isQuoted = ({ lower }: Segment, marker: string): boolean => {
  const at = lower.indexOf(marker);
  const [before, after] = [
    lower.slice(Math.max(0, at - 9), at),
    lower.slice(at + marker.length, at + marker.length + 2),
  ];
  return /["'](?:failedto)?$/.test(before) && !/^"[a-z0-9]/.test(after) && !lower.includes(CONTAINERD_ERROR);
};

const PULLED = [phrase('failed to pull image')];

/** The reference, or, where blanks have come into it, the same one as the text repeats it. */
const intact = (segment: Segment, ref: string): string => {
  if (segment.text.includes(ref)) return ref;
  const again = firstRef(segment, PULLED);
  return again !== undefined && segment.text.includes(again) ? again : ref;
};

/** `failed to get sandbox image "…"`: the runtime says itself which image it is. */
const byRole = (segment: Segment): Fault | null => {
  for (const marker of NAMED_BY_ROLE) {
    const named = refAfter(segment, marker);
    if (named.kind === 'image') {
      // Other products have sandboxes too, and images for them.
      const isOurs = isPause(named.ref) || isLocal(named.ref) || says(segment, RUNTIME_SPEAKS);
      if (isOurs && (marker !== PULLING_BY_ROLE || isFailing(segment, marker))) {
        return fault(segment, intact(segment, named.ref));
      }
    } else if (named.kind === 'cut') {
      // A rule or a search may end with the phrase as well; only a runtime's line goes on after it.
      if (says(segment, RUNTIME_SPEAKS) && !isQuoted(segment, marker)) {
        return fault(segment, firstRef(segment, IMAGE_MARKERS));
      }
    } else if (named.kind === 'other' && isFailing(segment, marker)) {
      const unquoted = pauseAnywhere(segment);
      if (unquoted !== undefined && !says(segment, DEFINED_IN)) return fault(segment, unquoted);
      // Without a name: `failed to pull sandbox image: context deadline exceeded` (nodeadm).
      if (segment.lower.includes(`failedto${marker}:`) && hasCause(segment)) return fault(segment, undefined);
      if (named.isNameless === true && says(segment, RUNTIME_SPEAKS)) return fault(segment, undefined);
    }
  }
  return CUT_IN_ROLE.test(segment.lower) && says(segment, RUNTIME_SPEAKS) ? fault(segment, undefined) : null;
};

// The AMI's script on AL2, whose lines name themselves. What it may not do is the role's matter.
const PULL_SCRIPT = phrases('pull-sandbox-image.sh', 'pull-image.sh');
const SCRIPT_FAILED = phrases('unable to', 'could not', 'error', 'failed', 'fatal', 'panic:');
const TOKEN_CALL = phrases('GetAuthorizationToken');

const byScript = (segment: Segment): Fault | null =>
  says(segment, PULL_SCRIPT) && says(segment, SCRIPT_FAILED) && !says(segment, TOKEN_CALL)
    ? fault(segment, pauseAnywhere(segment))
    : null;

/** While a sandbox starts, no other image is pulled and none unpacked. */
const whileStarting = (segment: Segment): Fault | null => {
  if (!says(segment, STARTING) && !segment.compact.includes(INFRA_CONTAINER)) return null;
  if (segment.lower.includes(LOST_FROM_STORE)) return fault(segment, pauseAnywhere(segment));
  const isPulling = says(segment, PULLING);
  if (says(segment, NETWORKING) && !isPulling) return null;
  if (says(segment, WRONG_PLATFORM)) return { reason: 'SandboxImageWrongPlatform' };
  if (!isPulling) return isIncomplete(segment) ? { reason: causeOf(segment, undefined) } : null;
  const image = firstRef(segment, IMAGE_MARKERS) ?? imageOfRequest(segment) ?? pauseAnywhere(segment);
  if (image !== undefined) return fault(segment, image);
  // Without a name, a pull that says why it failed is one all the same; a mere beginning is not.
  const cause = causeOf(segment, undefined);
  return cause === 'SandboxImageMissing' && !wantsCredentials(segment) ? null : { reason: cause };
};

/** A pull of a pause image that nobody says an application wanted: lines cut at their front, `ctr` by hand, dockerd. */
const byName = (segment: Segment): Fault | null => {
  if (isOfAnApplication(segment)) return null;
  // A request alone is no failure: containerd logs each at its debug level.
  const image = firstRef(segment, IMAGE_MARKERS) ?? (hasCause(segment) ? imageOfRequest(segment) : undefined);
  if (image !== undefined) return isPause(image) ? fault(segment, image) : null;
  const spoken = pauseAnywhere(segment);
  const inWords = SANDBOX_IN_WORDS.some((word) => segment.lower.includes(word));
  return spoken !== undefined && hasCause(segment) && (inWords || says(segment, PULLING))
    ? fault(segment, spoken)
    : null;
};

// amazon-eks-ami get-ecr-uri.sh (0ab84280): the accounts of EKS' own registries. Beside pause they hold add-ons, whose
// tags begin with `v`.
const EKS_ACCOUNTS =
  '(?:066635153087|013241004608|121268973566|151610086707|151742754352|249663109785|296578399912|333609536671|455263428931|491585149902|533267051163|558608220178|590381155156|602401143452|608367168043|725322719131|730335286997|759879836304|761377655185|800184023465|877085696533|877088126301|900612956339|900889452093|918309763551|961992271922)';
const ANONYMOUS_PULL = new RegExp(
  `pullingfromhost${EKS_ACCOUNTS}\\.dkr\\.ecr[a-z0-9.-]{1,60}failedwithstatuscode\\[manifests3\\.\\d{1,2}(?:\\.\\d)?(?:-eksbuild\\.\\d{1,2})?\\]:(401unauthorized|403forbidden|400badrequest)`,
);

/** The end of containerd's sentence alone: host, tag and status, without the repository. */
const byRegistry = (segment: Segment): Fault | null => {
  if (isOfAnApplication(segment)) return null;
  const status = ANONYMOUS_PULL.exec(segment.lower)?.[1];
  if (status === undefined) return null;
  return { reason: status.startsWith('401') ? 'SandboxImageMissing' : 'RegistryDenied' };
};

// What AL2's own unit for the sandbox image says when it fails, and what follows from it (amazon-eks-ami,
// sandbox-image.service and pull-sandbox-image.sh; #990).
const UNIT_FAILED = phrases(
  'Failed to start pull sandbox image defined in containerd config.toml',
  'Dependency failed for Kubernetes Kubelet',
  'Unable to retrieve the ECR password',
  'provided file is not a console',
  'sandbox-image.service: Failed',
  'sandbox-image.service: main process exited',
  'sandbox-image.service failed',
  'sandbox-image.service entered failed state',
);

// containerd 1.6 and older write `ImageDelete event &ImageDelete{Name:REF,`, 1.7 and later `ImageDelete event name:"REF"`;
// CRI writes `RemoveImage "REF"`.
const DELETED = [
  phrase('ImageDelete event &ImageDelete{Name:'),
  phrase('ImageDelete event name:"'),
  phrase('RemoveImage "'),
];
const NOT_DELETED = phrases('RemoveImage from image service failed', 'image is being used', 'must be forced');

const deletion = (segment: Segment): Fault | null => {
  if (says(segment, NOT_DELETED)) return null;
  for (const marker of DELETED) {
    const at = segment.lower.indexOf(marker);
    if (at < 0) continue;
    const ref = /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,299}(?=[,"}])/.exec(
      segment.compact.slice(at + marker.length, at + marker.length + 301),
    )?.[0];
    return ref !== undefined && isPause(ref) ? { reason: 'SandboxImageMissing', image: ref, hint: true } : null;
  }
  return null;
};

const ANONYMOUS_DOCKER_PULL = phrase('Pulling the image without credentials. Image:');
const INCONSISTENT = phrases('detected that the sandbox image');

/** cri-dockerd before it pulls, and kubeadm: neither proves that a sandbox failed. */
const foreboding = (segment: Segment): Fault | null => {
  if (segment.lower.includes(ANONYMOUS_DOCKER_PULL)) {
    const image = pauseAnywhere(segment);
    return image === undefined ? null : { reason: 'SandboxImageMissing', image, hint: true };
  }
  if (says(segment, INCONSISTENT)) {
    const image = firstRef(segment, INCONSISTENT);
    return { reason: 'SandboxImageMismatch', ...(image === undefined ? {} : { image }), hint: true };
  }
  return null;
};

const failedImage = (segment: Segment): Fault | null =>
  deletion(segment) ??
  foreboding(segment) ??
  byRole(segment) ??
  whileStarting(segment) ??
  byScript(segment) ??
  (says(segment, UNIT_FAILED) ? { reason: 'SandboxImageMissing' } : null) ??
  byName(segment) ??
  byRegistry(segment);

// An answer that asks for credentials is how each pull begins, and a mirror that is down has others behind it.
const NOT_YET_FAILED = phrases('level=debug', 'level=trace', 'trying next host');

/** What a segment says of the sandbox image: only where the image that fails is it. */
export const sandboxImage = (segment: Segment): Fault | null =>
  says(segment, NOT_YET_FAILED) ? null : failedImage(segment);
