import { FOREIGN_REGISTRIES, TWIN_REGISTRY } from '../../../lab/real/breaks.ts';
import { CONTAINERD_GENERATIONS, type GenerationName } from '../../../lab/real/generations.ts';
import type { RealNode } from '../../../lab/real/node.ts';
import type { Fault } from '../fault.ts';

const DOCKER: readonly GenerationName[] = ['docker'];
const UNITS = '/etc/systemd/system';
const FOLDER = `${UNITS}/cri-docker.service.d`;
const RESTART = 'systemctl reset-failed cri-docker.service; systemctl restart cri-docker.service';
const WITHOUT_CNI = `/usr/bin/cri-dockerd --container-runtime-endpoint fd:// --network-plugin=`;

const shell = async (node: RealNode, script: string): Promise<void> => {
  const result = await node.exec(['sh', '-c', script]);
  if (result.code !== 0) throw new Error(`running ${script}: ${result.stderr}`);
};
/** Gives cri-dockerd another command line in a drop-in of another owner, and restarts it. */
const dropIn = async (node: RealNode, file: string, command: string): Promise<void> => {
  const text = `[Service]\\nExecStart=\\nExecStart=${command} --pod-infra-container-image=${node.sandboxImage}\\n`;
  await shell(node, `mkdir -p ${FOLDER}; printf '${text}' > ${FOLDER}/${file}; systemctl daemon-reload; ${RESTART}`);
};
const withoutDropIns = async (node: RealNode): Promise<void> => {
  await shell(node, `rm -rf ${FOLDER}; systemctl daemon-reload; ${RESTART}`);
};
const removeImages = async (node: RealNode): Promise<void> => {
  await shell(node, 'docker image ls --all --quiet | sort -u | xargs --no-run-if-empty docker image rm --force');
};
const kubeletStarts = 'systemctl reset-failed kubelet.service; systemctl start kubelet.service';
const NO_LOGIN = /no basic auth credentials/;

