import type { Fault } from './fault.ts';
import { phrase, phrases, type Segment, says } from './text.ts';

const NO_SPACE = phrase('no space left on device');
// The kernel says "no space" of other things too: inotify watches, cgroups, shared memory.
const OTHER_SPACE = phrases('/sys/fs/cgroup', 'cgroup', 'inotify', 'fsnotify', 'epoll', '/dev/shm', 'shm open');
// Folders of the runtime and of kubelet; an application's own volume is not the node's disk.
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
  // As events: their names alone stand in programs that list them.
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
// What kubelet says at each start, before cAdvisor has its first figures.
const STARTING_UP = phrases(
  'Stats initialization may not have completed',
  'invalid capacity 0',
  'unable to find data in memory cache',
);
const COLLECTION_FAILED = phrases('Image garbage collection failed once', 'errors in image deletion');
// kubelets of every age, whatever they put before it.
const WANTED_TO_FREE = /wantedtofree\d{1,20}(?:bytes)?,butfreed\d/;

/** What a segment says of the node's disk, and of the collection of images that follows when it is full. */
export const disk = (segment: Segment): Fault | null => {
  if (segment.lower.includes(NO_SPACE) && !says(segment, OTHER_SPACE) && !says(segment, APPLICATION_VOLUMES)) {
    if (says(segment, SANDBOX)) return { reason: 'DiskFull' };
    if (says(segment, NODE_FOLDERS)) return { reason: 'DiskFull', hint: true };
  }
  if (says(segment, STARTING_UP)) return null;
  const isCollecting =
    says(segment, COLLECTING) ||
    says(segment, COLLECTION_FAILED) ||
    REMOVING_OLD.test(segment.lower) ||
    WANTED_TO_FREE.test(segment.lower) ||
    (says(segment, RECLAIMING) && says(segment, DISK_RESOURCES));
  return isCollecting ? { reason: 'ImageGCPressure', hint: true } : null;
};
