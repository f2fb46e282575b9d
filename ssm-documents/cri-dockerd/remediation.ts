import { defineReasons } from '../../core/model/reasons.ts';
import { defineRemediation } from '../../core/model/remediation.ts';
import { commonReasons } from '../lib/reasons/common-reasons.ts';
import { registryEvidence, runtimeEvidence } from '../lib/reasons/evidence.ts';
import { registryReasons } from '../lib/reasons/registry-reasons.ts';
import { runtimeReasons } from '../lib/reasons/runtime-reasons.ts';
import { remediation as pauseImage } from '../pause-image/remediation.ts';
import { logLines } from './log-lines.ts';

// What both can find means the same on both kinds of node, and has the same advice.
const { SandboxImageMissing, SandboxStartFailed, SandboxImageWrongPlatform, SandboxImagePullFailed } =
  pauseImage.reasons;
const { ImageGCPressure, NoLocalCopy } = pauseImage.reasons;
const { ConfigUnreadable, DiskFull } = runtimeReasons;

const reasons = defineReasons({
  ...commonReasons,
  ...registryReasons,
  ConfigUnreadable,
  DiskFull,
  SandboxImageMissing,
  SandboxStartFailed,
  SandboxImageWrongPlatform,
  SandboxImagePullFailed,
  ImageGCPressure,
  NoLocalCopy,

  DockerDown: {
    title: 'Docker does not respond',
    severity: 'Fatal',
    scope: 'node-local',
    cause: 'Docker does not run or does not answer, and cri-dockerd cannot work without it: the node has no runtime.',
    advice:
      'Run the repair: it starts docker.service where it is stopped. A Docker that hangs is left alone, since a restart ends its containers: look at `journalctl -u docker`, restart it or replace the node. A masked unit was masked by somebody: `systemctl unmask docker`.',
  },
  CRIDockerdDown: {
    title: 'cri-dockerd does not respond',
    severity: 'Fatal',
    scope: 'attributable',
    cause:
      'The adapter cri-dockerd does not run, or nobody listens on its socket: cri-docker.service or cri-docker.socket is stopped, failed, masked or missing. kubelet has no runtime, and the node turns NotReady.',
    advice:
      'Run the repair: it starts both units. Where they are masked or missing, bring them back yourself: `systemctl unmask cri-docker.service cri-docker.socket`, or install cri-dockerd in your image; then `systemctl enable` both.',
  },
  CRIDockerdNoCNI: {
    title: 'cri-dockerd runs without CNI',
    severity: 'Fatal',
    scope: 'attributable',
    cause:
      'The adapter cri-dockerd runs without a network plugin (`--network-plugin` is empty, as in the units of versions 0.2.0 to 0.2.3). It then says that the network is ready: the node is Ready, but its pods get addresses of the Docker bridge or none.',
    advice:
      "Run the repair: a systemd drop-in gives cri-dockerd --network-plugin=cni. Then delete the node's pods that started without CNI. Put the flag into your image, and use cri-dockerd 0.2.5 or later.",
  },
  RuntimeEndpointConflict: {
    title: 'kubelet is configured with a conflicting runtime endpoint',
    severity: 'Fatal',
    scope: 'node-local',
    repairable: false,
    cause:
      "kubelet and the node's runtimes do not agree where to meet: kubelet's endpoint names a socket on which nobody listens while another runtime's is there, or its flag and its file name two endpoints.",
    advice:
      "Decide which runtime the node is meant to have. Correct --container-runtime-endpoint or containerRuntimeEndpoint in kubelet's configuration (in the user data or the image), and replace the node or restart kubelet.",
  },
  PodInfraImageMismatch: {
    title: 'kubelet and cri-dockerd use different sandbox images',
    severity: 'Warning',
    scope: 'node-local',
    repairable: false,
    cause:
      "kubelet's --pod-infra-container-image names another image than cri-dockerd's. kubelet up to 1.28 spares the image of its own flag from garbage collection, and that one alone.",
    advice: "Give both the same image in the node's user data or image, and replace the nodes.",
  },
  CRIDockerdUnmanaged: {
    title: 'cri-dockerd does not run as cri-docker.service',
    severity: 'Info',
    scope: 'node-local',
    cause:
      'Something listens on the endpoint of cri-dockerd, but cri-docker.service does not run: cri-dockerd was started by hand or by a unit of another name.',
    advice:
      'Nothing is judged or changed there. Run cri-dockerd by its units cri-docker.service and cri-docker.socket, so that it starts again after a boot.',
  },
  RuntimeNotDocker: {
    title: 'kubelet does not use Docker',
    severity: 'Info',
    scope: 'node-local',
    cause: "kubelet's runtime is not Docker: cri-dockerd has no part in this node.",
    advice: 'Nothing to do for this remediation: the others look after nodes with containerd.',
  },
});

/** Starts Docker and cri-dockerd, gives cri-dockerd its network plugin, and brings the sandbox image into Docker. */
export const remediation = defineRemediation({
  name: 'cri-dockerd',
  summary:
    'Repairs nodes that run pods by Docker: starts Docker and cri-dockerd, gives cri-dockerd CNI, and pulls the sandbox image.',
  order: 20,
  disruptive: true,
  reasons,
  evidence: {
    ...registryEvidence,
    ...runtimeEvidence,
    kubeletRuns: 'False where kubelet does not run.',
    networkPlugin: 'The network plugin of cri-dockerd.',
    also: 'Further reasons that the node has.',
    repaired: 'Reasons that were repaired.',
    kubeletStarted: 'Whether kubelet was started.',
    kubeletImage: "The sandbox image that kubelet's --pod-infra-container-image names.",
    taggedFrom: 'The image on the node that was tagged.',
    ecrRegion: "Region of the image's ECR registry.",
  },
  healthy: [['{detail}.', 'Docker and cri-dockerd are in order.']],
  repaired: [['{detail}.', 'Docker and cri-dockerd were repaired.']],
  executionTimeoutSeconds: { check: 60, repair: 300 },
  logLines,
});
