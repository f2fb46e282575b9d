import { defineReasons } from '../../../core/model/reasons.ts';

/** Reasons that the parts `containerd` and `failures` give. */
export const runtimeReasons = defineReasons({
  DiskFull: {
    title: 'The disk is full',
    severity: 'Fatal',
    scope: 'node-local',
    cause: 'The disk of containerd has no space left, not even for an image of some hundred kilobytes.',
    advice:
      'Free space on the node (fleetmend deletes nothing) or replace it with one that has a larger disk; then run the repair again.',
  },
  RuntimeDown: {
    title: 'The container runtime does not respond',
    severity: 'Fatal',
    scope: 'node-local',
    cause: 'containerd is not running or does not answer on its socket.',
    advice:
      'Look at `systemctl status containerd` and `journalctl -u containerd` on the node. Restart it or replace the node.',
  },
  ConfigUnreadable: {
    title: 'The runtime configuration is unreadable or invalid',
    severity: 'Fatal',
    scope: 'node-local',
    cause:
      "containerd's configuration on disk cannot be read, or names no valid sandbox image; a restart of containerd would fail or pull nothing.",
    advice:
      'Run `containerd config dump` on the node: its error names the file and the line. Repair your user data and replace the node.',
  },
  RuntimeNotContainerd: {
    title: 'kubelet does not use containerd',
    severity: 'Info',
    scope: 'node-local',
    cause:
      "kubelet's runtime is Docker, by dockershim or cri-dockerd: images and sandboxes are not containerd's matter there.",
    advice:
      'Have the remediation cri-dockerd check this node, or repair it where the policy of the cluster allows that: it repairs nodes with Docker, a pause image that is missing there (SandboxImageMissing) included.',
  },
});
