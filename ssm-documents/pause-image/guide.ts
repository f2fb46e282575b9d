import type { Guide } from '../../core/model/remediation.ts';
import { commonGuide, NO_IMAGE, registryGuide, runtimeGuide, UNCHANGED } from '../lib/reasons/guides.ts';

const UNPIN = '`ctr -n k8s.io images label IMAGE io.cri-containerd.pinned=`';
const UNDO_IMAGE = `Remove the image, after which no new pod starts: \`ctr -n k8s.io images rm IMAGE\`. To remove its pin alone: ${UNPIN}.`;
const IMAGE = 'in the namespace `k8s.io` of containerd (`ctr -n k8s.io images ls`)';
const NAMED = '`sandbox_image` (containerd 1.x) or `pinned_images.sandbox` (2.x)';

/** Where the faults of a sandbox image are, and how to undo what the repair did about them. */
export const guide = {
  ...commonGuide,
  ...runtimeGuide,
  ...registryGuide,
  SandboxImageMissing: { where: `The image that ${NAMED} names, ${IMAGE}.`, undo: UNDO_IMAGE },
  SandboxImageIncomplete: {
    where: `The content of the image that ${NAMED} names, below \`/var/lib/containerd\` (\`evidence.imageFilesystem\`).`,
    undo: UNDO_IMAGE,
  },
  SandboxImageReplaced: {
    where: `The image of a \`localhost/…\` name ${IMAGE}, and its copy \`/etc/eks/pause.tar\`.`,
    undo: UNDO_IMAGE,
  },
  SandboxImageUnpinned: {
    where: `The label \`io.cri-containerd.pinned\` of the image ${IMAGE}.`,
    undo: `Remove the pin: ${UNPIN}, and the same for its \`sha256:…\` name.`,
  },
  SandboxImageMismatch: {
    where: `kubelet's \`--pod-infra-container-image\` and containerd's ${NAMED}.`,
    undo: UNCHANGED,
  },
  PinningUnsupported: { where: 'The program `containerd`, in the version that the message names.', undo: UNCHANGED },
  ImageGCPressure: {
    where:
      "The file system in `evidence.imageFilesystem`, and `imageGCHighThresholdPercent` or `imageMaximumGCAge` in kubelet's configuration.",
    undo: UNCHANGED,
  },
  SandboxImagePullFailed: { where: `The image that ${NAMED} names, and its registry.`, undo: NO_IMAGE },
  NoLocalCopy: { where: `The copy \`/etc/eks/pause.tar\`, and the image under another name ${IMAGE}.`, undo: NO_IMAGE },
  LocalCopyUntrusted: {
    where: 'The copy `/etc/eks/pause.tar` and the folders that contain it (`evidence.untrusted`).',
    undo: 'Where the message does not end with "Nothing was changed on the node", the import added the images of the file: remove each with `ctr -n k8s.io images rm IMAGE`.',
  },
  PinFailed: { where: `The label \`io.cri-containerd.pinned\` of the image ${IMAGE}.`, undo: UNDO_IMAGE },
  SandboxImageUnseen: {
    where: 'The CRI plugin of `containerd.service`, which has not registered the image.',
    undo: UNDO_IMAGE,
  },
  SandboxStartFailed: {
    where: 'A container `fleetmend-verify-…` of the image, which `runc` did not start; the repair has removed it.',
    undo: UNDO_IMAGE,
  },
  SandboxImageWrongPlatform: { where: `The image that ${NAMED} names, ${IMAGE}.`, undo: UNDO_IMAGE },
} as const satisfies Readonly<Record<string, Guide>>;
