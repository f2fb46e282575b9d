/** Evidence that the parts `ecr-token` and `fetch` report, with its meaning. */
export const registryEvidence = {
  nodeRole: 'Name of the node role.',
  fetched: 'The image that could not be fetched.',
  untrusted: 'The path that is not controlled by root alone, and why.',
  unwritable: 'The folder in memory in which no file could be written.',
} as const;

/** Evidence that the parts `containerd` and `disk` report, with its meaning. */
export const runtimeEvidence = {
  endpoint: "kubelet's runtime endpoint.",
  criPlugin: "disabled, where containerd's CRI plugin is.",
  criState: "The runtime's answer to kubelet's calls: unimplemented, not-ready or foreign (no CRI listens there).",
  unitState: "State of the runtime's unit.",
  socket: 'The socket on which the runtime does not respond.',
  imageFilesystem: "The folder of the runtime's images.",
  diskUsedPercent: "Disk usage of the runtime's file system in percent.",
  diskOverThreshold: 'Whether that is so much that kubelet deletes images.',
  inodesUsedPercent: "Inode usage of the runtime's file system in percent, from 90 on.",
  imageGCAt: 'When kubelet last deleted images to free disk space.',
} as const;
