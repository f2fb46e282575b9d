import type { Guide } from '../../../core/model/remediation.ts';

/** For a reason for which neither the check nor the repair changes a node. */
export const UNCHANGED = 'Nothing: no document changes the node for this reason.';
/** For a reason with which a repair gives up before an image has its name. */
export const NO_IMAGE = 'Nothing: the repair gave no image a name. What it fetched before that is not used.';
const AS_REPAIRED =
  'Run the repair again: it completes what the other one began, or puts it back. What a repair changes is undone as described below for its remediation (`evidence.changed` is false where it changed nothing).';

/** Where the faults of the shared part are, and how to undo what was done about them. */
export const commonGuide = {
  LockBusy: { where: 'The lock `/run/fleetmend/lock`, which the other document holds.', undo: UNCHANGED },
  CheckTimedOut: {
    where: 'A command of the check that hangs, such as `ctr`, `systemctl` or `docker`.',
    undo: UNCHANGED,
  },
  ScriptStopped: {
    where: 'The process of the document on the node; the signal is `evidence.signal`.',
    undo: AS_REPAIRED,
  },
  ScriptFailed: {
    where: 'The line `evidence.line` of the document; its error output is that of the command in SSM.',
    undo: AS_REPAIRED,
  },
  PodsDoNotStart: {
    where:
      'The journals of the last 10 minutes, `journalctl -u containerd -u kubelet`, of which at most the newest 5,000 lines are read.',
    undo: UNCHANGED,
  },
  ToolMissing: {
    where: 'The program in `evidence.tool`, in one of the folders `/usr/local/sbin` to `/snap/bin`.',
    undo: UNCHANGED,
  },
  PlatformUnsupported: {
    where: 'The operating system of the instance: no `containerd` or `kubelet` that the SSM agent can reach.',
    undo: UNCHANGED,
  },
} as const satisfies Readonly<Record<string, Guide>>;

/** The same for the faults of containerd and of the disk. */
export const runtimeGuide = {
  DiskFull: {
    where: 'The file system of the images: `/var/lib/containerd` or `/var/lib/docker` (`evidence.imageFilesystem`).',
    undo: NO_IMAGE,
  },
  RuntimeDown: {
    where: 'The unit `containerd.service` and its socket, `/run/containerd/containerd.sock` by default.',
    undo: UNCHANGED,
  },
  CRINotServed: {
    where:
      "containerd's configuration, `/etc/containerd/config.toml` and what it imports, or the socket in kubelet's `--container-runtime-endpoint`.",
    undo: UNCHANGED,
  },
  ConfigUnreadable: {
    where: "containerd's configuration: `/etc/containerd/config.toml` and what it imports, or the file of `--config`.",
    undo: UNCHANGED,
  },
  RuntimeNotContainerd: {
    where:
      "kubelet's `--container-runtime-endpoint` or `containerRuntimeEndpoint`, or `disabled_plugins` in `/etc/containerd/config.toml`.",
    undo: UNCHANGED,
  },
} as const satisfies Readonly<Record<string, Guide>>;

/** The same for the faults of a registry. */
export const registryGuide = {
  NodeRoleLacksECR: {
    where: 'The IAM role of the node (`evidence.nodeRole`), for the action `ecr:GetAuthorizationToken`.',
    undo: NO_IMAGE,
  },
  TokenUnavailable: {
    where: 'The instance profile, the instance metadata at `169.254.169.254`, or the clock of the node.',
    undo: NO_IMAGE,
  },
  RegistryUnreachable: {
    where: 'The way from the node to the host in `evidence.failedHost`, or the service on that host.',
    undo: NO_IMAGE,
  },
  RegistryDenied: {
    where: 'The permission at the host in `evidence.failedHost`: of the repository, the node role or the VPC endpoint.',
    undo: NO_IMAGE,
  },
  RegistryImageNotFound: {
    where:
      'The name of the sandbox image: `sandbox_image` or `pinned_images.sandbox` of containerd, `--pod-infra-container-image` of cri-dockerd.',
    undo: NO_IMAGE,
  },
  RegistryCertificate: {
    where: 'The trust store of the node (`/etc/pki/ca-trust` or `/etc/ssl/certs`), a proxy, or the clock of the node.',
    undo: NO_IMAGE,
  },
} as const satisfies Readonly<Record<string, Guide>>;
