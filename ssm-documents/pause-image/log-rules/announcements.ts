import { firstRef, isPause, pauseAnywhere } from '../../../core/logs/classify/image-ref.ts';
import { phrase, phrases, says } from '../../../core/logs/classify/text.ts';
import { defined } from '../../../core/model/defined.ts';
import type { Segment } from '../../../core/model/log-lines.ts';
import type { SandboxImageFault } from './sandbox-image-fault.ts';

// containerd 1.6 and older write `ImageDelete event &ImageDelete{Name:REF,`, 1.7 and later `ImageDelete event name:"REF"`;
// CRI writes `RemoveImage "REF"`.
const DELETED = [
  phrase('ImageDelete event &ImageDelete{Name:'),
  phrase('ImageDelete event name:"'),
  phrase('RemoveImage "'),
];
const NOT_DELETED = phrases('RemoveImage from image service failed', 'image is being used', 'must be forced');

/** The deletion of the sandbox image. */
export const deletion = (segment: Segment): SandboxImageFault | null => {
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

/** Lines of cri-dockerd before a pull, and of kubeadm: neither proves that a sandbox failed. */
export const announcement = (segment: Segment): SandboxImageFault | null => {
  if (segment.lower.includes(ANONYMOUS_DOCKER_PULL)) {
    const image = pauseAnywhere(segment);
    return image === undefined ? null : { reason: 'SandboxImageMissing', image, hint: true };
  }
  if (says(segment, INCONSISTENT)) {
    const image = firstRef(segment, INCONSISTENT);
    return { reason: 'SandboxImageMismatch', ...defined({ image }), hint: true };
  }
  return null;
};
