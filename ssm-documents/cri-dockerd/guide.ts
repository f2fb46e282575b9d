import type { Guide } from '../../core/model/remediation.ts';
import { commonGuide, NO_IMAGE, registryGuide, runtimeGuide, UNCHANGED } from '../lib/reasons/guides.ts';

const { DiskFull } = runtimeGuide;
const UNDO_IMAGE = 'Remove the image, after which no new pod starts: `docker image rm IMAGE`.';
const STOP = '`systemctl stop cri-docker.service cri-docker.socket docker.service`';
const IMAGE = 'The image that `--pod-infra-container-image` of cri-dockerd names, in Docker (`docker image ls`).';

/** Where the faults of a node with Docker are, and how to undo what the repair did about them. */
export const guide = {
  ...commonGuide,
  ...registryGuide,
  DiskFull,
  ConfigUnreadable: {
    where: 'The flag `--pod-infra-container-image` in the command line of `cri-docker.service`.',
    undo: UNCHANGED,
  },
  SandboxImageMissing: { where: IMAGE, undo: UNDO_IMAGE },
  SandboxStartFailed: {
    where: 'A container of the image, which Docker did not start; the repair has removed it (`docker ps --all`).',
    undo: UNDO_IMAGE,
  },
  SandboxImageWrongPlatform: { where: IMAGE, undo: UNDO_IMAGE },
  SandboxImagePullFailed: { where: IMAGE, undo: NO_IMAGE },
  ImageGCPressure: {
    where:
      "The file system of Docker's images, `/var/lib/docker` by default, and `imageGCHighThresholdPercent` in kubelet's configuration.",
    undo: UNCHANGED,
  },
  NoLocalCopy: { where: IMAGE, undo: NO_IMAGE },
  DockerDown: {
    where: 'The unit `docker.service` and its socket (`evidence.dockerEndpoint`).',
    undo: `Stop what the repair started: ${STOP}. The node then has no runtime.`,
  },
  CRIDockerdDown: {
    where: 'The units `cri-docker.service` and `cri-docker.socket`, and the socket in `evidence.endpoint`.',
    undo: `Stop what the repair started, without \`docker.service\` if it ran before: ${STOP}. The node then has no runtime.`,
  },
  CRIDockerdNoCNI: {
    where: 'The flag `--network-plugin` in the command line of `cri-docker.service`.',
    undo: 'Remove the drop-in: `rm /etc/systemd/system/cri-docker.service.d/50-fleetmend.conf && systemctl daemon-reload && systemctl restart cri-docker`.',
  },
  RuntimeEndpointConflict: {
    where:
      "kubelet's flag `--container-runtime-endpoint` and `containerRuntimeEndpoint` in its file (`evidence.kubeletConfig`).",
    undo: UNCHANGED,
  },
  PodInfraImageMismatch: {
    where: 'The flag `--pod-infra-container-image` of kubelet and that of cri-dockerd.',
    undo: UNCHANGED,
  },
  CRIDockerdUnmanaged: {
    where: 'The process that listens on `evidence.endpoint`, and the unit `cri-docker.service`, which does not run.',
    undo: UNCHANGED,
  },
  RuntimeNotDocker: {
    where: "kubelet's `--container-runtime-endpoint` or `containerRuntimeEndpoint` (`evidence.endpoint`).",
    undo: UNCHANGED,
  },
} as const satisfies Readonly<Record<string, Guide>>;
