import { expect, it } from 'vitest';
import { type Reported, renderMessage } from '../core/model/render-message.ts';
import { texts } from './remediations.ts';

it.each<[string, Reported, string]>([
  [
    'ecr-credentials',
    {
      outcome: 'Broken',
      reason: 'KubeletDown',
      detail: '"command failed" err="unknown flag: --x"',
      evidence: { kubeletFault: 'restarting', kubeletUnit: 'kubelet.service' },
    },
    'kubelet.service ends and is started again and again: no pod starts on this node. Its last error is: "command failed" err="unknown flag: --x".',
  ],
  [
    'ecr-credentials',
    { outcome: 'Broken', reason: 'KubeletDown', evidence: { kubeletFault: 'stopped', kubeletUnit: 'kubelet.service' } },
    'kubelet.service is stopped: no pod starts on this node.',
  ],
  [
    'ecr-credentials',
    { outcome: 'Broken', reason: 'KubeletDown', evidence: { kubeletFault: 'masked', kubeletUnit: 'kubelet.service' } },
    'systemd does not run kubelet.service (masked): no pod starts on this node.',
  ],
  [
    'ecr-credentials',
    { outcome: 'Unknown', reason: 'KubeletDown', evidence: { kubeletFault: 'silent', kubeletUnit: 'kubelet.service' } },
    'kubelet.service runs, but its health check does not answer.',
  ],
  [
    'ecr-credentials',
    {
      outcome: 'Unknown',
      reason: 'KubeletDown',
      evidence: { kubeletFault: 'not-found', kubeletUnit: 'kubelet.service' },
    },
    'systemd has no kubelet.service: nobody has seen that a kubelet runs on this node.',
  ],
  [
    'pause-image',
    {
      outcome: 'Broken',
      reason: 'CRINotServed',
      detail: '"failed to load plugin io.containerd.grpc.v1.cri" error="bad"',
      evidence: { containerd: '1.7.24', criState: 'unimplemented', socket: '/run/containerd/containerd.sock' },
    },
    'containerd 1.7.24 runs without its CRI plugin, which kubelet needs: no pod starts on this node. Its own words are: "failed to load plugin io.containerd.grpc.v1.cri" error="bad".',
  ],
  [
    'pause-image',
    { outcome: 'Broken', reason: 'CRINotServed', evidence: { criState: 'foreign', socket: '/run/x.sock' } },
    "kubelet's endpoint /run/x.sock is not the socket of a container runtime (CRI): no pod starts on this node.",
  ],
  [
    'cri-dockerd',
    { outcome: 'Broken', reason: 'RuntimeEndpointConflict', evidence: { foreignSocket: '/run/docker.sock' } },
    "kubelet's endpoint /run/docker.sock is not the socket of a container runtime (CRI): another program listens there.",
  ],
  [
    'cni-files',
    {
      outcome: 'Broken',
      reason: 'CNIAgentMissing',
      evidence: { config: '/etc/cni/net.d/00-multus.conf', missingAgent: 'kube-multus', agentState: 'absent' },
    },
    'The runtime uses /etc/cni/net.d/00-multus.conf, but the agent of its CNI, the container kube-multus, does not run on this node (absent): new pods may get no network.',
  ],
  [
    'cni-files',
    {
      outcome: 'Unknown',
      reason: 'CNIConfigInvalid',
      detail: 'it has more than 65536 bytes',
      evidence: { config: '/etc/cni/net.d/00-x.conf', configProblem: 'unread', repairStep: 'none' },
    },
    'The CNI configuration /etc/cni/net.d/00-x.conf could not be checked: it has more than 65536 bytes.',
  ],
  [
    'node-check',
    { outcome: 'Unknown', reason: 'PodsDoNotStart', detail: 'rpc error: x' },
    'In the last 10 minutes the sandboxes of several workloads failed on this node, none has started since, and no check knows why. The last error is: rpc error: x.',
  ],
])('%s renders %j', (remediation, reported, message) => {
  expect(renderMessage(texts, remediation, reported)).toBe(message);
});
