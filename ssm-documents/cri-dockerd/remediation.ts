import { defineRemediation } from '../../core/model/remediation.ts';
import { registryEvidence, runtimeEvidence } from '../lib/reasons/evidence.ts';
import { guide } from './guide.ts';
import { logLines } from './log-lines.ts';
import { reasons } from './reasons.ts';

/** Starts Docker and cri-dockerd, gives cri-dockerd its network plugin, and restores the sandbox image in Docker. */
export const remediation = defineRemediation({
  name: 'cri-dockerd',
  summary:
    'Repairs nodes that run pods with Docker: starts Docker and cri-dockerd, gives cri-dockerd CNI, and pulls the sandbox image.',
  order: 20,
  disruptive: true,
  reasons,
  guide,
  evidence: {
    ...registryEvidence,
    ...runtimeEvidence,
    kubeletRuns: 'False where kubelet does not run.',
    dockershim: 'True where kubelet uses Docker directly.',
    networkPlugin: 'The network plugin of cri-dockerd: none, or unset where it is unknown.',
    sandboxImage: 'unknown, where no flag or default names the sandbox image.',
    configuredImage: 'The sandbox image as the runtime configuration names it.',
    startsAtBoot: 'False where systemd does not start cri-dockerd at the next boot.',
    dockerHangs: 'True where docker.service runs and Docker does not respond.',
    dockerUnit: 'State of docker.service.',
    dockerResult: 'Result of the last run of docker.service.',
    dockerLoad: 'Load state of docker.service, where it is not loaded.',
    dockerEndpoint: 'The endpoint of Docker that cri-dockerd uses.',
    criAnswers: 'False where cri-dockerd listens, but does not answer a call of the CRI.',
    criService: 'State of cri-docker.service.',
    criServiceResult: 'Result of the last run of cri-docker.service.',
    criServiceLoad: 'Load state of cri-docker.service, where it is not loaded.',
    criSocket: 'State of cri-docker.socket.',
    criSocketLoad: 'Load state of cri-docker.socket.',
    listeningSocket: 'The socket on which another runtime listens.',
    foreignSocket: "kubelet's endpoint, where another program than a CRI listens there.",
    fileEndpoint: "The endpoint in kubelet's file, where it differs.",
    kubeletConfig: "kubelet's configuration file.",
    also: 'Further reasons that the node has.',
    repaired: 'Reasons that were repaired.',
    restartPods: 'True where pods that started without CNI must be deleted.',
    kubeletStarted: 'Whether kubelet was started.',
    kubeletImage: "The sandbox image that kubelet's --pod-infra-container-image names.",
    pinSupport: 'none, where the sandbox image was restored: Docker cannot pin it.',
    taggedFrom: 'The image on the node that was tagged.',
    ecrRegion: "Region of the image's ECR registry.",
    failedUnit: 'The unit that did not start.',
    unavailable: 'Load state of the unit that the repair must not start: masked or not-found.',
    notChanged:
      'Why the repair did not change the flags of cri-dockerd, or restart it: not-running, command-line, or unread (see unreadFile).',
    unreadFile: 'The file of kubelet that changed after its start, so that a restart may end it.',
    commandPart: 'The part of the command line that cannot be written to a unit file.',
    dropIn: 'The drop-in for the flags of cri-dockerd.',
    dropInPaths: 'All drop-ins of cri-docker.service.',
    rolledBack: 'True where the drop-in was rolled back.',
  },
  healthy: [
    [
      {
        when: { dockershim: true, sandboxImage: 'unknown' },
        text: 'kubelet uses Docker directly, and Docker responds. The name of the sandbox image is unknown.',
      },
      { when: { dockershim: true }, text: 'kubelet uses Docker directly. Docker responds and has the sandbox image.' },
      {
        when: { sandboxImage: 'unknown' },
        text: 'cri-dockerd listens on {endpoint}, and Docker responds. The name of the sandbox image is unknown.',
      },
      {
        when: { networkPlugin: 'cni' },
        text: 'cri-dockerd listens on {endpoint} and uses CNI, and Docker has the sandbox image.',
      },
      'cri-dockerd listens on {endpoint}, and Docker has the sandbox image.',
      'Docker and cri-dockerd respond.',
    ],
    {
      when: { startsAtBoot: false },
      text: 'Nothing starts cri-dockerd at the next boot: run systemctl enable cri-docker.service cri-docker.socket.',
    },
  ],
  repaired: [
    ['The repair fixed {repaired}. Docker and cri-dockerd respond.', 'Docker and cri-dockerd were repaired.'],
    {
      when: { restartPods: true },
      text: 'Delete the pods that started without CNI: they keep their wrong addresses until then.',
    },
    {
      when: { pinSupport: 'none' },
      text: 'A test container of the sandbox image started. Docker cannot pin the image: kubelet may delete it when the disk is full and no pod runs.',
    },
    { when: { kubeletStarted: false }, text: 'kubelet did not start.' },
    {
      when: { startsAtBoot: false },
      text: 'Nothing starts cri-dockerd at the next boot: run systemctl enable cri-docker.service cri-docker.socket.',
    },
  ],
  executionTimeoutSeconds: { check: 60, repair: 300 },
  logLines,
});
