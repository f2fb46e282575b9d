import type { Message } from '../../core/model/message.ts';
import { defineReasons } from '../../core/model/reasons.ts';
import { defineRemediation } from '../../core/model/remediation.ts';
import { commonReasons } from '../lib/reasons/common-reasons.ts';
import { registryEvidence, runtimeEvidence } from '../lib/reasons/evidence.ts';
import { registryReasons } from '../lib/reasons/registry-reasons.ts';
import { runtimeReasons } from '../lib/reasons/runtime-reasons.ts';
import { guide } from './guide.ts';
import { logLines } from './log-lines.ts';

/** The causes for which kubelet deletes images, as far as the node shows them. */
const GARBAGE_COLLECTION = [
  [
    {
      when: { diskOverThreshold: true },
      text: 'The file system {imageFilesystem} is {diskUsedPercent} % full, and kubelet deletes unused images from {gcHighPercent} % on: free disk space, or grow the disk.',
    },
    {
      when: { pinSupport: ['none', 'restart'] },
      text: 'kubelet deletes images that no container has used for {imageMaximumGCAge} (imageMaximumGCAge in its configuration).',
    },
  ],
] as const satisfies Message;
const GARBAGE_COLLECTION_EVIDENCE = [
  'diskOverThreshold',
  'imageFilesystem',
  'diskUsedPercent',
  'gcHighPercent',
  'pinSupport',
  'imageMaximumGCAge',
] as const;

