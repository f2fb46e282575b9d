import { defineReasons } from '../../../core/model/reasons.ts';

/** Reasons that the parts `containerd` and `failures` report. */
export const runtimeReasons = defineReasons({
  DiskFull: {
    title: 'The disk is full',
    severity: 'Fatal',
    scope: 'node-local',
    evidence: ['failedStep'],
    message: [
      [
        'No space is left on the disk (step {failedStep}): {detail}.',
        'No space is left on the disk: {detail}.',
        'No space is left on the disk.',
      ],
    ],
    cause:
      "The file system of the runtime's images is full, even for an image of a few hundred kilobytes; or one on which a container that is restarted must write.",
    advice:
      'Free space on the node (fleetmend deletes nothing) or replace it with one that has a larger disk; then run the repair again.',
  },
  RuntimeDown: {
    title: 'The container runtime does not respond',
    severity: 'Fatal',
    scope: 'node-local',
    evidence: ['unitState', 'socket', 'failedStep'],
    message: [
      [
        { when: { failedStep: 'version' }, text: 'containerd did not report its version: {detail}.' },
        'containerd (unit {unitState}) does not respond on {socket}: {detail}.',
        'containerd (unit {unitState}) does not respond on {socket}.',
        'The container runtime does not respond: {detail}.',
        'The container runtime does not respond.',
      ],
    ],
    cause: 'containerd is not running or does not respond on its socket.',
    advice:
      'Check `systemctl status containerd` and `journalctl -u containerd` on the node. Restart it or replace the node.',
  },
  CRINotServed: {
    title: 'The container runtime does not serve kubelet',
    severity: 'Fatal',
    scope: 'node-local',
    repairable: false,
    evidence: ['criState', 'criPlugin', 'socket', 'containerd'],
    message: [
      [
        {
          when: { criPlugin: 'disabled' },
          text: 'containerd runs without its CRI plugin, which disabled_plugins in its configuration turns off: kubelet cannot use it, and no pod starts on this node.',
        },
        {
          when: { criState: 'unimplemented' },
          text: 'containerd {containerd} runs without its CRI plugin, which kubelet needs: no pod starts on this node.',
        },
        {
          when: { criState: 'foreign' },
          text: "kubelet's endpoint {socket} is not the socket of a container runtime (CRI): no pod starts on this node.",
        },
        'The container runtime answers on {socket} that it is not ready: no pod starts on this node.',
        'The container runtime does not serve kubelet: no pod starts on this node.',
      ],
      'Its own words are: {detail}.',
    ],
    cause:
      'The container runtime runs, but does not answer the calls of kubelet (CRI): its CRI plugin is turned off, or refused to load its configuration, or the socket is that of another program.',
    advice:
      'The message has the words of containerd. Correct its configuration (`containerd config dump`; disabled_plugins, registry.mirrors beside config_path, a default runtime that is not defined), and restart containerd; running pods continue. Correct it in the user data or the image too.',
  },
  ConfigUnreadable: {
    title: 'The runtime configuration is unreadable or invalid',
    severity: 'Fatal',
    scope: 'node-local',
    evidence: ['configuredImage'],
    message: [
      [
        'The sandbox image in the runtime configuration is not an image reference: {configuredImage}.',
        'containerd cannot read its configuration: {detail}.',
        'The runtime configuration is unreadable or invalid.',
      ],
    ],
    cause:
      "containerd's configuration on disk cannot be read, or does not name a valid sandbox image. A restart of containerd would fail, or pods would not start.",
    advice:
      'Run `containerd config dump` on the node: its error names the file and the line. Correct your user data and replace the node.',
  },
  RuntimeNotContainerd: {
    title: 'kubelet does not use containerd',
    severity: 'Info',
    scope: 'node-local',
    evidence: ['endpoint', 'criPlugin'],
    message: [
      [
        {
          when: { criPlugin: 'disabled' },
          text: "containerd's CRI plugin is disabled (disabled_plugins in its configuration), so that kubelet cannot use it.",
        },
        'kubelet uses {endpoint}, not containerd.',
        'kubelet does not use containerd.',
      ],
    ],
    cause:
      "kubelet uses Docker, through dockershim or cri-dockerd, where images and sandboxes are not in containerd; or containerd's CRI plugin is disabled.",
    advice:
      'For a node with Docker, run the check of the remediation cri-dockerd, which also repairs a missing sandbox image there. If kubelet is meant to use containerd, remove cri from disabled_plugins and restart containerd.',
  },
});
