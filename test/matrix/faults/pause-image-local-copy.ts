import type { ExpectedResult, Fault } from '../fault.ts';
import { LOCAL_GENERATIONS, putImageBack, shell } from '../scenes.ts';

const missing: ExpectedResult = { outcome: 'Broken', reason: 'SandboxImageMissing' };
const NO_IMAGE = /401 Unauthorized|no basic auth credentials|connection refused/;

/** Imports an image of the same name and content whose manifest, and so its digest, is another one. */
const IMPORT_ANOTHER = `d=$(mktemp -d); tar -xf /etc/eks/pause.tar -C "$d"
python3 - "$d" <<'END'
import hashlib, json, sys
blobs, index = sys.argv[1] + '/blobs/sha256/', json.load(open(sys.argv[1] + '/index.json'))
entry = index['manifests'][0]
manifest = json.load(open(blobs + entry['digest'][7:]))
text = json.dumps({**manifest, 'annotations': {'from': 'a pod'}}).encode()
entry['digest'], entry['size'] = 'sha256:' + hashlib.sha256(text).hexdigest(), len(text)
open(blobs + entry['digest'][7:], 'wb').write(text)
json.dump(index, open(sys.argv[1] + '/index.json', 'w'))
END
tar -cf "$d.tar" -C "$d" .; ctr -n k8s.io images import "$d.tar"; rm -r "$d" "$d.tar"`;

/** The image is missing, and so is its copy on the node, or the copy is bad. */
export const faults: readonly Fault[] = [
  {
    name: 'image replaced by another one of the same name',
    remediation: 'pause-image',
    generations: LOCAL_GENERATIONS,
    break: async (node) => {
      await shell(node, IMPORT_ANOTHER);
    },
    check: {
      outcome: 'Broken',
      reason: 'SandboxImageReplaced',
      method: 'import',
      evidence: { localCopy: '/etc/eks/pause.tar', foreignDigest: /^sha256:/ },
    },
    repair: { outcome: 'Repaired', reason: 'SandboxImageReplaced', method: 'import' },
    sandbox: { startsAfter: true },
    restore: putImageBack,
  },
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