/** The faults of nodes with Docker behind cri-dockerd. */
export const faults: readonly Fault[] = [
  {
    name: 'Docker: image removed',
    remediation: 'cri-dockerd',
    generations: DOCKER,
    break: removeImages,
    check: { outcome: 'Broken', reason: 'SandboxImageMissing' },
    repair: {
      outcome: 'Repaired',
      reason: 'SandboxImageMissing',
      method: 'ecr',
      willRecur: true,
      evidence: { pinSupport: 'none' },
    },
    sandbox: { failsBefore: NO_LOGIN, startsAfter: true },
    kill: true,
  },
  {
    name: "Docker: image removed, there under another EKS registry's name",
    remediation: 'cri-dockerd',
    generations: DOCKER,
    break: async (node) => {
      const twin = TWIN_REGISTRY + node.sandboxImage.slice(node.sandboxImage.indexOf('/'));
      await shell(node, `docker tag ${node.sandboxImage} ${twin}; docker image rm ${node.sandboxImage}`);
    },
    check: { outcome: 'Broken', reason: 'SandboxImageMissing' },
    repair: { outcome: 'Repaired', reason: 'SandboxImageMissing', method: 'tag' },
    sandbox: { failsBefore: NO_LOGIN, startsAfter: true },
  },
  {
    name: 'Docker: image removed, look-alikes of foreign registries there',
    remediation: 'cri-dockerd',
    generations: DOCKER,
    break: async (node) => {
      await removeImages(node);
      // Docker treats a name with the prefix docker.io as the name without it.
      for (const registry of FOREIGN_REGISTRIES.filter((name) => !name.startsWith('docker.io/'))) {
        await node.docker?.load(
          node.lookAlikeImage,
          registry + node.sandboxImage.slice(node.sandboxImage.indexOf('/')),
        );
      }
    },
    check: { outcome: 'Broken', reason: 'SandboxImageMissing' },
    repair: { outcome: 'Repaired', reason: 'SandboxImageMissing', method: 'ecr' },
    sandbox: { failsBefore: NO_LOGIN, startsAfter: true },
    restore: async (node) => {
      await removeImages(node);
      await node.docker?.load(node.pauseImage, node.sandboxImage);
    },
  },
  {
    name: 'Docker: image removed, node role without ecr:GetAuthorizationToken',
    remediation: 'cri-dockerd',
    generations: DOCKER,
    break: async (node) => {
      await node.setRole('denied');
      await removeImages(node);
    },
    check: { outcome: 'Broken', reason: 'SandboxImageMissing' },
    repair: { outcome: 'NotRepaired', reason: 'NodeRoleLacksECR' },
    sandbox: { failsBefore: NO_LOGIN, startsAfter: false },
    restore: async (node) => {
      await node.setRole('allowed');
      await node.docker?.load(node.pauseImage, node.sandboxImage);
    },
  },
  {
    name: 'cri-dockerd hangs',
    remediation: 'cri-dockerd',
    generations: DOCKER,
    break: (node) => shell(node, 'systemctl kill --signal=STOP cri-docker.service'),
    check: {
      outcome: 'Broken',
      reason: 'CRIDockerdDown',
      detail: /^no answer in time$/,
      evidence: { criService: 'active', criAnswers: false },
    },
    repair: { outcome: 'Repaired', reason: 'CRIDockerdDown', method: 'start' },
  },
  {
    name: 'cri-dockerd ends at once, because it is too old for Docker',
    remediation: 'cri-dockerd',
    generations: DOCKER,
    break: (node) =>
      shell(
        node,
        `mkdir -p ${FOLDER}; printf '%s\\n' '[Service]' ExecStart= 'ExecStart=/usr/bin/cat /client-version-1.43-is-too-old' > ${FOLDER}/10-own.conf
        systemctl daemon-reload; systemctl restart cri-docker.service || sleep 2`,
      ),
    check: { outcome: 'Broken', reason: 'CRIDockerdDown', detail: /client-version-1\.43-is-too-old/ },
    repair: { outcome: 'NotRepaired', reason: 'CRIDockerdDown', detail: /client-version-1\.43-is-too-old/ },
    restore: withoutDropIns,
  },
  {
    name: '--network-plugin is empty',
    remediation: 'cri-dockerd',
    generations: DOCKER,
    break: async (node) => {
      await withoutDropIns(node);
      await dropIn(node, '10-own.conf', WITHOUT_CNI);
    },
    check: { outcome: 'Broken', reason: 'CRIDockerdNoCNI', evidence: { networkPlugin: 'none' } },
    repair: { outcome: 'Repaired', reason: 'CRIDockerdNoCNI', method: 'drop-in' },
    restore: withoutDropIns,
    kill: true,
  },
  {
    name: '--network-plugin is empty by a drop-in that overrides every other',
    remediation: 'cri-dockerd',
    generations: DOCKER,
    break: (node) => dropIn(node, '90-own.conf', WITHOUT_CNI),
    check: { outcome: 'Broken', reason: 'CRIDockerdNoCNI' },
    repair: {
      outcome: 'NotRepaired',
      reason: 'CRIDockerdNoCNI',
      evidence: { rolledBack: true, dropInPaths: `${FOLDER}/50-fleetmend.conf ${FOLDER}/90-own.conf` },
    },
    restore: withoutDropIns,
  },
  {
    name: 'cri-dockerd does not start with CNI: the drop-in is rolled back',
    remediation: 'cri-dockerd',
    generations: DOCKER,
    break: async (node) => {
      const wrapper = '#!/bin/sh\\ncase "$*" in *plugin=cni*) exit 1 ;; esac\\nexec /usr/bin/cri-dockerd "$@"\\n';
      await shell(node, `printf '${wrapper}' > /usr/local/bin/picky; chmod 755 /usr/local/bin/picky`);
      await dropIn(node, '10-own.conf', WITHOUT_CNI.replace('/usr/bin/cri-dockerd', '/usr/local/bin/picky'));
    },
    check: { outcome: 'Broken', reason: 'CRIDockerdNoCNI' },
    repair: { outcome: 'NotRepaired', reason: 'CRIDockerdNoCNI', evidence: { rolledBack: true } },
    restore: withoutDropIns,
  },
  {
    name: 'cri-docker.service and cri-docker.socket stopped',
    remediation: 'cri-dockerd',
    generations: DOCKER,
    break: (node) => shell(node, 'systemctl stop cri-docker.service cri-docker.socket'),
    check: { outcome: 'Broken', reason: 'CRIDockerdDown' },
    repair: { outcome: 'Repaired', reason: 'CRIDockerdDown', method: 'start' },
    kill: true,
  },
  {
    name: "cri-dockerd's socket removed",
    remediation: 'cri-dockerd',
    generations: DOCKER,
    break: (node) => shell(node, 'rm /run/cri-dockerd.sock'),
    check: { outcome: 'Broken', reason: 'CRIDockerdDown' },
    repair: { outcome: 'Repaired', reason: 'CRIDockerdDown', method: 'start' },
  },
  {
    name: 'cri-docker.service masked',
    remediation: 'cri-dockerd',
    generations: DOCKER,
    break: (node) =>
      shell(
        node,
        `systemctl stop cri-docker.service cri-docker.socket; mv ${UNITS}/cri-docker.service /root/; ln -s /dev/null ${UNITS}/cri-docker.service; systemctl daemon-reload`,
      ),
    check: { outcome: 'Broken', reason: 'CRIDockerdDown', evidence: { criServiceLoad: 'masked' } },
    restore: (node) =>
      shell(
        node,
        `mv /root/cri-docker.service ${UNITS}/; systemctl daemon-reload; systemctl start cri-docker.socket cri-docker.service; ${kubeletStarts}`,
      ),
  },
  {
    name: 'Docker stopped',
    remediation: 'cri-dockerd',
    generations: DOCKER,
    break: (node) => shell(node, 'systemctl stop docker.socket docker.service'),
    check: { outcome: 'Broken', reason: 'DockerDown' },
    repair: { outcome: 'Repaired', reason: 'DockerDown', method: 'start' },
    sandbox: { failsBefore: /Cannot connect to the Docker daemon/, startsAfter: true },
  },
  {
    name: "kubelet's endpoint is a socket without a listener",
    remediation: 'cri-dockerd',
    generations: DOCKER,
    break: (node) =>
      shell(
        node,
        `sed -i.before 's|cri-dockerd.sock|cri-docker.sock|' ${UNITS}/kubelet.service; systemctl daemon-reload; systemctl restart kubelet.service; systemctl stop kubelet.service`,
      ),
    check: {
      outcome: 'Broken',
      reason: 'RuntimeEndpointConflict',
      evidence: { endpoint: '/run/cri-docker.sock', listeningSocket: '/run/cri-dockerd.sock' },
    },
    restore: (node) =>
      shell(
        node,
        `mv ${UNITS}/kubelet.service.before ${UNITS}/kubelet.service; systemctl daemon-reload; ${kubeletStarts}`,
      ),
  },
  {
    name: "kubelet's flag and file name two endpoints",
    remediation: 'cri-dockerd',
    generations: DOCKER,
    break: (node) =>
      shell(
        node,
        `cd /etc/kubernetes/kubelet && sed -i.before 's|"kind"|"containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock", "kind"|' kubelet-config.json`,
      ),
    check: {
      outcome: 'Broken',
      reason: 'RuntimeEndpointConflict',
      evidence: { fileEndpoint: '/run/containerd/containerd.sock' },
    },
    restore: (node) => shell(node, 'cd /etc/kubernetes/kubelet && mv kubelet-config.json.before kubelet-config.json'),
  },
  {
    name: "kubelet's endpoint is cri-dockerd's, and there is no cri-dockerd",
    remediation: 'cri-dockerd',
    generations: CONTAINERD_GENERATIONS.filter((name) => name.startsWith('al2-')),
    break: (node) =>
      shell(
        node,
        `sed -i.before 's|/run/containerd/containerd.sock|/run/cri-dockerd.sock|' ${UNITS}/kubelet.service; systemctl daemon-reload; systemctl stop kubelet.service`,
      ),
    check: {
      outcome: 'Broken',
      reason: 'RuntimeEndpointConflict',
      evidence: { listeningSocket: '/run/containerd/containerd.sock' },
    },
    restore: (node) =>
      shell(
        node,
        `mv ${UNITS}/kubelet.service.before ${UNITS}/kubelet.service; systemctl daemon-reload; ${kubeletStarts}`,
      ),
  },
];
