import { CONTAINERD_GENERATIONS, type GenerationName } from '../../../lab/real/generations.ts';
import type { RealNode } from '../../../lab/real/node.ts';
import type { ExpectedResult, Fault } from '../fault.ts';
import {
  ECR_GENERATIONS,
  fullName,
  LOCAL_GENERATIONS,
  pullByCri,
  putImageBack,
  restartContainerd,
  shell,
  twinOf,
} from '../scenes.ts';

const AL2: readonly GenerationName[] = ['al2-1.6', 'al2-1.7'];

const missing: ExpectedResult = { outcome: 'Broken', reason: 'SandboxImageMissing' };
const incomplete: ExpectedResult = { outcome: 'Broken', reason: 'SandboxImageIncomplete' };
const NO_IMAGE = /401 Unauthorized|no basic auth credentials|connection refused/;
const NO_CONTENT = /content digest sha256:[0-9a-f]+: not found/;

/** The cheapest method that is available for a missing image. */
const methodOf = (generation: GenerationName): string => (LOCAL_GENERATIONS.includes(generation) ? 'import' : 'ecr');

const KUBELET_ARGS = '/etc/systemd/system/kubelet.service.d/10-kubelet-args.conf';
const UNIT_SCRIPT = '/etc/eks/containerd/pull-sandbox-image.sh';
const PROXY = '/etc/systemd/system/containerd.service.d';
const RESTART_KUBELET = 'systemctl daemon-reload; systemctl restart kubelet';

const remove = (node: RealNode): Promise<void> => node.breakNode('missing');

/** Fills containerd's file system up to a percentage. */
const fill = (node: RealNode, percent: number): Promise<string> =>
  shell(
    node,
    `set -- $(stat --file-system --format='%b %a %S' /var/lib/containerd)
fallocate --length $(( ($2 - $1 * (100 - ${percent}) / 100) * $3 )) /var/lib/containerd/filler`,
  );

