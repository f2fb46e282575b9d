import type { Message } from '../../core/model/message.ts';
import { defineReasons } from '../../core/model/reasons.ts';
import { commonReasons } from '../lib/reasons/common-reasons.ts';
import { registryReasons } from '../lib/reasons/registry-reasons.ts';
import { runtimeReasons } from '../lib/reasons/runtime-reasons.ts';
import { remediation as pauseImage } from '../pause-image/remediation.ts';

// Faults of both kinds of node have the same meaning and advice.
const { SandboxImageMissing, SandboxStartFailed, SandboxImageWrongPlatform, SandboxImagePullFailed } =
  pauseImage.reasons;
const { ImageGCPressure, NoLocalCopy } = pauseImage.reasons;
const { ConfigUnreadable, DiskFull } = runtimeReasons;

/** A restart of cri-dockerd that could end kubelet. */
const UNREAD = {
  when: { notChanged: 'unread' },
  text: 'The repair did not restart cri-dockerd, because systemd restarts kubelet with it: {unreadFile} changed after the start of kubelet, and kubelet may refuse it. Check the file, restart kubelet by hand, and run the repair again.',
} as const;

/** A unit that did not start, or that the repair must not start. */
const NOT_STARTED = [
  [
    { when: { failedStep: 'start' }, text: '{failedUnit} did not start: {detail}.' },
    { when: { failedStep: 'start' }, text: '{failedUnit} did not start.' },
    { when: { failedStep: 'restart' }, text: '{failedUnit} does not run with CNI after a restart: {detail}.' },
    { when: { failedStep: 'restart' }, text: '{failedUnit} does not run with CNI after a restart.' },
    { when: { failedStep: 'listen' }, text: '{failedUnit} started, but no process listens on {endpoint}: {detail}.' },
    { when: { failedStep: 'listen' }, text: '{failedUnit} started, but no process listens on {endpoint}.' },
    { when: { unavailable: 'masked' }, text: 'The repair unmasks no unit: run systemctl unmask.' },
    'The repair cannot start a unit that is {unavailable}.',
  ],
] as const satisfies Message;
const NOT_STARTED_EVIDENCE = ['failedStep', 'failedUnit', 'endpoint', 'unavailable'] as const;

