import { cni, isProbeOfIpamd } from './cni.ts';
import { credentials } from './credentials.ts';
import { disk } from './disk.ts';
import { docker } from './docker.ts';
import { type Fault, LOG_REASONS } from './fault.ts';
import { isQuoting } from './frame.ts';
import { sandboxImage } from './sandbox-image.ts';
import { readText, type Segment } from './text.ts';

export { LOG_REASONS, type LogReason } from './fault.ts';
export { MAX_TEXT_LENGTH } from './text.ts';

/** What one log line says about the node that wrote it. */
export type Classified = Fault;

/** Who wrote a line. `event`: a pod's or node's Kubernetes event, or a paste of some; `other`: nobody knows. */
export const LINE_KINDS = ['kubelet', 'containerd', 'docker', 'cri-dockerd', 'ipamd', 'event', 'other'] as const;
/** One of {@link LINE_KINDS}. */
export type LineKind = (typeof LINE_KINDS)[number];

/** A proof goes before a hint; that the role is too small is a hint only since no machine can repair it. */
const rank = ({ reason, hint }: Fault): number =>
  (hint === true && reason !== 'NodeRoleLacksECR' ? LOG_REASONS.length : 0) + LOG_REASONS.indexOf(reason);

const faultOf = (segment: Segment, kind: LineKind | undefined): Fault | null => {
  if (isProbeOfIpamd(segment)) return cni(segment);
  if (isQuoting(segment)) return null;
  return docker(segment, kind) ?? sandboxImage(segment) ?? credentials(segment) ?? cni(segment) ?? disk(segment);
};

/**
 * Classifies a log line of kubelet, containerd, dockerd, cri-dockerd, ipamd or systemd, a Kubernetes event, or a paste of
 * several; null for all that is not ours (an application's image, addresses that ran out, memory, probes, webhooks,
 * volumes, what an application quotes). The image is the sandbox image and no other. Pure, and linear in the text's
 * length. The phrases are those of `facts` section 3 and of the lines in `test/corpus`.
 *
 * @param kind who wrote it, where that is known; without it the text must tell
 */
export const classify = (raw: string, kind?: LineKind): Classified | null => {
  const faults = (readText(raw) ?? []).flatMap((segment) => faultOf(segment, kind) ?? []);
  const [first, ...others] = faults.toSorted((a, b) => rank(a) - rank(b));
  if (first === undefined) return null;
  // Of the same news twice, take that which names the image.
  return (
    others.find((fault) => rank(fault) === rank(first) && first.image === undefined && fault.image !== undefined) ??
    first
  );
};
