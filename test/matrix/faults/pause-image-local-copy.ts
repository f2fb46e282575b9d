import type { ExpectedResult, Fault } from '../fault.ts';
import { LOCAL_GENERATIONS, putImageBack, shell } from '../scenes.ts';

const missing: ExpectedResult = { outcome: 'Broken', reason: 'SandboxImageMissing' };
const NO_IMAGE = /401 Unauthorized|no basic auth credentials|connection refused/;

/** The image is missing, and so is its copy on the node, or the copy is bad. */
export const faults: readonly Fault[] = [
  {
    name: 'image removed, pause.tar writable by others',
    remediation: 'pause-image',
    generations: LOCAL_GENERATIONS,
    break: async (node) => {
      await node.breakNode('missing');
      await shell(node, 'chmod 666 /etc/eks/pause.tar');
    },
    check: missing,
    repair: {
      outcome: 'NotRepaired',
      reason: 'LocalCopyUntrusted',
      evidence: { untrusted: '/etc/eks/pause.tar (mode 666)' },
    },
    sandbox: { failsBefore: NO_IMAGE, startsAfter: false },
    restore: async (node) => {
      await shell(node, 'chmod 644 /etc/eks/pause.tar');
      await putImageBack(node);
    },
  },
  {
    name: 'image removed, pause.tar gone',
    remediation: 'pause-image',
    generations: LOCAL_GENERATIONS,
    break: async (node) => {
      await node.breakNode('missing');
      await shell(node, 'mv /etc/eks/pause.tar /etc/eks/pause.tar.kept');
    },
    check: missing,
    repair: { outcome: 'NotRepaired', reason: 'NoLocalCopy' },
    sandbox: { failsBefore: NO_IMAGE, startsAfter: false },
    restore: async (node) => {
      await shell(node, 'mv /etc/eks/pause.tar.kept /etc/eks/pause.tar');
      await putImageBack(node);
    },
  },
  {
    name: 'image removed, pause.tar cut short',
    remediation: 'pause-image',
    generations: LOCAL_GENERATIONS,
    break: async (node) => {
      await node.breakNode('missing');
      await shell(node, 'cp /etc/eks/pause.tar /etc/eks/pause.tar.kept; truncate --size 2000 /etc/eks/pause.tar');
    },
    check: missing,
    repair: {
      outcome: 'NotRepaired',
      reason: 'SandboxImageIncomplete',
      evidence: { failedStep: 'import' },
    },
    sandbox: { failsBefore: NO_IMAGE, startsAfter: false },
    restore: async (node) => {
      await shell(node, 'mv /etc/eks/pause.tar.kept /etc/eks/pause.tar');
      await putImageBack(node);
    },
  },
];