const reasons = defineReasons({
  ...commonReasons,
  ...runtimeReasons,
  ...registryReasons,

  SandboxImageMissing: {
    title: 'The sandbox image is missing',
    severity: 'Fatal',
    scope: 'attributable',
    evidence: ['missingName', 'containerd', ...GARBAGE_COLLECTION_EVIDENCE],
    message: [
      [
        'containerd {containerd} also looks up the sandbox image as {missingName}, without a tag, and has no image of that name: no new pod can start on this node.',
        'The sandbox image {image} is missing: no new pod can start on this node.',
        'The sandbox image is missing: no new pod can start on this node.',
      ],
      ...GARBAGE_COLLECTION,
    ],
    cause:
      'The sandbox (pause) image is not on the node, and containerd cannot pull it: it pulls the sandbox image without credentials, and a private ECR registry answers 401. In most cases kubelet deleted the image to free disk space.',
    advice:
      'Run the repair. Until then new pods stay in ContainerCreating, while the node is still Ready. Then fix the cause: with a containerd that cannot pin images, or after the pin is removed, the fault returns when the disk is full.',
  },
  SandboxImageIncomplete: {
    title: 'The sandbox image is incomplete',
    severity: 'Fatal',
    scope: 'attributable',
    evidence: ['failedStep', ...GARBAGE_COLLECTION_EVIDENCE],
    message: [
      [
        { when: { failedStep: 'import' }, text: 'Importing the local copy of {image} failed: {detail}.' },
        { when: { failedStep: 'keep' }, text: 'The sandbox image {image} was deleted again during the repair.' },
        'The sandbox image {image} is listed, but its content is missing from {imageFilesystem}: no new pod can start on this node.',
        'The content of the sandbox image {image} is missing: no new pod can start on this node.',
      ],
      ...GARBAGE_COLLECTION,
    ],
    cause:
      'The sandbox image is listed, but its content is missing and it is not unpacked, so that no container can be created from it. Tools that only read the list do not notice this.',
    advice: 'Run the repair. It restores the content from a local copy or from the registry.',
  },
  SandboxImageReplaced: {
    title: 'The sandbox image is not the one of the local copy',
    severity: 'Fatal',
    scope: 'attributable',
    evidence: ['localCopy', 'foreignDigest'],
    message: [
      [
        'The image {image} is not the one in {localCopy}: its digest is {foreignDigest}. It runs in every new pod of this node.',
        'The image {image} is not the one of the local copy. It runs in every new pod of this node.',
      ],
    ],
    cause:
      "An image of a localhost/… name is in no registry. If it is missing, containerd pulls it from whatever listens on the node's own localhost, which can be a pod with a hostPort.",
    advice:
      'Run the repair: it imports the local copy again. Then find out which pod listened there (`kubectl get pods -A -o wide` for the node, hostPort or hostNetwork), and treat the pods that started since as compromised.',
  },
  SandboxImageUnpinned: {
    title: 'The sandbox image is not pinned',
    severity: 'Warning',
    scope: 'attributable',
    evidence: GARBAGE_COLLECTION_EVIDENCE,
    message: [
      'The sandbox image {image} is present but not pinned: kubelet may delete it when disk usage reaches {gcHighPercent} %.',
      ...GARBAGE_COLLECTION,
    ],
    cause:
      'The sandbox image is present but not pinned, although this version of containerd can pin it. kubelet 1.29 and later keeps only pinned images, and deletes the sandbox image among the first when it frees disk space.',
    advice: 'Run the repair: it pins the image, downloads nothing and restarts nothing.',
  },
  SandboxImageMismatch: {
    title: 'kubelet and containerd use different sandbox images',
    severity: 'Warning',
    scope: 'node-local',
    repairable: false,
    evidence: ['kubeletImage', 'configuredImage', 'containerd', 'gcHighPercent'],
    message: [
      "kubelet's --pod-infra-container-image is {kubeletImage}, the only image that it keeps, but containerd {containerd} uses {configuredImage} and cannot pin it.",
      'kubelet deletes the sandbox image when disk usage reaches {gcHighPercent} %.',
    ],
    cause:
      "kubelet's --pod-infra-container-image names another image than containerd's configuration, and this version of containerd cannot pin images. kubelet up to 1.28 excludes only the image of its own flag from garbage collection.",
    advice:
      "Set the same image for both in the node's user data or launch template, and replace the nodes. From kubelet 1.29 on the flag has no effect: remove it. kubelet 1.35 does not start with it.",
  },
  PinningUnsupported: {
    title: 'This containerd version cannot pin images',
    severity: 'Warning',
    scope: 'node-local',
    evidence: ['containerd'],
    message: ['containerd {containerd} does not report pinned images to kubelet.'],
    cause:
      'This version of containerd does not report pinned images to kubelet: versions before 1.6.22 and 1.7.0 to 1.7.2 never do, 1.6.22 to 1.6.24 and 1.7.3 to 1.7.9 only after a restart.',
    advice:
      'Replace the node with a current EKS-optimized image (containerd 1.7.11 or later). Until then keep disk usage below the threshold of image garbage collection.',
  },
  ImageGCPressure: {
    title: 'kubelet deletes unused images',
    severity: 'Warning',
    scope: 'node-local',
    evidence: GARBAGE_COLLECTION_EVIDENCE,
    message: ['kubelet deletes unused images on this node.', ...GARBAGE_COLLECTION],
    cause:
      "The file system of containerd's images is or was fuller than kubelet's threshold for image garbage collection (imageGCHighThresholdPercent, 85 % by default), or kubelet deletes images by age (imageMaximumGCAge). It deletes images that no container uses, the sandbox image among the first.",
    advice:
      'Grow the disk of the node group or free space: large unused images, logs, emptyDir volumes. If the evidence has imageMaximumGCAge, remove that setting, or use nodes whose containerd can pin images. A pin keeps the sandbox image; other images are still deleted.',
  },
  SandboxImagePullFailed: {
    title: 'The sandbox image could not be pulled',
    severity: 'Fatal',
    scope: 'attributable',
    evidence: ['failedStep', 'fetched'],
    message: [
      [
        { when: { failedStep: 'tag' }, text: 'Tagging an image on the node as {image} failed: {detail}.' },
        'Fetching {fetched} failed: {detail}.',
        'Pulling the sandbox image {image} failed: {detail}.',
      ],
    ],
    cause: 'Pulling the image failed with an error that fleetmend does not know.',
    advice: "The message has the tool's own error. Try the same by hand on the node, and report it.",
  },
  NoLocalCopy: {
    title: 'No source for the sandbox image was found',
    severity: 'Fatal',
    scope: 'node-local',
    message: ['There is no trusted copy of {image} on this node, and no registry that has it.'],
    cause:
      'There is no trusted copy of the image on the node, and no registry has it: a localhost/… image is in no registry.',
    advice:
      'Replace the node. If you build your own AMI, include /etc/eks/pause.tar as the EKS-optimized images do since v20241115.',
  },
  LocalCopyUntrusted: {
    title: 'The local copy of the sandbox image is not trusted',
    severity: 'Fatal',
    scope: 'node-local',
    evidence: ['localCopy', 'untrusted'],
    message: [
      [
        'The local copy {localCopy} of the sandbox image is not used, because {untrusted} is not controlled by root alone.',
        "The local copy {localCopy} holds no usable image for this node's platform.",
      ],
    ],
    cause:
      'The copy of the image at /etc/eks/pause.tar could have been written by a user other than root, or it is not for this platform. An image from it would run in every pod of the node.',
    advice:
      'Find out who may write there, and why. Then replace the node, or give the file and its folder to root (modes 644 and 755) if you know that the content is good.',
  },
  PinFailed: {
    title: 'The sandbox image could not be pinned',
    severity: 'Warning',
    scope: 'attributable',
    message: ['The sandbox image {image} is present, but pinning it failed: {detail}.'],
    cause: 'The image is on the node, but containerd rejected the label that pins it.',
    advice: 'Check `journalctl -u containerd`. Pods start, but the image may be deleted again.',
  },
  SandboxImageUnseen: {
    title: "containerd's CRI plugin does not list the sandbox image",
    severity: 'Fatal',
    scope: 'attributable',
    message: ["The sandbox image {image} is in containerd's store, but its CRI plugin has not registered it."],
    cause: "The image is in containerd's store, but its CRI plugin has not registered it.",
    advice:
      'Restart containerd on the node (running pods continue), then run a check. Check that the CRI plugin is not disabled in its configuration.',
  },
  SandboxStartFailed: {
    title: 'A test container of the sandbox image did not start',
    severity: 'Fatal',
    scope: 'attributable',
    evidence: ['taskState'],
    message: [
      [
        'The sandbox image {image} is complete, but a test container of it did not start: {detail}.',
        'The sandbox image {image} is complete, but a test container of it did not start (state {taskState}).',
        'The sandbox image {image} is complete, but a test container of it did not start.',
      ],
    ],
    cause: 'The image is complete, but a test container of it did not start because of runc, cgroups or the kernel.',
    advice:
      "The message has runc's error. Pods fail in the same way: check `journalctl -u containerd`, and replace the node if no other node is affected.",
  },
  SandboxImageWrongPlatform: {
    title: 'The sandbox image is for another platform',
    severity: 'Fatal',
    scope: 'attributable',
    message: [
      [
        'The sandbox image {image} is for another platform: {detail}.',
        'The sandbox image {image} is for another platform.',
      ],
    ],
    cause: "The image's program is for another architecture than the node's.",
    advice:
      "Check that the image in containerd's configuration is a multi-platform image, or one for this node's platform.",
  },
});

