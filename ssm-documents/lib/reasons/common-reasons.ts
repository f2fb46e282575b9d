import { defineReasons } from '../../../core/model/reasons.ts';

/** Reasons that every document can report, since the shared part of the scripts reports them. */
export const commonReasons = defineReasons({
  LockBusy: {
    title: 'Another fleetmend document is running on this node',
    severity: 'Info',
    scope: 'node-local',
    message: ['Another fleetmend document is running on this node. Nothing was done.'],
    cause: 'Another fleetmend document was running on the node.',
    advice: 'No action is needed: nothing was changed and no attempt was counted. The node is checked again.',
  },
  CheckTimedOut: {
    title: 'The check timed out',
    severity: 'Warning',
    scope: 'node-local',
    evidence: ['limitSeconds'],
    message: [['The check did not end within {limitSeconds} s: a command that it ran hangs.', 'The check timed out.']],
    cause: 'A check did not end in time: containerd, systemd or a disk of the node hangs.',
    advice:
      'Inspect the node: `systemctl status containerd kubelet`, `dmesg`. If containerd hangs, restart it or replace the node.',
  },
  ScriptStopped: {
    title: 'The script was stopped by a signal',
    severity: 'Warning',
    scope: 'node-local',
    evidence: ['signal'],
    message: [['The script was stopped by {signal} before it had a result.', 'The script was stopped by a signal.']],
    cause: 'The script was stopped: the command was cancelled, or the node was shut down.',
    advice: 'Run a check. A script that was stopped leaves nothing half done, and a repair may be run again.',
  },
  ScriptFailed: {
    title: 'The script failed unexpectedly',
    severity: 'Warning',
    scope: 'attributable',
    evidence: ['exitCode', 'line', 'unwritable'],
    message: [
      [
        'No file could be written in {unwritable}, which is in memory.',
        'The script failed with exit code {exitCode} at line {line}.',
        'The script failed with exit code {exitCode}.',
        'The script ended without a result.',
      ],
      'Its last error was: {detail}.',
    ],
    cause: 'The script failed where it should not. This is a bug in fleetmend or a kind of node that it does not know.',
    advice:
      "Read the command's error output in SSM (the log names the last step), and report it with the operating system and the versions of containerd and kubelet.",
  },
  PodsDoNotStart: {
    title: 'Pods do not start, for a reason that no check knows',
    severity: 'Fatal',
    scope: 'node-local',
    message: [
      'In the last 10 minutes the sandboxes of several workloads failed on this node, none has started since, and no check knows why.',
      'The last error is: {detail}.',
    ],
    cause:
      'The journals of the node show that the sandboxes of pods of two workloads failed in the last 10 minutes and that none has started since. No check found a fault.',
    advice:
      'The message has the words of the container runtime. See `journalctl -u containerd -u kubelet` on the node, and report the fault, so that a check can know it; replace the node where it does not end.',
  },
  ToolMissing: {
    title: 'A required program is missing or unusable',
    severity: 'Warning',
    scope: 'node-local',
    evidence: ['tool', 'untrusted', 'exitCode'],
    message: [
      [
        'The program {tool} is not used, because {untrusted} is not controlled by root alone.',
        'The program {tool} failed with exit code {exitCode}.',
        'The program {tool} is too old or unusable: {detail}.',
        'The node does not have the program {tool}, or it is not on the PATH.',
        'A program is missing or too old: {detail}.',
      ],
    ],
    cause: 'A program that the script needs is missing on the node, too old, or writable by users other than root.',
    advice:
      'EKS-optimized images have every program that is needed: replace the node with a current image, or add the program that the message names to your own image.',
  },
  PlatformUnsupported: {
    title: 'This kind of node is not supported',
    severity: 'Info',
    scope: 'node-local',
    evidence: ['platform'],
    message: [
      [
        {
          when: { platform: 'bottlerocket' },
          text: 'This is a Bottlerocket node. Its SSM agent runs in a container, from which the host cannot be repaired.',
        },
        {
          when: { platform: 'no-runtime' },
          text: 'The node has no container runtime for kubelet: no containerd, and no Docker that kubelet is configured to use.',
        },
        { when: { platform: 'no-kubelet' }, text: 'There is no kubelet on this node.' },
        'This kind of node is not supported.',
      ],
    ],
    cause:
      'fleetmend cannot repair this kind of node in place: the SSM agent reaches no container runtime (Bottlerocket, EKS Auto Mode, or an instance that is not a worker node).',
    advice:
      'On Bottlerocket, restart kubelet to load the sandbox image again (`apiclient exec admin sheltie systemctl restart kubelet`); otherwise replace the node. If the instance is not a worker node, remove its cluster tag.',
  },
});
