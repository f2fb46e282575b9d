import type { GenerationName } from '../../../lab/real/generations.ts';
import type { RealNode } from '../../../lab/real/node.ts';
import type { Fault } from '../fault.ts';
import { shell } from '../scenes.ts';

const DOCKER: readonly GenerationName[] = ['docker'];

const KUBELET_CONFIG = '/etc/kubernetes/kubelet/kubelet-config.json';

/**
 * Makes the stand-in for cri-dockerd another version, and restarts it and kubelet, which asks it once, at its start. systemd
 * refuses to start a socket whose service is active, so the service is stopped first.
 */
const becomes = async (node: RealNode, version: string): Promise<void> => {
  await shell(
    node,
    `sed -i 's/^VERSION = .*/VERSION = "${version}"/' /usr/bin/cri-dockerd
systemctl reset-failed cri-docker.service kubelet.service; systemctl stop cri-docker.service; systemctl restart cri-docker.socket
systemctl start cri-docker.service; systemctl restart kubelet.service; sleep 1`,
  );
};

/** The faults, and what is none, of versions of cri-dockerd under versions of kubelet. */
export const faults: readonly Fault[] = [
  {
    name: '--network-plugin is absent, and cri-dockerd is older than 0.2.5',
    remediation: 'cri-dockerd',
    generations: DOCKER,
    // 1.26 and later need a version of the CRI that it does not have.
    node: { kubelet: '1.25.16', criDockerd: '0.2.3' },
    break: async () => undefined,
    check: { outcome: 'Broken', reason: 'CRIDockerdNoCNI' },
    repair: { outcome: 'Repaired', reason: 'CRIDockerdNoCNI', method: 'drop-in' },
  },
  {
    name: 'cri-dockerd 0.2.6 under kubelet 1.25, which takes v1alpha2 (which is no fault)',
    remediation: 'cri-dockerd',
    generations: DOCKER,
    node: { kubelet: '1.25.16', criDockerd: '0.2.6' },
    break: async () => undefined,
    check: { outcome: 'Healthy' },
    repair: { outcome: 'Healthy' },
    sandbox: { startsAfter: true },
  },
  {
    name: 'cri-dockerd 0.2.6 under kubelet 1.26, which needs v1',
    remediation: 'cri-dockerd',
    generations: DOCKER,
    break: (node) => becomes(node, '0.2.6'),
    check: {
      outcome: 'Broken',
      reason: 'CRIDockerdDown',
      detail: /^unknown service runtime\.v1\.RuntimeService$/,
      evidence: { criService: 'active', criAnswers: false },
    },
    restore: (node) => becomes(node, '0.4.3'),
  },
  {
    name: "cri-dockerd's socket removed, and kubelet's configuration changed since its start",
    remediation: 'cri-dockerd',
    generations: DOCKER,
    break: async (node) => {
      await shell(
        node,
        `sleep 1; sed -i.before 's|"kind"|"colour":"red","kind"|' ${KUBELET_CONFIG}; rm /run/cri-dockerd.sock`,
      );
    },
    check: { outcome: 'Broken', reason: 'CRIDockerdDown' },
    repair: {
      outcome: 'NotRepaired',
      reason: 'CRIDockerdDown',
      evidence: { notChanged: 'unread', unreadFile: KUBELET_CONFIG, changed: false },
    },
    restore: async (node) => {
      await shell(node, `mv ${KUBELET_CONFIG}.before ${KUBELET_CONFIG}`);
      await becomes(node, '0.4.3');
    },
  },
];