/** Restores the sandbox image where containerd cannot pull it, and pins it. */
export const remediation = defineRemediation({
  name: 'pause-image',
  summary: 'Restores the sandbox (pause) image on nodes whose containerd cannot pull it, and pins it.',
  order: 10,
  disruptive: false,
  reasons,
  guide,
  evidence: {
    ...registryEvidence,
    ...runtimeEvidence,
    containerd: 'Version of containerd.',
    configuredImage: 'The sandbox image as the runtime configuration names it.',
    missingName: 'The name without a tag that containerd looks up too, where it does not exist.',
    kubeletImage: "The sandbox image that kubelet's --pod-infra-container-image names.",
    pinSupport: 'Whether containerd reports pinned images to kubelet: yes, restart (only after a restart) or none.',
    pinLabel: 'Whether the image has the label that pins it.',
    gcHighPercent: 'Disk usage in percent at which kubelet starts to delete images.',
    imageMaximumGCAge: 'Age at which kubelet deletes an unused image.',
    snapshotter: "containerd's snapshotter, where it is not overlayfs.",
    kubelet: "State of kubelet's unit, where it is not active.",
    stoppedUnit: "kubelet's unit, where it neither runs nor starts.",
    taggedFrom: 'The image on the node that was tagged.',
    ecrRegion: "Region of the image's ECR registry.",
    mirror: 'The public image that was pulled instead.',
    localCopy: 'The file with a copy of the image.',
    foreignDigest: 'The digest of an image that is not the one of the local copy.',
    taskState: 'State of the test container.',
  },
  healthy: [
    [
      { when: { pinSupport: 'yes' }, text: 'The sandbox image is present and pinned.' },
      {
        when: { pinSupport: 'restart' },
        text: 'The sandbox image is present. containerd {containerd} honours the pin only after a restart.',
      },
      {
        when: { pinSupport: 'none' },
        text: 'The sandbox image is present, but containerd {containerd} cannot pin it: kubelet 1.29 and later may delete it when disk usage reaches {gcHighPercent} %.',
      },
      'The sandbox image is present.',
    ],
    ...GARBAGE_COLLECTION,
  ],
  repaired: [
    [
      { when: { method: 'pin' }, text: 'The sandbox image was pinned, and a test container of it started.' },
      'The sandbox image was restored by the method {method}, and a test container of it started.',
      'The sandbox image was restored, and a test container of it started.',
    ],
    {
      when: { pinSupport: ['none', 'restart'] },
      text: 'containerd {containerd} cannot keep it pinned, so that it may be deleted again: replace the node with a current image (containerd 1.7.11 or later).',
    },
    ...GARBAGE_COLLECTION,
    'kubelet is not running ({stoppedUnit} is {kubelet}): run systemctl start {stoppedUnit}.',
  ],
  executionTimeoutSeconds: { check: 60, repair: 300 },
  logLines,
});