/** The faults of nodes with Docker, with their sentences. */
export const reasons = defineReasons({
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
    evidence: ['dockerHangs', 'dockerEndpoint', 'dockerUnit', 'dockerResult', 'dockerLoad', ...NOT_STARTED_EVIDENCE],
    message: [
      [
        {
          when: { dockerHangs: true },
          text: 'docker.service runs, but Docker does not respond on {dockerEndpoint}: {detail}.',
        },
        'docker.service is {dockerUnit} ({dockerResult}), and cri-dockerd cannot work without Docker.',
        'docker.service is {dockerUnit}, and cri-dockerd cannot work without Docker.',
        'docker.service is {dockerLoad}, and no process listens on {dockerEndpoint}.',
        'Docker does not respond.',
      ],
      {
        when: { outcome: 'NotRepaired', dockerHangs: true },
        text: 'The repair does not restart Docker, because a restart may end its containers: run systemctl restart docker.service, or replace the node.',
      },
      ...NOT_STARTED,
    ],
    cause: 'Docker does not run or does not respond. cri-dockerd cannot work without it, so the node has no runtime.',
    advice:
      'Run the repair: it starts docker.service if it is stopped. It does not restart a Docker that hangs, because a restart ends its containers: check `journalctl -u docker`, then restart it or replace the node. If the unit is masked, run `systemctl unmask docker`.',
  },
  CRIDockerdDown: {
    title: 'cri-dockerd does not respond',
    severity: 'Fatal',
    scope: 'attributable',
    evidence: [
      'criServiceLoad',
      'criService',
      'criAnswers',
      'criServiceResult',
      'criSocket',
      'criSocketLoad',
      'notChanged',
      'unreadFile',
      ...NOT_STARTED_EVIDENCE,
    ],
    message: [
      [
        'cri-docker.service is {criServiceLoad}, so kubelet has no runtime on {endpoint}.',
        {
          when: { criAnswers: false },
          text: 'cri-docker.service is active, but does not answer kubelet on {endpoint}: {detail}.',
        },
        {
          when: { criService: 'active' },
          text: 'cri-docker.service is active, but kubelet cannot connect to {endpoint}.',
        },
        'cri-docker.service is {criService} ({criServiceResult}) and cri-docker.socket is {criSocket} ({criSocketLoad}), so kubelet has no runtime.',
        'cri-docker.service is {criService}, so kubelet has no runtime.',
        'cri-dockerd does not respond.',
      ],
      {
        when: { outcome: 'Broken', criService: ['activating', 'failed', 'deactivating'] },
        text: 'Its last error is: {detail}.',
      },
      UNREAD,
      ...NOT_STARTED,
    ],
    cause:
      'The adapter cri-dockerd does not run, or no process listens on its socket: cri-docker.service or cri-docker.socket is stopped, failed, masked or missing, or cri-dockerd hangs, or is too old for Docker or for kubelet. kubelet has no runtime, and the node becomes NotReady.',
    advice:
      'Run the repair: it starts both units. If they are masked or missing, restore them: `systemctl unmask cri-docker.service cri-docker.socket`, or install cri-dockerd in your image; then `systemctl enable` both. If its error is that its client version is too old, or that it does not know runtime.v1.RuntimeService, install a later cri-dockerd.',
  },
  CRIDockerdNoCNI: {
    title: 'cri-dockerd runs without CNI',
    severity: 'Fatal',
    scope: 'attributable',
    evidence: [
      'networkPlugin',
      'notChanged',
      'unreadFile',
      'commandPart',
      'rolledBack',
      'dropIn',
      'dropInPaths',
      ...NOT_STARTED_EVIDENCE,
    ],
    message: [
      [
        {
          when: { networkPlugin: 'none' },
          text: 'cri-dockerd runs without CNI (its --network-plugin is empty): the node is Ready, but its pods get no address of the cluster.',
        },
        'cri-dockerd runs without CNI (its --network-plugin is {networkPlugin}): the node is Ready, but its pods get no address of the cluster.',
        'cri-dockerd runs without CNI: the node is Ready, but its pods get no address of the cluster.',
      ],
      [
        {
          when: { notChanged: 'not-running' },
          text: 'The repair changes its flags only while Docker and cri-dockerd run, to prove that cri-dockerd works with them.',
        },
        UNREAD,
        {
          when: { notChanged: 'command-line' },
          text: 'The repair cannot write its command line to a unit file safely, because of "{commandPart}": add --network-plugin=cni by hand, then run systemctl daemon-reload and systemctl restart cri-docker.service.',
        },
        { when: { failedStep: 'write' }, text: 'The drop-in {dropIn} could not be written: {detail}.' },
        {
          when: { rolledBack: true },
          text: 'The drop-in {dropIn} had no effect and was rolled back, because another drop-in sets the command line: {dropInPaths}.',
        },
        {
          when: { rolledBack: true },
          text: 'cri-dockerd did not start with the drop-in {dropIn}, which was rolled back: {detail}.',
        },
        {
          when: { rolledBack: true },
          text: 'cri-dockerd did not start with the drop-in {dropIn}, which was rolled back.',
        },
      ],
      ...NOT_STARTED,
    ],
    cause:
      'The adapter cri-dockerd runs without a network plugin (`--network-plugin` is empty, as in the units of versions 0.2.0 to 0.2.3). It then reports that the network is ready: the node is Ready, but its pods get addresses of the Docker bridge or none.',
    advice:
      "Run the repair: a systemd drop-in gives cri-dockerd --network-plugin=cni. Then delete the node's pods that started without CNI. Add the flag in your image, and use cri-dockerd 0.2.5 or later.",
  },
  RuntimeEndpointConflict: {
    title: 'kubelet is configured with a conflicting runtime endpoint',
    severity: 'Fatal',
    scope: 'node-local',
    repairable: false,
    evidence: ['endpoint', 'listeningSocket', 'foreignSocket', 'fileEndpoint', 'kubeletConfig'],
    message: [
      [
        "kubelet's endpoint {foreignSocket} is not the socket of a container runtime (CRI): another program listens there.",
        "No process listens on kubelet's endpoint {endpoint}, but a runtime listens on {listeningSocket}.",
        "kubelet's flag sets the endpoint {endpoint} and overrides its file {kubeletConfig}, which sets {fileEndpoint}.",
        'kubelet is configured with a conflicting runtime endpoint.',
      ],
      {
        when: { outcome: 'NotRepaired' },
        text: "Decide which runtime the node must use, correct kubelet's flag or file, and restart kubelet.",
      },
    ],
    cause:
      "kubelet and the node's runtimes do not use the same socket: no process listens on kubelet's endpoint while another runtime listens elsewhere, or kubelet's flag and file set different endpoints.",
    advice:
      "Decide which runtime the node must use. Correct --container-runtime-endpoint or containerRuntimeEndpoint in kubelet's configuration (in the user data or the image), and replace the node or restart kubelet.",
  },
  PodInfraImageMismatch: {
    title: 'kubelet and cri-dockerd use different sandbox images',
    severity: 'Warning',
    scope: 'node-local',
    repairable: false,
    evidence: ['kubeletImage'],
    message: [
      [
        "kubelet's --pod-infra-container-image is {kubeletImage}, but cri-dockerd uses {image}.",
        'kubelet and cri-dockerd use different sandbox images.',
      ],
    ],
    cause:
      "kubelet's --pod-infra-container-image names another image than cri-dockerd's. kubelet up to 1.28 excludes only the image of its own flag from garbage collection.",
    advice: "Set the same image for both in the node's user data or image, and replace the nodes.",
  },
  CRIDockerdUnmanaged: {
    title: 'cri-dockerd does not run as cri-docker.service',
    severity: 'Info',
    scope: 'node-local',
    evidence: ['endpoint', 'criService'],
    message: [
      [
        'Another process is listening on {endpoint}: cri-docker.service is {criService}. fleetmend does not change it.',
        'cri-dockerd does not run as cri-docker.service. fleetmend does not change it.',
      ],
    ],
    cause:
      'A process listens on the endpoint of cri-dockerd, but cri-docker.service does not run: cri-dockerd was started by hand or by a unit with another name.',
    advice:
      'Nothing is checked or changed there. Run cri-dockerd with its units cri-docker.service and cri-docker.socket, so that it starts after a boot.',
  },
  RuntimeNotDocker: {
    title: 'kubelet does not use Docker',
    severity: 'Info',
    scope: 'node-local',
    evidence: ['endpoint'],
    message: [['kubelet uses {endpoint}, not Docker.', 'kubelet does not use Docker.']],
    cause: "kubelet's runtime is not Docker, so the node does not use cri-dockerd.",
    advice: 'No action is needed: other remediations repair nodes with containerd.',
  },
});
