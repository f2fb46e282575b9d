import { describe, expect, it } from 'vitest';
import type { Reported } from '../core/model/render-message.ts';
import { renderMessage } from '../core/model/render-message.ts';
import { catalogue, texts } from './remediations.ts';

const IMAGE = '918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5';
const message = (remediation: string, reported: Reported): string => renderMessage(texts, remediation, reported);
const pauseImage = (over: Omit<Reported, 'outcome'> & Partial<Reported>): string =>
  message('pause-image', { outcome: 'Broken', image: IMAGE, ...over });

describe('the wording', () => {
  it('has a version that changes with every text, since rows keep it', () => {
    expect(texts.version).toBe('c7b41c10');
  });

  it('fills a message for every reason, whatever a node leaves out', () => {
    for (const reason of catalogue().keys()) {
      const shown = message('pause-image', { outcome: 'Broken', reason, title: 'A title' });
      expect(shown, reason).toMatch(/^(?:[A-Z]|kubelet|containerd|cri-dockerd).+\.$/);
      expect(shown, reason).not.toMatch(/[{}]|undefined/);
    }
  });
});

describe('pause-image', () => {
  it.each<[string, string]>([
    [
      pauseImage({ reason: 'SandboxImageMissing', evidence: { pinSupport: 'yes' } }),
      `The sandbox image ${IMAGE} is missing: no new pod can start on this node.`,
    ],
    [
      pauseImage({
        reason: 'SandboxImageMissing',
        evidence: {
          diskOverThreshold: true,
          imageFilesystem: '/var/lib/containerd',
          diskUsedPercent: 91,
          gcHighPercent: 85,
        },
      }),
      `The sandbox image ${IMAGE} is missing: no new pod can start on this node. The file system /var/lib/containerd is 91 % full, and kubelet deletes unused images from 85 % on: free disk space, or grow the disk.`,
    ],
    [
      pauseImage({
        reason: 'SandboxImageMissing',
        evidence: { missingName: 'localhost/kubernetes/pause', containerd: '2.3.0' },
      }),
      'containerd 2.3.0 also looks up the sandbox image as localhost/kubernetes/pause, without a tag, and has no image of that name: no new pod can start on this node.',
    ],
    [
      pauseImage({ outcome: 'Repaired', method: 'ecr', evidence: { pinSupport: 'yes' } }),
      'The sandbox image was restored by the method ecr, and a test container of it started.',
    ],
    [
      pauseImage({
        outcome: 'Repaired',
        method: 'pin',
        evidence: { pinSupport: 'yes', stoppedUnit: 'kubelet.service', kubelet: 'inactive' },
      }),
      'The sandbox image was pinned, and a test container of it started. kubelet is not running (kubelet.service is inactive): run systemctl start kubelet.service.',
    ],
    [
      pauseImage({
        outcome: 'Repaired',
        method: 'tag',
        evidence: { pinSupport: 'none', containerd: '1.6.20', imageMaximumGCAge: '24h' },
      }),
      'The sandbox image was restored by the method tag, and a test container of it started. containerd 1.6.20 cannot keep it pinned, so that it may be deleted again: replace the node with a current image (containerd 1.7.11 or later). kubelet deletes images that no container has used for 24h (imageMaximumGCAge in its configuration).',
    ],
    [pauseImage({ outcome: 'Healthy', evidence: { pinSupport: 'yes' } }), 'The sandbox image is present and pinned.'],
    [
      pauseImage({
        outcome: 'NotRepaired',
        reason: 'RegistryUnreachable',
        detail: 'dial tcp 10.0.0.9:443: i/o timeout',
        evidence: { fetched: IMAGE, failedHost: 'api.ecr.cn-north-1.amazonaws.com.cn', networkError: 'timeout' },
      }),
      `api.ecr.cn-north-1.amazonaws.com.cn could not be reached (timeout). Fetching ${IMAGE} failed: dial tcp 10.0.0.9:443: i/o timeout.`,
    ],
    [
      pauseImage({
        outcome: 'NotRepaired',
        reason: 'LocalCopyUntrusted',
        evidence: { localCopy: '/etc/eks/pause.tar', untrusted: '/etc/eks/pause.tar (mode 666)', changed: false },
      }),
      'The local copy /etc/eks/pause.tar of the sandbox image is not used, because /etc/eks/pause.tar (mode 666) is not controlled by root alone. Nothing was changed on the node.',
    ],
  ])('%s', (shown, expected) => {
    expect(shown).toBe(expected);
  });
});

describe('cni-files', () => {
  const config = '/etc/cni/net.d/10-aws.conflist';
  it.each<[Omit<Reported, 'outcome'> & Partial<Reported>, string]>([
    [
      {
        reason: 'CNIConfigInvalid',
        evidence: {
          config,
          configProblem: 'invalid-json',
          configError: 'line 1: it ends too early',
          repairStep: 'none',
        },
      },
      `The CNI configuration ${config} is not valid JSON (line 1: it ends too early). The runtime uses no other file: no pod gets a network. Correct the file, or move it away if its CNI is no longer in use.`,
    ],
    [
      {
        reason: 'CNIBinaryMissing',
        evidence: {
          config,
          binDirs: '/opt/cni/bin',
          missingPlugins: 'aws-cni portmap',
          repairStep: 'none',
          pluginAgent: 'aws-node',
        },
      },
      `These CNI plugins are missing from /opt/cni/bin: aws-cni portmap. ${config} needs them: no pod gets a network. Delete the node's aws-node pod (kubectl -n kube-system delete pod): the init container of the new pod installs them.`,
    ],
    [
      {
        reason: 'CNINotReady',
        evidence: { config, ipamd: 'silent', awsNode: 'running', repairStep: 'restart-aws-node' },
      },
      "aws-node's ipamd does not respond (container running): no pod gets an address. The repair restarts aws-node.",
    ],
    [
      {
        outcome: 'NotRepaired',
        reason: 'CNIBinaryInvalid',
        evidence: {
          notExecutable: '/opt/cni/bin/portmap',
          untrusted: '/opt/cni/bin/portmap (mode 666)',
          repairStep: 'set-mode',
          changed: false,
        },
      },
      'These CNI plugins are not executable: /opt/cni/bin/portmap. No pod gets a network. The execute bit is not set, because /opt/cni/bin/portmap (mode 666) is not controlled by root alone. Nothing was changed on the node.',
    ],
    [
      {
        outcome: 'Repaired',
        reason: 'CNIConfigConflict',
        evidence: { movedTo: '/etc/cni/net.d.fleetmend-backup/x', restarted: true },
      },
      'A leftover CNI configuration was moved to /etc/cni/net.d.fleetmend-backup/x. aws-node was restarted. The pod network is ready.',
    ],
    [
      {
        outcome: 'Skipped',
        reason: 'CNIConfigMissing',
        evidence: { confDir: '/etc/cni/net.d', blockedBy: 'pause-image (SandboxImageMissing)' },
      },
      'There is no CNI configuration in /etc/cni/net.d: the node is NotReady. Blocked by pause-image (SandboxImageMissing), which must be repaired first.',
    ],
  ])('%j', (reported, expected) => {
    expect(message('cni-files', { outcome: 'Broken', ...reported })).toBe(expected);
  });
});