/** The faults of the pause image. */
export const faults: readonly Fault[] = [
  {
    name: 'image removed by garbage collection',
    remediation: 'pause-image',
    generations: CONTAINERD_GENERATIONS,
    break: remove,
    // The method that needs no registry, where there is one.
    check: (generation) => (LOCAL_GENERATIONS.includes(generation) ? { ...missing, method: 'import' } : missing),
    repair: (generation) => ({ outcome: 'Repaired', reason: 'SandboxImageMissing', method: methodOf(generation) }),
    sandbox: { failsBefore: NO_IMAGE, startsAfter: true },
    kill: true,
  },
  {
    name: 'image removed, its copy there under another EKS registry',
    remediation: 'pause-image',
    generations: ECR_GENERATIONS,
    break: (node) => node.breakNode('missing-with-twin'),
    check: { ...missing, method: 'tag' },
    repair: (generation) => ({ outcome: 'Repaired', method: 'tag', willRecur: generation === 'al2-1.6' }),
    sandbox: { failsBefore: NO_IMAGE, startsAfter: true },
    restore: async (node) => {
      await node.ctr(['images', 'rm', twinOf(node)]);
    },
    kill: true,
  },
  {
    name: 'image removed, look-alikes of foreign registries there',
    remediation: 'pause-image',
    generations: CONTAINERD_GENERATIONS,
    break: (node) => node.breakNode('foreign-lookalike'),
    check: missing,
    // The AMI's unit mistakes a name with the same end for the image.
    repair: (generation) => ({
      outcome: 'Repaired',
      method: LOCAL_GENERATIONS.includes(generation) ? 'import' : 'ecr',
    }),
    sandbox: { failsBefore: NO_IMAGE, startsAfter: true },
    restore: putImageBack,
  },
  {
    name: 'listed, its layer and its snapshot gone',
    remediation: 'pause-image',
    generations: CONTAINERD_GENERATIONS,
    break: (node) => node.breakNode('content-missing'),
    check: incomplete,
    // The AMI's unit treats a name in the list as a usable image.
    repair: (generation) => ({
      outcome: 'Repaired',
      method: LOCAL_GENERATIONS.includes(generation) ? 'import' : 'ecr',
    }),
    sandbox: { failsBefore: NO_CONTENT, startsAfter: true },
    kill: true,
  },
  {
    name: 'listed, none of its content there',
    remediation: 'pause-image',
    generations: CONTAINERD_GENERATIONS,
    break: (node) => node.breakNode('manifest-missing'),
    check: incomplete,
    repair: (generation) => ({
      outcome: 'Repaired',
      method: LOCAL_GENERATIONS.includes(generation) ? 'import' : 'ecr',
    }),
    sandbox: { failsBefore: NO_CONTENT, startsAfter: true },
    kill: true,
  },
  {
    name: 'pulled with discard_unpacked_layers, then its snapshot lost',
    remediation: 'pause-image',
    generations: ECR_GENERATIONS,
    break: async (node) => {
      await remove(node);
      await pullByCri(node);
      await node.breakNode('content-missing');
    },
    check: incomplete,
    repair: { outcome: 'Repaired', method: 'ecr' },
    sandbox: { failsBefore: NO_CONTENT, startsAfter: true },
  },
  {
    name: 'layers discarded once unpacked (which is no fault)',
    remediation: 'pause-image',
    generations: ECR_GENERATIONS,
    break: async (node) => {
      await remove(node);
      await pullByCri(node);
    },
    check: { outcome: 'Healthy' },
    repair: { outcome: 'Healthy' },
    sandbox: { startsAfter: true },
    restore: putImageBack,
  },
  {
    name: 'not pinned',
    remediation: 'pause-image',
    // containerd 2 itself pins the image of its configuration again.
    generations: CONTAINERD_GENERATIONS.filter((name) => name.endsWith('-1.7')),
    break: async (node) => {
      await node.ctr(['images', 'label', fullName(node), 'io.cri-containerd.pinned=']);
    },
    check: { outcome: 'Broken', reason: 'SandboxImageUnpinned', method: 'pin' },
    repair: { outcome: 'Repaired', method: 'pin' },
    sandbox: { startsAfter: true },
  },
  {
    name: 'image removed, kubelet told to protect another one',
    remediation: 'pause-image',
    generations: ['al2-1.6', 'al2-1.7', 'ubuntu-1.7'],
    break: async (node) => {
      await shell(node, `sed -i 's|pause:3.5|pause:3.1-eksbuild.1|' ${KUBELET_ARGS}; ${RESTART_KUBELET}`);
      await remove(node);
    },
    // kubelet 1.29 and later protect no image by the flag.
    check: (generation) => ({ ...missing, ...(generation === 'al2-1.6' ? { cause: 'SandboxImageMismatch' } : {}) }),
    repair: { outcome: 'Repaired' },
    // Where containerd cannot pin, the image is in danger for as long as the two differ.
    again: (generation) =>
      generation === 'al2-1.6' ? { outcome: 'NotRepaired', reason: 'SandboxImageMismatch' } : { outcome: 'Healthy' },
    sandbox: { failsBefore: NO_IMAGE, startsAfter: true },
    restore: async (node) => {
      await shell(node, `sed -i 's|pause:3.1-eksbuild.1|pause:3.5|' ${KUBELET_ARGS}; ${RESTART_KUBELET}`);
    },
  },
  {
    name: 'kubelet told to protect another image, which containerd cannot pin',
    remediation: 'pause-image',
    generations: ['al2-1.6'],
    break: async (node) => {
      await shell(node, `sed -i 's|pause:3.5|pause:3.1-eksbuild.1|' ${KUBELET_ARGS}; ${RESTART_KUBELET}`);
    },
    check: { outcome: 'Broken', reason: 'SandboxImageMismatch' },
    sandbox: { startsAfter: true },
    restore: async (node) => {
      await shell(node, `sed -i 's|pause:3.1-eksbuild.1|pause:3.5|' ${KUBELET_ARGS}; ${RESTART_KUBELET}`);
    },
  },
  {
    name: 'image removed, disk full',
    remediation: 'pause-image',
    generations: CONTAINERD_GENERATIONS,
    node: { containerdMegabytes: 64 },
    break: async (node) => {
      await remove(node);
      await fill(node, 100);
    },
    check: { ...missing, cause: 'ImageGCPressure' },
    repair: { outcome: 'NotRepaired', reason: 'DiskFull' },
    sandbox: { failsBefore: /./, startsAfter: false },
    restore: async (node) => {
      await shell(node, 'rm /var/lib/containerd/filler');
      await putImageBack(node);
    },
  },
  {
    name: 'image removed, disk over the threshold of garbage collection',
    remediation: 'pause-image',
    generations: CONTAINERD_GENERATIONS,
    node: { containerdMegabytes: 64 },
    break: async (node) => {
      await remove(node);
      await fill(node, 90);
    },
    check: { ...missing, cause: 'ImageGCPressure' },
    // kubelet deletes no pinned image, however full the disk is.
    repair: (generation) => ({
      outcome: 'Repaired',
      cause: 'ImageGCPressure',
      willRecur: generation === 'al2-1.6',
      message: /is \d+ % full|cannot keep it pinned/,
    }),
    sandbox: { failsBefore: NO_IMAGE, startsAfter: true },
    restore: async (node) => {
      await shell(node, 'rm /var/lib/containerd/filler');
    },
  },
  {
    name: "image removed, the AMI's own unit fails",
    remediation: 'pause-image',
    generations: AL2,
    break: async (node) => {
      await remove(node);
      await shell(
        node,
        `mv ${UNIT_SCRIPT} ${UNIT_SCRIPT}.kept; printf '#!/bin/sh\\nexit 1\\n' > ${UNIT_SCRIPT}; chmod 755 ${UNIT_SCRIPT}`,
      );
    },
    check: missing,
    repair: { outcome: 'Repaired', method: 'ecr' },
    sandbox: { failsBefore: NO_IMAGE, startsAfter: true },
    restore: async (node) => {
      await shell(node, `mv ${UNIT_SCRIPT}.kept ${UNIT_SCRIPT}`);
    },
  },
  {
    name: "image removed, containerd's proxy is down, and the AMI's own unit uses none",
    remediation: 'pause-image',
    generations: AL2,
    break: async (node) => {
      await shell(
        node,
        `mkdir -p ${PROXY}; printf '[Service]\\nEnvironment=HTTPS_PROXY=http://127.0.0.1:9\\n' > ${PROXY}/90-proxy.conf`,
      );
      await restartContainerd(node, 'kubelet');
      await remove(node);
    },
    check: missing,
    repair: { outcome: 'Repaired', method: 'unit' },
    sandbox: { failsBefore: NO_IMAGE, startsAfter: true },
    restore: async (node) => {
      await shell(node, `rm ${PROXY}/90-proxy.conf`);
      await restartContainerd(node, 'kubelet');
    },
  },
  {
    name: "containerd's configuration spoiled since it was started",
    remediation: 'pause-image',
    generations: CONTAINERD_GENERATIONS,
    break: async (node) => {
      await shell(
        node,
        'cp /etc/containerd/config.toml /root/config.toml; echo "sandbox_image = [" >> /etc/containerd/config.toml',
      );
    },
    check: { outcome: 'Unknown', reason: 'ConfigUnreadable' },
    restore: async (node) => {
      await shell(node, 'mv /root/config.toml /etc/containerd/config.toml');
    },
  },
  {
    name: 'a node whose kubelet uses Docker',
    remediation: 'pause-image',
    generations: ['docker'],
    break: () => Promise.resolve(),
    check: { outcome: 'Unsupported', reason: 'RuntimeNotContainerd' },
  },
  {
    name: 'a machine without a container runtime',
    remediation: 'pause-image',
    generations: ['ubuntu-1.7'],
    node: {},
    break: async (node) => {
      await shell(node, 'systemctl stop kubelet containerd; rm /usr/bin/containerd /usr/bin/ctr');
    },
    check: { outcome: 'Unsupported', reason: 'PlatformUnsupported', evidence: { platform: 'no-runtime' } },
  },
];
