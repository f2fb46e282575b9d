import { expect, it } from 'vitest';
import { type Reported, renderMessage } from '../../core/model/render-message.ts';
import { texts } from '../remediations.ts';

const endpoint = '/run/cri-dockerd.sock';
const noCNI = { outcome: 'NotRepaired', action: 'repair', reason: 'CRIDockerdNoCNI' } as const;
const NO_CNI =
  'cri-dockerd runs without CNI (its --network-plugin is empty): the node is Ready, but its pods get no address of the cluster.';

it.each<[Reported, string]>([
  [
    { outcome: 'Broken', reason: 'DockerDown', evidence: { dockerUnit: 'failed', dockerResult: 'exit-code' } },
    'docker.service is failed (exit-code), and cri-dockerd cannot work without Docker.',
  ],
  [
    {
      outcome: 'NotRepaired',
      reason: 'DockerDown',
      detail: 'no answer in time',
      evidence: { dockerHangs: true, dockerEndpoint: 'unix:///var/run/docker.sock', changed: false },
    },
    'docker.service runs, but Docker does not respond on unix:///var/run/docker.sock: no answer in time. The repair does not restart Docker, because a restart may end its containers: run systemctl restart docker.service, or replace the node. Nothing was changed on the node.',
  ],
  [
    {
      outcome: 'Broken',
      reason: 'CRIDockerdDown',
      evidence: {
        endpoint,
        criService: 'inactive',
        criServiceResult: 'success',
        criSocket: 'inactive',
        criSocketLoad: 'loaded',
      },
    },
    'cri-docker.service is inactive (success) and cri-docker.socket is inactive (loaded), so kubelet has no runtime.',
  ],
  [
    {
      outcome: 'NotRepaired',
      reason: 'CRIDockerdDown',
      evidence: { endpoint, criServiceLoad: 'masked', unavailable: 'masked', changed: false },
    },
    `cri-docker.service is masked, so kubelet has no runtime on ${endpoint}. The repair unmasks no unit: run systemctl unmask. Nothing was changed on the node.`,
  ],
  [
    {
      outcome: 'NotRepaired',
      reason: 'CRIDockerdDown',
      detail: 'fatal: bad flag',
      evidence: { endpoint, criService: 'failed', failedStep: 'start', failedUnit: 'cri-docker.service' },
    },
    'cri-docker.service is failed, so kubelet has no runtime. cri-docker.service did not start: fatal: bad flag.',
  ],
  [
    {
      ...noCNI,
      evidence: {
        networkPlugin: 'none',
        rolledBack: true,
        dropIn: '/x/50-fleetmend.conf',
        dropInPaths: '/x/90-own.conf',
      },
    },
    `${NO_CNI} The drop-in /x/50-fleetmend.conf had no effect and was rolled back, because another drop-in sets the command line: /x/90-own.conf.`,
  ],
  [
    {
      ...noCNI,
      detail: 'exit 1',
      evidence: { networkPlugin: 'none', rolledBack: true, dropIn: '/x/50-fleetmend.conf' },
    },
    `${NO_CNI} cri-dockerd did not start with the drop-in /x/50-fleetmend.conf, which was rolled back: exit 1.`,
  ],
  [
    {
      outcome: 'Broken',
      reason: 'RuntimeEndpointConflict',
      evidence: { endpoint, listeningSocket: '/run/containerd/containerd.sock' },
    },
    `No process listens on kubelet's endpoint ${endpoint}, but a runtime listens on /run/containerd/containerd.sock.`,
  ],
  [
    { outcome: 'Unsupported', reason: 'CRIDockerdUnmanaged', evidence: { endpoint, criService: 'inactive' } },
    `Another process is listening on ${endpoint}: cri-docker.service is inactive. fleetmend does not change it.`,
  ],
  [
    { outcome: 'Healthy', willRecur: true, evidence: { endpoint, networkPlugin: 'cni', startsAtBoot: false } },
    `cri-dockerd listens on ${endpoint} and uses CNI, and Docker has the sandbox image. Nothing starts cri-dockerd at the next boot: run systemctl enable cri-docker.service cri-docker.socket.`,
  ],
  [
    {
      outcome: 'Repaired',
      reason: 'CRIDockerdNoCNI',
      method: 'drop-in',
      evidence: { repaired: 'CRIDockerdNoCNI,SandboxImageMissing', restartPods: true, pinSupport: 'none' },
    },
    'The repair fixed CRIDockerdNoCNI,SandboxImageMissing. Docker and cri-dockerd respond. Delete the pods that started without CNI: they keep their wrong addresses until then. A test container of the sandbox image started. Docker cannot pin the image: kubelet may delete it when the disk is full and no pod runs.',
  ],
])('renders %j', (reported, message) => {
  expect(renderMessage(texts, 'cri-dockerd', reported)).toBe(message);
});
