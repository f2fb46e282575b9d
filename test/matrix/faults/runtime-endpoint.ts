import type { GenerationName } from '../../../lab/real/generations.ts';
import type { Fault } from '../fault.ts';
import { shell } from '../scenes.ts';

const DOCKER: readonly GenerationName[] = ['docker'];
const KUBELET_UNIT = '/etc/systemd/system/kubelet.service';
const RESTART = 'systemctl daemon-reload; systemctl reset-failed; systemctl restart kubelet.service';

/** The faults of the socket behind kubelet's endpoint on nodes with Docker. */
export const faults: readonly Fault[] = [
  {
    name: "kubelet's endpoint is Docker's own socket",
    remediation: 'cri-dockerd',
    generations: DOCKER,
    break: async (node) => {
      await shell(node, `sed -i.before 's|/run/cri-dockerd.sock|/var/run/docker.sock|' ${KUBELET_UNIT}; ${RESTART}`);
    },
    check: {
      outcome: 'Broken',
      reason: 'RuntimeEndpointConflict',
      evidence: { foreignSocket: '/run/docker.sock' },
    },
    restore: async (node) => {
      await shell(node, `mv ${KUBELET_UNIT}.before ${KUBELET_UNIT}; ${RESTART}`);
    },
  },
];
