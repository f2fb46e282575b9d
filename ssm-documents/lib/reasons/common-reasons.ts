import { defineReasons } from '../../../core/model/reasons.ts';

/** Reasons that every document can give, since the shared part of the scripts gives them. */
export const commonReasons = defineReasons({
  LockBusy: {
    title: 'Another fleetmend document is running on this node',
    severity: 'Info',
    scope: 'node-local',
    cause: 'Another fleetmend document was at work on the node.',
    advice: 'Nothing to do: nothing was changed and no attempt was counted. The node is looked at again.',
  },
  CheckTimedOut: {
    title: 'The check timed out',
    severity: 'Warning',
    scope: 'node-local',
    cause: 'A check did not end in its time: containerd, systemd or a disk of the node hangs.',
    advice:
      'Look at the node: `systemctl status containerd kubelet`, `dmesg`. If containerd hangs, restart it or replace the node.',
  },
  ScriptStopped: {
    title: 'The script was stopped by a signal',
    severity: 'Warning',
    scope: 'node-local',
    cause: 'Somebody or something stopped the script: a cancelled command, a shutdown of the node.',
    advice: 'Run a check. A script that was stopped leaves nothing half done; a repair may be run again.',
  },
  ScriptFailed: {
    title: 'The script failed unexpectedly',
    severity: 'Warning',
    scope: 'attributable',
    cause:
      'The script itself failed where it should not; this is a fault of fleetmend or of a node of an unknown kind.',
    advice:
      "Read the command's error output in SSM (the log names the last step), and report it with the operating system and the versions of containerd and kubelet.",
  },
  ToolMissing: {
    title: 'A required program is missing or unusable',
    severity: 'Warning',
    scope: 'node-local',
    cause: 'A tool that the script needs is missing on the node, or too old.',
    advice:
      'The message names the tool. EKS-optimized images have all of them: replace the node with a current image, or add the tool to your own image.',
  },
  PlatformUnsupported: {
    title: 'This kind of node is not supported',
    severity: 'Info',
    scope: 'node-local',
    cause:
      'fleetmend cannot repair this kind of node in place: there is no container runtime that the SSM agent could reach (Bottlerocket, EKS Auto Mode, or an instance that is no worker node).',
    advice:
      'On Bottlerocket a restart of kubelet loads the sandbox image again (`apiclient exec admin sheltie systemctl restart kubelet`); otherwise replace the node. If the instance is no worker node, take the cluster tag off it.',
  },
});
