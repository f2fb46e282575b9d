import { defineReasons } from '../../core/model/reasons.ts';
import { defineRemediation } from '../../core/model/remediation.ts';
import { commonReasons } from '../lib/reasons/common-reasons.ts';
import { registryReasons } from '../lib/reasons/registry-reasons.ts';
import { runtimeReasons } from '../lib/reasons/runtime-reasons.ts';
import { logLines } from './log-lines.ts';

const reasons = defineReasons({
  ...commonReasons,
  ...runtimeReasons,
  ...registryReasons,

  SandboxImageMissing: {
    title: 'The sandbox image is missing',
    severity: 'Fatal',
    scope: 'attributable',
    cause:
      'The sandbox (pause) image is not on the node, and containerd cannot pull it: it pulls the sandbox image without credentials, and a private ECR answers 401. Most often kubelet deleted the image to free disk space.',
    advice:
      'Run the repair. New pods hang in ContainerCreating until then, while the node still says Ready. Then look at the cause: a full disk or a containerd that cannot pin brings the fault back.',
  },
  SandboxImageIncomplete: {
    title: 'The sandbox image is incomplete',
    severity: 'Fatal',
    scope: 'attributable',
    cause:
      'The sandbox image is listed, but its content is gone and it is not unpacked, so that no container can be made of it. Tools that only look at the list believe that all is well.',
    advice: 'Run the repair. It brings the content back from a local copy or from the registry.',
  },
  SandboxImageUnpinned: {
    title: 'The sandbox image is not pinned',
    severity: 'Warning',
    scope: 'attributable',
    cause:
      'The sandbox image is there but not pinned, although this containerd can pin it. kubelet 1.29 and later spares pinned images only, and takes the sandbox image first when it frees disk space.',
    advice: 'Run the repair: it sets the pin, which takes no download and restarts nothing.',
  },
  SandboxImageMismatch: {
    title: 'kubelet and containerd use different sandbox images',
    severity: 'Warning',
    scope: 'node-local',
    repairable: false,
    cause:
      "kubelet's --pod-infra-container-image names another image than containerd's configuration, and this containerd cannot pin. kubelet up to 1.28 spares the image of its own flag from garbage collection, and that one alone.",
    advice:
      "Give both the same image in the node's user data or launch template, and replace the nodes. From kubelet 1.29 on the flag does nothing: take it off. kubelet 1.35 does not start with it any more.",
  },
  PinningUnsupported: {
    title: 'This containerd version cannot pin images',
    severity: 'Warning',
    scope: 'node-local',
    cause:
      'This containerd does not tell kubelet that an image is pinned: versions before 1.6.22 and 1.7.0 to 1.7.2 never do, 1.6.22 to 1.6.24 and 1.7.3 to 1.7.9 only after their next start.',
    advice:
      'Replace the node with a current EKS-optimized image (containerd 1.7.11 or later). Until then keep the disk below the threshold of image garbage collection.',
  },
  ImageGCPressure: {
    title: 'kubelet deletes unused images',
    severity: 'Warning',
    scope: 'node-local',
    cause:
      "The disk of containerd's images is or was fuller than kubelet's threshold for image garbage collection (imageGCHighThresholdPercent, 85 % by default), or kubelet deletes images by age (imageMaximumGCAge). It deletes images that no container uses, the sandbox image among the first.",
    advice:
      "Grow the disk of the node group or free space: large images that no pod uses, logs, emptyDir volumes. Where the result's evidence has imageMaximumGCAge, take that setting off, or use nodes whose containerd pins. With a pin the sandbox image stays, other images go.",
  },
  SandboxImagePullFailed: {
    title: 'The sandbox image could not be pulled',
    severity: 'Fatal',
    scope: 'attributable',
    cause: 'Getting the image failed in a way that fleetmend does not know.',
    advice: "The message has the tool's own words. Try the same by hand on the node, and report it.",
  },
  NoLocalCopy: {
    title: 'No source for the sandbox image was found',
    severity: 'Fatal',
    scope: 'node-local',
    cause:
      'There is no trustworthy copy of the image on the node, and no registry that has it: a localhost/… image is in none.',
    advice:
      'Replace the node. If the image is your own, see that it has /etc/eks/pause.tar as the EKS-optimized images have since v20241115.',
  },
  LocalCopyUntrusted: {
    title: 'The local copy of the sandbox image is not trusted',
    severity: 'Fatal',
    scope: 'node-local',
    cause:
      'There is a copy of the image at /etc/eks/pause.tar, but somebody else than root could have written it, or it is not for this platform. An image from it would run in every pod of the node.',
    advice:
      'Find out who may write there, and why. Then replace the node, or give file and folder to root (mode 644 and 755) if you know the content to be good.',
  },
  PinFailed: {
    title: 'The sandbox image could not be pinned',
    severity: 'Warning',
    scope: 'attributable',
    cause: 'The image is on the node, but containerd refused the label that pins it.',
    advice: 'Look at `journalctl -u containerd`. Pods start, but the image may be deleted again.',
  },
  SandboxImageUnseen: {
    title: "containerd's CRI plugin does not list the sandbox image",
    severity: 'Fatal',
    scope: 'attributable',
    cause: "The image is in containerd's store, but its CRI plugin did not take notice of it.",
    advice:
      'Restart containerd on the node (running pods go on), then run a check. Is the CRI plugin disabled in its configuration?',
  },
  SandboxStartFailed: {
    title: 'A test container of the sandbox image did not start',
    severity: 'Fatal',
    scope: 'attributable',
    cause: 'The image is complete, but a test container of it did not start: runc, cgroups or the kernel refuse.',
    advice:
      'The message has the words of runc. Pods will fail alike: look at `journalctl -u containerd`, and replace the node if it is alone with this.',
  },
  SandboxImageWrongPlatform: {
    title: 'The sandbox image is for another platform',
    severity: 'Fatal',
    scope: 'attributable',
    cause: "The image's program is for another processor than the node's.",
    advice: "Check that the image in containerd's configuration is a list of platforms, or one for this node's.",
  },
});

/** Brings the sandbox image back where containerd cannot pull it, and pins it. */
export const remediation = defineRemediation({
  name: 'pause-image',
  summary: 'Brings the sandbox (pause) image back to nodes whose containerd cannot pull it, and pins it.',
  order: 10,
  disruptive: false,
  reasons,
  evidence: {
    containerd: 'Version of containerd.',
    gcHighPercent: 'Disk usage in percent at which kubelet starts to delete images.',
    imageMaximumGCAge: 'Age at which kubelet deletes an unused image.',
    pinSupport: 'Whether containerd reports pinned images to kubelet: yes, restart (only after a restart) or none.',
    snapshotter: "containerd's snapshotter, where it is not overlayfs.",
    kubelet: "State of kubelet's unit, where it is not active.",
    kubeletImage: "The sandbox image that kubelet's --pod-infra-container-image names.",
    pinLabel: 'Whether the image has the label that pins it.',
    taggedFrom: 'The image on the node that was tagged.',
    ecrRegion: "Region of the image's ECR registry.",
    mirror: 'The public image that was pulled instead.',
    diskUsedPercent: "Disk usage of the runtime's file system in percent.",
    inodesUsedPercent: "Inode usage of the runtime's file system in percent, from 90 on.",
    imageGCAt: 'When kubelet last deleted images to free disk space.',
  },
  healthy: ['The sandbox image is present and pinned.'],
  repaired: ['The sandbox image is back, and a test container of it started.'],
  executionTimeoutSeconds: { check: 60, repair: 300 },
  logLines,
});
