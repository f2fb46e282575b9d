import { phrase, phrases, says } from '../../../core/logs/classify/text.ts';
import { defineLogRule, type Fault, type Segment } from '../../../core/model/log-lines.ts';

const NO_SPACE = phrase('no space left on device');
// The kernel uses the same error for other resources: inotify watches, cgroups, shared memory.
const OTHER_SPACE = phrases('/sys/fs/cgroup', 'cgroup', 'inotify', 'fsnotify', 'epoll', '/dev/shm', 'shm open');
// Folders of the runtime and of kubelet. The volume of an application is not the disk of the node.
const NODE_FOLDERS = phrases(
  '/var/lib/containerd',
  '/var/lib/docker/',
  '/var/lib/kubelet/',
  'overlay-opaque',
  '/var/lib/cni',
  '/var/log/pods',
);
const APPLICATION_VOLUMES = phrases('kubernetes.io~csi', 'kubernetes.io~empty-dir', '/volumes/');
const SANDBOX = phrases('RunPodSandbox', 'create pod sandbox', 'CreatePodSandbox', 'create sandbox for pod');

const COLLECTING = phrases(
  'image filesystem is over the high threshold',
  'which is over the high threshold',
  'Image garbage collection failed multiple times in a row',
  'garbage collect required amount of images',
  'Attempting to delete unused images',
  'Removing image to free',
  // With the type of the event, because source code lists the reasons alone.
  'Warning FreeDiskSpaceFailed',
  'Warning ImageGCFailed',
  'NodeHasDiskPressure',
  'KubeletHasDiskPressure',
  'The node had condition: [DiskPressure]',
);
const REMOVING_OLD = /removingimage"sha256:[0-9a-f]{6,64}"tofree\d/;
const RECLAIMING = phrases(
  'attempting to reclaim',
  'must evict pod(s) to reclaim',
  'attempting to reduce',
  'low on resource',
  'eviction threshold met',
);
const DISK_RESOURCES = phrases('ephemeral-storage', 'imagefs', 'nodefs', 'inodes');
// kubelet logs these at each start, before cAdvisor has its first figures.
const STARTING_UP = phrases(
  'Stats initialization may not have completed',
  'invalid capacity 0',
  'unable to find data in memory cache',
);
const COLLECTION_FAILED = phrases('Image garbage collection failed once', 'errors in image deletion');
// kubelets of every version, with any prefix.
const WANTED_TO_FREE = /wantedtofree\d{1,20}(?:bytes)?,butfreed\d/;

type Reason = 'DiskFull' | 'ImageGCPressure';

const noSpace = (segment: Segment): Fault<Reason> | null => {
  if (!segment.lower.includes(NO_SPACE) || says(segment, OTHER_SPACE) || says(segment, APPLICATION_VOLUMES)) {
    return null;
  }
  if (says(segment, SANDBOX)) return { reason: 'DiskFull' };
  return says(segment, NODE_FOLDERS) ? { reason: 'DiskFull', hint: true } : null;
};

const isCollecting = (segment: Segment): boolean =>
  says(segment, COLLECTING) ||
  says(segment, COLLECTION_FAILED) ||
  REMOVING_OLD.test(segment.lower) ||
  WANTED_TO_FREE.test(segment.lower) ||
  (says(segment, RECLAIMING) && says(segment, DISK_RESOURCES));

const imageGc = (segment: Segment): Fault<Reason> | null =>
  !says(segment, STARTING_UP) && isCollecting(segment) ? { reason: 'ImageGCPressure', hint: true } : null;

/** The disk of the node, and the image garbage collection that follows when it is full. */
export const disk = defineLogRule<Reason>({
  name: 'disk',
  order: 50,
  notFrom: ['ipamd'],
  reasons: { DiskFull: 30, ImageGCPressure: 80 },
  read: (segment) => noSpace(segment) ?? imageGc(segment),
});
